"""What a matched template means: its slots as one typed request."""

from collections.abc import Callable
from typing import Any, get_args

from hassil.models import MatchEntity
from hassil.recognize import RecognizeResult

from inference.assist.arithmetic import operand
from inference.assist.requests import (
    Calculate,
    CancelTimer,
    ConvertUnits,
    FlipCoin,
    GetDate,
    GetTime,
    Goodbye,
    ListTimers,
    Recall,
    Remember,
    Request,
    RollDice,
    SetTimer,
    Talk,
    Topic,
)
from inference.assist.words import Reading

MAX_DICE = 100
MAX_SIDES = 1000
MAX_TIMER_S = 366 * 86_400  # any tool's own limit is lower, and it can say so
ARTICLES = ("the ", "a ", "an ", "my ", "our ", "your ")


class Match:
    """A template's result, with the words of its free parts as the person wrote them."""

    def __init__(self, result: RecognizeResult, reading: Reading) -> None:
        self.intent = result.intent.name
        self.entities: list[MatchEntity] = result.entities_list
        self.metadata: dict[str, str] = result.intent_metadata or {}
        self._reading = reading

    def value(self, slot: str, default: Any = None) -> Any:
        return next((entity.value for entity in self.entities if entity.name == slot), default)

    def text(self, slot: str) -> str | None:
        for entity in self.entities:
            if entity.name == slot and entity.text_span is not None:
                return self._reading.original(*entity.text_span).strip()
        return None

    @property
    def numbers(self) -> list[int | float]:
        return [entity.value for entity in self.entities if entity.name == "number"]


def meaning(result: RecognizeResult, reading: Reading) -> Request | None:
    """None when the words fit a template but make no sense together."""
    match = Match(result, reading)
    if match.intent in get_args(Topic):
        return Talk(topic=match.intent)  # type: ignore[arg-type]  # narrowed by the line above
    return MEANINGS[match.intent](match)


def _get_time(match: Match) -> Request:
    return GetTime(timezone=match.value("place"), place=match.text("place"))


def _get_date(match: Match) -> Request:
    return GetDate(
        timezone=match.value("place"),
        place=match.text("place"),
        aspect=match.value("aspect"),
        days=match.value("days", 0),
    )


def _calculate(match: Match) -> Request:
    numbers = match.numbers
    if template := match.metadata.get("expression"):
        said = match.metadata.get("said")
        spoken = [operand(f"{number}") for number in numbers]
        return Calculate(
            expression=template.format(*map(_in_expression, numbers)),
            said=said.format(*spoken) if said else None,
        )
    parts = [
        _in_expression(entity.value) if entity.name == "number" else str(entity.value)
        for entity in match.entities
        if entity.name in ("number", "op")
    ]
    return Calculate(expression=" ".join(parts))


def _in_expression(number: int | float) -> str:
    plain = f"{number:f}".rstrip("0").rstrip(".") if isinstance(number, float) else f"{number}"
    return f"({plain})" if number < 0 else plain


def _convert_units(match: Match) -> Request | None:
    value = match.value("number", match.value("one"))
    if value is None:
        return None
    return ConvertUnits(value=value, from_unit=match.value("from"), to_unit=match.value("to"))


def _set_timer(match: Match) -> Request | None:
    duration_s = last_unit_s = amount = 0.0
    for entity in match.entities:
        if entity.name == "amount":
            amount = entity.value
        elif entity.name == "time_unit":
            last_unit_s = entity.value
            duration_s += amount * last_unit_s
        elif entity.name == "whole_duration":
            last_unit_s = entity.value
            duration_s += last_unit_s
        elif entity.name == "fraction":
            duration_s += entity.value * last_unit_s
    if not 0 < duration_s <= MAX_TIMER_S:
        return None
    whole = int(duration_s) if float(duration_s).is_integer() else round(duration_s, 3)
    return SetTimer(duration_s=whole, label=_label(match))


def _label(match: Match) -> str | None:
    label = match.text("label")
    if label is None:
        return None
    for article in ARTICLES:
        label = label.removeprefix(article)
    return label.strip(" .,!?") or None


def _roll_dice(match: Match) -> Request | None:
    count = match.value("count", 2 if match.value("pair") else 1)
    sides = match.value("sides", 6)
    sensible = isinstance(count, int) and isinstance(sides, int)
    if not sensible or not (1 <= count <= MAX_DICE and 2 <= sides <= MAX_SIDES):
        return None
    return RollDice(count=count, sides=sides)


def _remember(match: Match) -> Request | None:
    note = (match.text("note") or match.text("name") or "").strip(" ,;:")
    prefix = match.metadata.get("prefix")
    text = f"{prefix} {note}" if prefix else note
    return Remember(text=text) if note else None


def _recall(match: Match) -> Request:
    query = match.text("query")
    return Recall(query=query.strip(" .,!?") if query else None)


MEANINGS: dict[str, Callable[[Match], Request | None]] = {
    "GetTime": _get_time,
    "GetDate": _get_date,
    "Calculate": _calculate,
    "ConvertUnits": _convert_units,
    "SetTimer": _set_timer,
    "ListTimers": lambda match: ListTimers(label=_label(match)),
    "CancelTimer": lambda match: CancelTimer(label=_label(match)),
    "FlipCoin": lambda _: FlipCoin(),
    "RollDice": _roll_dice,
    "Remember": _remember,
    "Recall": _recall,
    "Goodbye": lambda _: Goodbye(),
}
