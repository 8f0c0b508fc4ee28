"""What templates mean that plan or change something: timers, reminders, lists, the home."""

from collections.abc import Callable

from inference.assist.requests import (
    AddToList,
    CancelReminder,
    CancelTimer,
    ClearList,
    Control,
    ListReminders,
    ListTimers,
    ReadList,
    Remind,
    RemoveFromList,
    Request,
    SetAlarm,
    SetTimer,
    Weather,
)
from inference.assist.slots import Match
from inference.assist.words import read

MAX_LEVEL = 1_000


def _set_timer(match: Match) -> Request | None:
    duration_s = match.duration_s()
    label = match.label()
    if duration_s == 0 or (duration_s is None and label and _has_number(label, match)):
        return None
    return SetTimer(duration_s=duration_s, label=label)


def _has_number(label: str, match: Match) -> bool:
    """ "zero minutes" is no name for a timer, but a duration that cannot be."""
    return bool(read(label, match.code).numbers)


def _cancel_timer(match: Match) -> Request | None:
    duration_s = match.duration_s()
    if duration_s == 0:
        return None
    unsure = bool(match.value("unsure"))
    return CancelTimer(label=match.label(), duration_s=duration_s, unsure=unsure)


def _remind(match: Match) -> Request | None:
    duration_s, moment = match.duration_s(), match.moment()
    if duration_s == 0 or (match.value("hour") is not None and moment is None):
        return None
    return Remind(text=match.label("task") or match.label(), duration_s=duration_s, moment=moment)


def _set_alarm(match: Match) -> Request | None:
    moment = match.moment()
    if moment is None and match.value("hour") is not None:
        return None
    return SetAlarm(moment=moment)


def _add_to_list(match: Match) -> Request:
    return AddToList(item=match.label("item"), list=match.value("list_name", "shopping"))


def _remove_from_list(match: Match) -> Request | None:
    item = match.label("item")
    return RemoveFromList(item=item, list=match.value("list_name", "shopping")) if item else None


def _weather(match: Match) -> Request:
    return Weather(place=match.label("city"), days=match.value("day", 0))


def _control(match: Match) -> Request | None:
    level = match.value("level")
    if level is not None and not 0 <= level <= MAX_LEVEL:
        return None
    return Control(
        action=match.value("action"),
        name=match.label("device") or match.label("song") or match.text("domain", "area"),
        domain=match.value("domain"),
        area=match.value("area"),
        level=level,
    )


PLANS: dict[str, Callable[[Match], Request | None]] = {
    "SetTimer": _set_timer,
    "ListTimers": lambda match: ListTimers(label=match.label()),
    "CancelTimer": _cancel_timer,
    "Remind": _remind,
    "ListReminders": lambda _: ListReminders(),
    "CancelReminder": lambda match: CancelReminder(text=match.label()),
    "SetAlarm": _set_alarm,
    "AddToList": _add_to_list,
    "RemoveFromList": _remove_from_list,
    "ReadList": lambda match: ReadList(list=match.value("list_name", "shopping")),
    "ClearList": lambda match: ClearList(list=match.value("list_name", "shopping")),
    "Weather": _weather,
    "Control": _control,
}
