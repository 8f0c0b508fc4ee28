"""An answer to the assistant's own question, put where it belongs."""

from collections.abc import Sequence
from dataclasses import replace

from inference.assist.language import language
from inference.assist.recognise import recognise_one
from inference.assist.requests import (
    AddToList,
    CancelTimer,
    ConvertUnits,
    FollowUp,
    Moment,
    Remind,
    Request,
    SetAlarm,
    SetTimer,
    Weather,
)

MINUTE_S = 60
MAX_NAME_WORDS = 5
HOURS = range(1, 25)


def filled(
    pending: Request, text: str, code: str, heard: Sequence[Request], sure: bool
) -> Request | None:
    """`pending` made whole by `text`, which was understood as `heard`.

    None when it answers something else: a sure request of another kind wins.
    """
    part = heard[0] if len(heard) == 1 else None
    match pending:
        case SetTimer():
            duration_s = _duration_s(part)
            if duration_s is None:
                return None
            label = pending.label or (part.label if isinstance(part, SetTimer) else None)
            return replace(pending, duration_s=duration_s, label=label)
        case ConvertUnits():
            unit = part.text if isinstance(part, FollowUp) and part.kind == "unit" else None
            return replace(pending, to_unit=unit) if unit else None
        case CancelTimer():
            return _which(pending, part, text, sure)
        case Remind() if pending.text is not None:
            return _timed(pending, part)
        case SetAlarm():
            moment = _moment(part)
            if moment is not None:
                return replace(pending, moment=moment)
            delay_s = _duration_s(part) if _is_delay(part) else None
            return SetTimer(duration_s=delay_s) if delay_s else None
        case _ if sure and not all(isinstance(request, FollowUp) for request in heard):
            return None
        case _:
            return _said_in_full(pending, text, code)


def _duration_s(part: Request | None) -> float | None:
    if isinstance(part, SetTimer):
        return part.duration_s
    if isinstance(part, FollowUp) and part.number is not None and part.number > 0:
        if part.kind == "number":
            return part.number * MINUTE_S
        return part.number if part.kind in ("duration", "moment") else None
    return None


def _is_delay(part: Request | None) -> bool:
    return isinstance(part, FollowUp) and part.kind == "moment" and part.number is not None


def _moment(part: Request | None) -> Moment | None:
    if not isinstance(part, FollowUp):
        return None
    number = part.number
    if part.kind == "number" and number is not None and number in HOURS:
        return Moment(hour=int(number) % 24, exact=number > 12)
    return Moment(hour=9, days=part.days) if part.kind == "day" else part.moment


def _timed(pending: Remind, part: Request | None) -> Remind | None:
    moment = _moment(part)
    if moment is not None:
        return replace(pending, moment=moment)
    duration_s = None if isinstance(part, FollowUp) and part.kind == "number" else _duration_s(part)
    return replace(pending, duration_s=duration_s) if duration_s else None


def _which(pending: CancelTimer, part: Request | None, text: str, sure: bool) -> CancelTimer | None:
    duration_s = _duration_s(part)
    if duration_s:
        return replace(pending, duration_s=duration_s, unsure=False)
    if isinstance(part, FollowUp) and part.kind == "other" and part.text:
        return replace(pending, label=part.text, unsure=False)
    if sure or len(text.split()) > MAX_NAME_WORDS:
        return None
    return replace(pending, label=text.strip(" .,!?"), unsure=False)


def _said_in_full(pending: Request, text: str, code: str) -> Request | None:
    """Words of one's own are read as the end of the sentence that they answer."""
    question = pending.question() or "ask_place"
    said = text.strip(" .,!?")
    read = (
        recognise_one(lead.format(text=said), code)
        for lead in language(code).phrases[f"full_{question}"]
    )
    whole = next((each for each in read if type(each) is type(pending)), None)
    match pending, whole:
        case AddToList(), AddToList():
            return replace(whole, list=pending.list)
        case Weather(), Weather():
            return replace(whole, days=pending.days)
        case _:
            return whole
