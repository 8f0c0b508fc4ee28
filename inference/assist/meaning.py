"""What a matched template means: its slots as one typed request."""

from collections.abc import Callable
from typing import get_args

from hassil.recognize import RecognizeResult

from inference.assist.arithmetic import operand
from inference.assist.meaning_plans import PLANS
from inference.assist.requests import (
    Calculate,
    ConvertUnits,
    Countdown,
    DaysUntil,
    FlipCoin,
    FollowUp,
    Forget,
    GetDate,
    GetTime,
    Goodbye,
    PickNumber,
    Recall,
    Remember,
    Request,
    RollDice,
    Spell,
    Talk,
    Topic,
)
from inference.assist.slots import Match
from inference.assist.words import Reading

MAX_DICE = 100
MAX_SIDES = 1000
MAX_COUNT = 1_000_000


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
        spoken = [operand(f"{number}", match.code) for number in numbers]
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
    source = match.value("from")
    if value is None or source is None:
        return None
    return ConvertUnits(value=value, from_unit=source, to_unit=match.value("to"))


def _roll_dice(match: Match) -> Request | None:
    count = match.value("count", 2 if match.value("pair") else 1)
    sides = match.value("sides", 6)
    sensible = isinstance(count, int) and isinstance(sides, int)
    if not sensible or not (1 <= count <= MAX_DICE and 2 <= sides <= MAX_SIDES):
        return None
    return RollDice(count=count, sides=sides)


def _remember(match: Match) -> Request | None:
    said = match.text("note") or match.text("name")
    if said is None:
        return Remember(text=None)
    note = said.strip(" ,;:")
    prefix = match.metadata.get("prefix")
    text = f"{prefix} {note}" if prefix else note
    return Remember(text=text) if note else None


def _recall(match: Match) -> Request:
    query = match.text("query")
    return Recall(query=query.strip(" .,!?") if query else None)


def _forget(match: Match) -> Request | None:
    query = (match.text("query") or "").strip(" .,!?")
    return Forget(query=query) if query else None


def _days_until(match: Match) -> Request:
    month, _, day = str(match.value("holiday")).partition("-")
    name = match.text("holiday") or ""
    return DaysUntil(month=int(month), day=int(day), name=name)


def _pick_number(match: Match) -> Request | None:
    low, high = match.value("low", 1), match.value("high", 10)
    if not isinstance(low, int) or not isinstance(high, int):
        return None
    return PickNumber(low=min(low, high), high=max(low, high))


def _countdown(match: Match) -> Request | None:
    start = match.value("start")
    if not isinstance(start, int) or not 1 <= start <= MAX_COUNT:
        return None
    return Countdown(start=start, up=bool(match.value("up")))


def _spell(match: Match) -> Request | None:
    word = match.text("word")
    slowly = bool(match.value("slowly"))
    return Spell(word=word.strip(" .,!?\"'") if word else None, slowly=slowly)


def _follow_up(match: Match) -> Request | None:
    kind = match.value("kind")
    duration_s = match.duration_s()
    number = match.value("number", match.value("by"))
    if duration_s is not None:
        number = duration_s
    if kind == "duration" and not number:
        return None
    texts = {
        "place": match.text("place") or match.text("city"),
        "unit": match.value("to"),
        "operator": match.value("op"),
        "other": match.text("label"),
    }
    moment = match.moment() if kind == "moment" else None
    if kind == "moment" and moment is None and duration_s is None:
        return None
    return FollowUp(
        kind=kind,
        number=number,
        text=texts.get(kind),
        timezone=match.value("place"),
        days=match.value("day", match.value("days", 0)),
        moment=moment,
        slowly=bool(match.value("slowly")),
    )


MEANINGS: dict[str, Callable[[Match], Request | None]] = {
    "GetTime": _get_time,
    "GetDate": _get_date,
    "DaysUntil": _days_until,
    "Calculate": _calculate,
    "ConvertUnits": _convert_units,
    "FlipCoin": lambda _: FlipCoin(),
    "RollDice": _roll_dice,
    "PickNumber": _pick_number,
    "Countdown": _countdown,
    "Spell": _spell,
    "Remember": _remember,
    "Recall": _recall,
    "Forget": _forget,
    "Goodbye": lambda _: Goodbye(),
    "FollowUp": _follow_up,
    **PLANS,
}
