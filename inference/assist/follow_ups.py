"""Follow-ups: "and in London?", "make it ten", "cancel it", from what was wanted before."""

import json
from collections.abc import Sequence
from dataclasses import replace

from inference.assist.arithmetic import CannotCalculate, calculate
from inference.assist.language import language
from inference.assist.requests import (
    AddToList,
    Calculate,
    CancelTimer,
    ClearList,
    Control,
    ConvertUnits,
    Countdown,
    FlipCoin,
    FollowUp,
    GetDate,
    GetTime,
    ListTimers,
    Moment,
    PickNumber,
    ReadList,
    Remind,
    RemoveFromList,
    Request,
    RollDice,
    SetAlarm,
    SetTimer,
    Spell,
    Talk,
    Weather,
)
from inference.assist.spoken import written_number
from inference.assist.units import CannotConvert, convert
from inference.llm.engine import Message

HOUR_S, MINUTE_S = 3600, 60
WORDS_UP_TO = 100
Lists = AddToList | RemoveFromList | ReadList | ClearList
Meant = list[Request]


def alone(said: FollowUp) -> Meant:
    """What a follow-up means when there is nothing to go on from."""
    match said.kind:
        case "place" if said.timezone:
            return [GetTime(timezone=said.timezone, place=said.text)]
        case "day":
            return [GetDate(days=said.days)]
        case "duration":
            return [SetTimer(duration_s=said.number)]
        case "cancel":
            return [Talk(topic="Stop")]
        case "spell":
            return [Spell(word=None, slowly=said.slowly)]
        case "again":
            return [Talk(topic="Repeat")]
        case _:
            return []


def continued(
    before: Request, said: FollowUp, code: str, messages: Sequence[Message]
) -> Meant | None:
    """`before`, changed as `said`; None when it does not go on from that."""
    match said.kind:
        case "place":
            return _elsewhere(before, said, code)
        case "day":
            return _another_day(before, said)
        case "number" | "duration":
            return _another_number(before, said, code)
        case "moment":
            return _another_time(before, said)
        case "unit":
            return (
                [replace(before, to_unit=said.text)] if isinstance(before, ConvertUnits) else None
            )
        case "operator":
            return _calculated_on(before, said.text or "+", said.number, code)
        case "cancel":
            return _undone(before)
        case "other":
            return _the_other(before, said, messages)
        case "again":
            again = isinstance(before, FlipCoin | RollDice | PickNumber | SetTimer | Talk)
            return [before] if again else None
        case "spell":
            return [replace(before, slowly=said.slowly)] if isinstance(before, Spell) else None


def _elsewhere(before: Request, said: FollowUp, code: str) -> Meant | None:
    if isinstance(before, Weather):
        place = said.text or ""
        for preposition in language(code).words.at_place:
            place = place.removeprefix(preposition)
        return [replace(before, place=place)]
    if isinstance(before, GetTime | GetDate) and said.timezone:
        return [replace(before, timezone=said.timezone, place=said.text)]
    return None


def _another_day(before: Request, said: FollowUp) -> Meant | None:
    if isinstance(before, Weather | GetDate):
        return [replace(before, days=said.days)]
    if isinstance(before, Remind | SetAlarm):
        moment = before.moment or Moment(hour=9)
        return [replace(before, moment=replace(moment, days=said.days))]
    return None


def _another_number(before: Request, said: FollowUp, code: str) -> Meant | None:
    number = said.number or 0
    if isinstance(before, SetTimer):
        changed = number if said.kind == "duration" else number * _unit_s(before.duration_s)
        return _another_timer(before, changed)
    if said.kind == "duration":
        if not isinstance(before, Remind):
            return None
        return [replace(before, duration_s=number, moment=None)]
    match before:
        case ConvertUnits():
            return [replace(before, value=number)]
        case RollDice() if isinstance(number, int) and 1 <= number <= WORDS_UP_TO:
            return [replace(before, count=number)]
        case Countdown() if isinstance(number, int) and number > 0:
            return [replace(before, start=number)]
        case Control(level=float() | int()) if number >= 0:
            return [replace(before, level=number)]
        case Remind() | SetAlarm() if number in range(1, 25):
            return [replace(before, moment=Moment(hour=int(number) % 24, exact=number > 12))]
        case Calculate() if number < 0:  # "and minus five"
            return _calculated_on(before, "-", -number, code)
        case _:
            return None


def _another_timer(before: SetTimer, duration_s: float) -> Meant | None:
    """In place of the one before, which is known by its name or its length."""
    if duration_s <= 0:
        return None
    new = replace(before, duration_s=duration_s)
    if before.duration_s is None:
        return [new]
    return [CancelTimer(label=before.label, duration_s=before.duration_s), new]


def _unit_s(duration_s: float | None) -> int:
    if duration_s is None or duration_s % MINUTE_S:
        return MINUTE_S if duration_s is None else 1
    return HOUR_S if duration_s % HOUR_S == 0 else MINUTE_S


def _another_time(before: Request, said: FollowUp) -> Meant | None:
    if isinstance(before, Remind):
        return [replace(before, moment=said.moment, duration_s=said.number)]
    if isinstance(before, SetAlarm) and said.moment is not None:
        return [replace(before, moment=said.moment)]
    return None


def _calculated_on(
    before: Request, operator: str, number: int | float | None, code: str
) -> Meant | None:
    """With the result before as the first operand."""
    try:
        match before:
            case Calculate():
                value = calculate(before.expression)
            case ConvertUnits(to_unit=str() as to_unit):
                value = convert(before.value, before.from_unit, to_unit)
            case _:
                return None
    except (CannotCalculate, CannotConvert):
        return None
    if number is None:
        return None
    left = f"({value})" if value < 0 else f"{value}"
    right = f"({number})" if number < 0 else f"{number}"
    name = language(code).formats.operators[operator]
    numbers = [written_number(each, code, words_up_to=WORDS_UP_TO) for each in (value, number)]
    said = f"{numbers[0]} {name} {numbers[1]}"
    return [Calculate(expression=f"{left} {operator} {right}", said=said)]


def _undone(before: Request) -> Meant | None:
    match before:
        case SetTimer():
            return [CancelTimer(label=before.label, duration_s=before.duration_s)]
        case Remind():
            return [CancelTimer(label=before.text)]
        case SetAlarm():
            return [CancelTimer()]
        case AddToList(item=str() as item):
            return [RemoveFromList(item=item, list=before.list)]
        case Control(action="turn_on"):
            return [replace(before, action="turn_off")]
        case _:
            return None


def _the_other(before: Request, said: FollowUp, messages: Sequence[Message]) -> Meant | None:
    if isinstance(before, Lists):
        return [replace(before, list="todo" if before.list == "shopping" else "shopping")]
    if not isinstance(before, CancelTimer | ListTimers | SetTimer):
        return None
    if said.text:
        return [CancelTimer(label=said.text)]
    duration_s = None if isinstance(before, ListTimers) else before.duration_s
    others = [
        timer
        for timer in _timers_set(messages)
        if (timer.label != before.label if before.label else timer.duration_s != duration_s)
    ]
    if len(others) == 1:
        return [CancelTimer(label=others[0].label, duration_s=others[0].duration_s)]
    return [CancelTimer(unsure=True)]


def _timers_set(messages: Sequence[Message]) -> list[SetTimer]:
    """The timers that were set in this chat, as far as their calls can be read."""
    found = []
    for call in (call for message in messages for call in message.tool_calls):
        try:
            arguments = json.loads(call.arguments) if call.name == SetTimer.tool else {}
            duration_s, label = arguments["duration_s"], arguments.get("label")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            continue
        if isinstance(duration_s, int | float) and isinstance(label, str | None):
            found.append(SetTimer(duration_s=duration_s, label=label))
    return found
