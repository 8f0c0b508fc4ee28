"""The parts of a matched template: values, words as they were written, durations, moments."""

from typing import Any

from hassil.models import MatchEntity
from hassil.recognize import RecognizeResult

from inference.assist.language import language
from inference.assist.requests import Moment
from inference.assist.words import Reading

MAX_DURATION_S = 366 * 86_400  # any tool's own limit is lower, and it can say so
HALF_DAY, DAY = 12, 24  # hours
MINUTES = 60


class Match:
    """A template's result, with the words of its free parts as the person wrote them."""

    def __init__(self, result: RecognizeResult, reading: Reading) -> None:
        self.intent = result.intent.name
        self.entities: list[MatchEntity] = result.entities_list
        self.metadata: dict[str, str] = result.intent_metadata or {}
        self._reading = reading

    def value(self, slot: str, default: Any = None) -> Any:
        return next((entity.value for entity in self.entities if entity.name == slot), default)

    def text(self, *slots: str) -> str | None:
        """The words of the slots and what is between them."""
        spans = [
            entity.text_span
            for entity in self.entities
            if entity.name in slots and entity.text_span is not None
        ]
        if not spans:
            return None
        first, last = min(start for start, _ in spans), max(end for _, end in spans)
        return self._reading.original(first, last).strip()

    @property
    def numbers(self) -> list[int | float]:
        return [entity.value for entity in self.entities if entity.name == "number"]

    @property
    def code(self) -> str:
        return self._reading.code

    def label(self, slot: str = "label") -> str | None:
        """What something is called, without its article."""
        label = self.text(slot)
        if label is None:
            return None
        label = label.strip(" .,!?;:")
        articles = language(self.code).words.articles
        for article in articles:
            if label.lower().startswith(article):
                label = label[len(article) :]
                break
        return label.strip() or None

    def duration_s(self) -> float | None:
        """The duration that was said; 0 for one that cannot be, None for none."""
        total_s = last_unit_s = amount = 0.0
        found = False
        for entity in self.entities:
            if entity.name == "amount":
                amount = entity.value
            elif entity.name in ("time_unit", "hours"):
                found = True
                last_unit_s = entity.value
                total_s += amount * last_unit_s
            elif entity.name == "whole_duration":
                found = True
                last_unit_s = entity.value
                total_s += last_unit_s
            elif entity.name == "minutes_more":  # "une heure trente"
                total_s += entity.value * MINUTES
            elif entity.name == "fraction":
                total_s += entity.value * last_unit_s
        if not found:
            return None
        if not 0 < total_s <= MAX_DURATION_S:
            return 0
        return int(total_s) if float(total_s).is_integer() else round(total_s, 3)

    def moment(self) -> Moment | None:
        """The time of day, or the day, that was said."""
        days = self.value("day")
        minutes = self._minutes_of_day()
        if minutes is None:
            return Moment(hour=9, days=days) if days is not None else None
        half = self.value("half_day")
        hour, minute = divmod(minutes, MINUTES)
        if not (0 <= hour <= DAY and 0 <= minute < MINUTES):
            return None
        if half == "pm" and hour < HALF_DAY:
            hour += HALF_DAY
        if half == "am" and hour == HALF_DAY:
            hour = 0
        exact = half is not None or self.value("fixed_time") is not None or not 1 <= hour <= 12
        return Moment(hour=hour % DAY, minute=minute, exact=exact, days=days or 0)

    def _minutes_of_day(self) -> int | None:
        fixed = self.value("fixed_time")
        if fixed is not None:
            return int(fixed) + self._minutes("minute")
        hour = self.value("hour")
        if not isinstance(hour, int) or not 0 <= hour <= DAY:
            return None
        minute = self.value("minute", 0)
        if not isinstance(minute, int) or not 0 <= minute < MINUTES:
            return None
        around = self.value("past", 0) + self._minutes("past_minutes") - self._minutes("to_minutes")
        return int(hour * MINUTES + minute + around)

    def _minutes(self, slot: str) -> int:
        value = self.value(slot, 0)
        return value if isinstance(value, int) and 0 <= value < MINUTES else 0
