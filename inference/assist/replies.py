"""Results as sentences that sound good: short, true to the result, a little varied."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from inference.assist.arithmetic import read_out
from inference.assist.requests import (
    Calculate,
    DaysUntil,
    GetDate,
    GetTime,
    ListTimers,
    Recall,
    Remind,
    Request,
)
from inference.assist.voice import Voice, sentence

Result = Mapping[str, Any]
MAX_NOTES_SAID = 5
MAX_ITEMS_SAID = 20


def reply(tool: str, result: Result, request: Request | None, voice: Voice) -> str:
    """Raises KeyError, TypeError or ValueError when the result is not what the tool promises."""
    return REPLIES[tool](result, request, voice)


def _time(result: Result, request: Request | None, voice: Voice) -> str:
    clock = voice.language.formats.clock(time.fromisoformat(result["time"]))
    place = request.place if isinstance(request, GetTime) else None
    if place:
        return sentence(voice.say("time_in", place=_titled(place), clock=clock))
    return voice.say("time", clock=clock)


def _titled(place: str) -> str:
    return place.title() if place.islower() else place


def _date(result: Result, request: Request | None, voice: Voice) -> str:
    today = date.fromisoformat(result["date"])
    formats = voice.language.formats
    if isinstance(request, DaysUntil):
        return _days_until(today, request, voice)
    asked = request if isinstance(request, GetDate) else GetDate()
    day = today + timedelta(days=asked.days)
    if asked.aspect == "month":
        return voice.say("month", month=formats.month(day))
    if asked.aspect == "year":
        return voice.say("year", year=day.year)
    fields = {"weekday": formats.weekday(day), "day": formats.day(day), "year": day.year}
    if asked.days:
        key = f"day_{asked.days}"
        if voice.has(key):
            return voice.say(key, **fields)
        return voice.say("day_later" if asked.days > 0 else "day_ago", n=abs(asked.days), **fields)
    key = "weekday" if asked.aspect == "weekday" else "date"
    if asked.place:
        return sentence(voice.say(f"{key}_in", place=_titled(asked.place), **fields))
    return voice.say(key, **fields)


def _days_until(today: date, asked: DaysUntil, voice: Voice) -> str:
    then = today.replace(month=asked.month, day=asked.day)
    if then < today:
        then = then.replace(year=today.year + 1)
    days = (then - today).days
    if days < 2:
        return sentence(voice.say("holiday_today" if days == 0 else "holiday_tomorrow",
                                  name=asked.name))  # fmt: skip
    return sentence(voice.say("holiday", name=asked.name, n=days))


def _calculate(result: Result, request: Request | None, voice: Voice) -> str:
    value = voice.number(_number(result["value"]))
    expression = str(result["expression"])
    said = request.said if isinstance(request, Calculate) else None
    said = said or read_out(expression, voice.code)
    if said == expression:  # brackets and such: long to hear, and the person has just written it
        return voice.say("value", value=value)
    return sentence(voice.say("calculated", said=said, value=value))


def _convert(result: Result, request: Request | None, voice: Voice) -> str:
    count, value = _number(result["value"]), _number(result["result"])
    source = f"{voice.number(count)} {voice.unit(str(result['from_unit']), count)}"
    target = f"{voice.number(value)} {voice.unit(str(result['to_unit']), value)}"
    many = voice.language.formats.is_plural(count) and "deg" not in source
    return sentence(voice.say("converted_many" if many else "converted_one", source=source,
                              target=target))  # fmt: skip


def _set_timer(result: Result, request: Request | None, voice: Voice) -> str:
    lasts = voice.duration(_number(result["duration_s"]))
    if isinstance(request, Remind) and request.text:
        return sentence(voice.say("will_remind_in", text=_for_listener(request.text, voice),
                                  lasts=lasts))  # fmt: skip
    if not _named(result.get("label"), voice):
        return voice.say("timer_set", lasts=lasts)
    return voice.say("named_timer_set", name=_timer_name(result["label"], voice), lasts=lasts)


def _list_timers(result: Result, request: Request | None, voice: Voice) -> str:
    timers = list(result["timers"])
    wanted = request.label if isinstance(request, ListTimers) else None
    if wanted:
        asked_for = [t for t in timers if str(t.get("label") or "").lower() == wanted.lower()]
        if not asked_for and timers:
            none = voice.say("no_such_named_timer", name=_timer_name(wanted, voice))
            return f"{none} {_list_timers(result, None, voice)}"
        timers = asked_for
    if not timers:
        return voice.say("no_timers")
    lefts = [
        voice.say("time_left", lasts=voice.duration(_number(each["remaining_s"])),
                  name=_name_in_list(each, voice))
        for each in timers
    ]  # fmt: skip
    return sentence(voice.joined(lefts))


def _name_in_list(timer: Result, voice: Voice) -> str:
    if _named(timer.get("label"), voice):
        return _timer_name(timer["label"], voice)
    return voice.say("timer_of", lasts=voice.duration(_number(timer["duration_s"]), as_name=True))


def _timer_name(label: object, voice: Voice) -> str:
    name = str(label).strip()
    is_timer = any(word in name.lower().split() for word in voice.language.phrases["timer_words"])
    return name if is_timer else voice.say("named_timer", label=name)


def _named(label: object, voice: Voice) -> bool:
    return bool(label) and str(label).strip().lower() not in voice.language.phrases["timer_words"]


def _cancel_timer(result: Result, request: Request | None, voice: Voice) -> str:
    cancelled = int(_number(result["cancelled"]))
    if cancelled == 0:
        return voice.say("no_timer_to_cancel")
    return voice.say("timer_cancelled" if cancelled == 1 else "timers_cancelled", n=cancelled)


def _flip_coin(result: Result, request: Request | None, voice: Voice) -> str:
    side = str(result["outcome"])
    known = voice.language.phrases.get(side) if side in ("heads", "tails") else None
    said = known[0] if known else side
    return voice.say("coin", side=said, capital=said.capitalize())


def _roll_dice(result: Result, request: Request | None, voice: Voice) -> str:
    rolls = [f"{int(roll)}" for roll in result["rolls"]]
    if len(rolls) == 1:
        key = "rolled_eight" if rolls[0].startswith("8") and voice.has("rolled_eight") else "rolled"
        return voice.say(key, roll=rolls[0])
    total = voice.number(int(result["total"]))
    return voice.say("rolled_many", rolls=voice.joined(rolls), total=total)


def _remember(result: Result, request: Request | None, voice: Voice) -> str:
    return voice.say("noted", note=_for_listener(str(result["text"]), voice))


def _recall(result: Result, request: Request | None, voice: Voice) -> str:
    notes = [_for_listener(str(note), voice) for note in result["notes"]]
    query = request.query if isinstance(request, Recall) else None
    if not notes:
        if query:
            return voice.say("no_note_about", query=_for_listener(query, voice))
        return voice.say("no_notes")
    told = voice.say("notes", notes="; ".join(notes[:MAX_NOTES_SAID]))
    more = len(notes) - MAX_NOTES_SAID
    return f"{told} {voice.say('more_notes', n=more)}" if more > 0 else told


def _forget(result: Result, request: Request | None, voice: Voice) -> str:
    notes = [_for_listener(str(note), voice) for note in result["forgotten"]]
    return voice.say("forgotten", notes="; ".join(notes[:MAX_NOTES_SAID]))


def _list_reminders(result: Result, request: Request | None, voice: Voice) -> str:
    said = [_reminder(each, voice) for each in result["reminders"]]
    return voice.say("reminders", reminders="; ".join(said)) if said else voice.say("no_reminders")


def _reminder(reminder: Result, voice: Voice) -> str:
    due = datetime.fromisoformat(reminder["due_at"])
    formats = voice.language.formats
    text = _for_listener(str(reminder["text"]), voice)
    return voice.say(
        "reminder_at", text=text, weekday=formats.weekday(due), clock=formats.clock(due.time())
    )


def _cancel_reminder(result: Result, request: Request | None, voice: Voice) -> str:
    said = [_for_listener(str(text), voice) for text in result["cancelled"]]
    if not said:
        return voice.say("no_such_reminder")
    return voice.say("reminder_cancelled", reminders="; ".join(said))


def _for_listener(note: str, voice: Voice) -> str:
    return voice.language.formats.to_listener(note.strip().rstrip("."))


def _end_call(result: Result, request: Request | None, voice: Voice) -> str:
    if not result["ended"]:
        raise ValueError("the call goes on")
    return voice.say("farewell")


def _number(value: object) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("a number was promised")
    return value


REPLIES: dict[str, Callable[[Result, Request | None, Voice], str]] = {
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
    "forget": _forget,
    "list_reminders": _list_reminders,
    "cancel_reminder": _cancel_reminder,
    "end_call": _end_call,
}
