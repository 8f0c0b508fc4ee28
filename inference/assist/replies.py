"""Results as sentences that sound good: short, true to the result, a little varied."""

import zlib
from collections.abc import Callable, Mapping
from datetime import date, time, timedelta
from typing import Any

from inference.assist.arithmetic import read_out
from inference.assist.requests import Calculate, GetDate, GetTime, ListTimers, Recall, Request
from inference.assist.spoken import written_number
from inference.assist.units import unit_name

Result = Mapping[str, Any]
NOON, EVENING, NIGHT = 12, 18, 22
MAX_NOTES_SAID = 5
DURATION_UNITS = ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))
NO_SUFFIX_DAYS = (11, 12, 13)
SUFFIXES = {1: "st", 2: "nd", 3: "rd"}
ABOUT_YOU = {
    "i": "you", "i'm": "you're", "i've": "you've", "i'd": "you'd", "i'll": "you'll", "am": "are",
    "my": "your", "mine": "yours", "me": "you", "myself": "yourself",
}  # fmt: skip
SPEAKING_OF_ME = ("you", "your", "yours", "you're")


class Pick:
    """Chooses among wordings: always the same for the same chat, not the same in every chat."""

    def __init__(self, seed: str) -> None:
        self._seed = zlib.crc32(seed.encode("utf-8", "replace"))

    def __call__(self, *wordings: str) -> str:
        return wordings[self._seed % len(wordings)]


def reply(tool: str, result: Result, request: Request | None, pick: Pick) -> str:
    """Raises KeyError, TypeError or ValueError when the result is not what the tool promises."""
    return REPLIES[tool](result, request, pick)


def duration(seconds: float) -> str:
    """5400 → "1 hour and 30 minutes"."""
    left = max(0.0, float(seconds))
    left = round(left) if left >= 1 else round(left, 1)
    parts = []
    for unit_s, name in DURATION_UNITS:
        count, left = (left, 0) if unit_s == 1 else (int(left // unit_s), left % unit_s)
        if count:
            parts.append(f"{count:g} {name}{'' if count == 1 else 's'}")
    return joined(parts) or "0 seconds"


def joined(parts: list[str]) -> str:
    if len(parts) <= 1:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def sentence(text: str) -> str:
    """With a capital and an end."""
    text = text.strip()
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def to_listener(note: str) -> str:
    """ "my keys are here" → "your keys are here": notes are told back to who made them."""
    words = note.split(" ")
    if any(word.lower() in SPEAKING_OF_ME for word in words):
        return note
    return " ".join(ABOUT_YOU.get(word.lower(), word) for word in words)


def _time(result: Result, request: Request | None, pick: Pick) -> str:
    at = time.fromisoformat(result["time"])
    place = request.place if isinstance(request, GetTime) else None
    if (at.hour, at.minute) in ((0, 0), (12, 0)):
        said = "midnight" if at.hour == 0 else "noon"
    else:
        hour = at.hour % 12 or 12
        clock = f"{hour}:{at.minute:02}" if at.minute else f"{hour} o'clock"
        said = f"{clock} {_part_of_day(at.hour)}"
    if place:
        return f"In {place.title() if place.islower() else place} it's {said}."
    return pick(f"It's {said}.", f"It is {said}.")


def _part_of_day(hour: int) -> str:
    if hour < NOON:
        return "in the morning" if hour >= 4 else "at night"
    if hour < EVENING:
        return "in the afternoon"
    return "in the evening" if hour < NIGHT else "at night"


def _date(result: Result, request: Request | None, pick: Pick) -> str:
    asked = request if isinstance(request, GetDate) else GetDate()
    today = date.fromisoformat(result["date"])
    day = today + timedelta(days=asked.days)
    if asked.aspect == "month":
        return f"It's {day:%B}."
    if asked.aspect == "year":
        return f"It's {day.year}."
    if asked.days:
        when = "Tomorrow is" if asked.days > 0 else "Yesterday was"
        return f"{when} {_day(day)}."
    where = f"In {asked.place.title()} today" if asked.place else "Today"
    if asked.aspect == "weekday":
        return pick(f"{where} is {day:%A}.", f"{where} is {_day(day)}.")
    return pick(f"{where} is {_day(day)}, {day.year}.", f"{where} is {_day(day)}.")


def _day(day: date) -> str:
    suffix = "th" if day.day in NO_SUFFIX_DAYS else SUFFIXES.get(day.day % 10, "th")
    return f"{day:%A}, {day:%B} {day.day}{suffix}"


def _calculate(result: Result, request: Request | None, pick: Pick) -> str:
    value = written_number(_number(result["value"]))
    expression = str(result["expression"])
    said = request.said if isinstance(request, Calculate) else None
    said = said or read_out(expression)
    if said == expression:  # brackets and such: long to hear, and the person has just written it
        return pick(f"That's {value}.", f"That makes {value}.")
    return sentence(f"{said} is {value}")


def _convert(result: Result, request: Request | None, pick: Pick) -> str:
    count, value = _number(result["value"]), _number(result["result"])
    source = f"{written_number(count)} {unit_name(str(result['from_unit']), count)}"
    target = f"{written_number(value)} {unit_name(str(result['to_unit']), value)}"
    verb = "is" if count == 1 or "degree" in source else "are"
    return sentence(f"{source} {verb} {target}")


def _set_timer(result: Result, request: Request | None, pick: Pick) -> str:
    lasts = duration(_number(result["duration_s"]))
    if not _named(result.get("label")):
        return pick(f"Your timer for {lasts} is set.", f"Okay, {lasts}, starting now.")
    name = _timer_name(result["label"])
    return pick(f"Your {name} for {lasts} is set.", f"Okay, {lasts} on your {name}.")


def _list_timers(result: Result, request: Request | None, pick: Pick) -> str:
    timers = list(result["timers"])
    wanted = request.label if isinstance(request, ListTimers) else None
    if wanted:
        asked_for = [t for t in timers if str(t.get("label") or "").lower() == wanted.lower()]
        if not asked_for and timers:
            return f"There is no {_timer_name(wanted)}. " + _list_timers(result, None, pick)
        timers = asked_for
    if not timers:
        return pick("You have no timers running.", "There are no timers running.")
    lefts = [
        f"{duration(_number(each['remaining_s']))} left on your {_name_in_list(each)}"
        for each in timers
    ]
    return sentence(joined(lefts))


def _name_in_list(timer: Result) -> str:
    if _named(timer.get("label")):
        return _timer_name(timer["label"])
    return f"{duration(_number(timer['duration_s']))} timer".replace("s timer", " timer")


def _timer_name(label: object) -> str:
    name = str(label).strip()
    return name if name.lower().endswith(("timer", "alarm")) else f"{name} timer"


def _named(label: object) -> bool:
    return bool(label) and str(label).strip().lower() != "timer"


def _cancel_timer(result: Result, request: Request | None, pick: Pick) -> str:
    cancelled = int(_number(result["cancelled"]))
    if cancelled == 0:
        return pick("There was no such timer to cancel.", "I found no timer to cancel.")
    if cancelled == 1:
        return pick("Your timer is cancelled.", "Okay, I cancelled the timer.")
    return f"All {cancelled} timers are cancelled."


def _flip_coin(result: Result, request: Request | None, pick: Pick) -> str:
    side = str(result["outcome"])
    return pick(f"It's {side}.", f"{side.capitalize()}.", f"It came up {side}.")


def _roll_dice(result: Result, request: Request | None, pick: Pick) -> str:
    rolls = [f"{int(roll)}" for roll in result["rolls"]]
    if len(rolls) == 1:
        return pick(f"It's a {rolls[0]}.", f"You rolled a {rolls[0]}.").replace("a 8", "an 8")
    return f"{joined(rolls)}, that's {written_number(int(result['total']))} in all."


def _remember(result: Result, request: Request | None, pick: Pick) -> str:
    note = to_listener(str(result["text"]).strip().rstrip("."))
    return pick(f"I'll remember: {note}.", f"Okay, noted: {note}.")


def _recall(result: Result, request: Request | None, pick: Pick) -> str:
    notes = [to_listener(str(note).strip().rstrip(".")) for note in result["notes"]]
    query = request.query if isinstance(request, Recall) else None
    if not notes:
        return f"I have no note about {to_listener(query)}." if query else "I have no notes yet."
    told = "; ".join(notes[:MAX_NOTES_SAID])
    more = len(notes) - MAX_NOTES_SAID
    return f"You told me: {told}." + (f" And {more} more." if more > 0 else "")


def _end_call(result: Result, request: Request | None, pick: Pick) -> str:
    if not result["ended"]:
        raise ValueError("the call goes on")
    return pick("Goodbye!", "Goodbye, talk to you soon.", "Bye, take care.")


def _number(value: object) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("a number was promised")
    return value


REPLIES: dict[str, Callable[[Result, Request | None, Pick], str]] = {
    "get_time": _time,
    "get_date": _date,
    "calculate": _calculate,
    "convert_units": _convert,
    "set_timer": _set_timer,
    "list_timers": _list_timers,
    "cancel_timer": _cancel_timer,
    "flip_coin": _flip_coin,
    "roll_dice": _roll_dice,
    "remember": _remember,
    "recall": _recall,
    "end_call": _end_call,
}
