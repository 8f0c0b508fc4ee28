"""Why nobody was reached, from what the SFU says of a call that went out."""

import json
from dataclasses import dataclass

from backend.rooms.watcher_sfu import NotThere, Refused, SfuFailed
from chassis.ended import EndedReason

BUSY = (486, 600)
NOT_ANSWERED = (408, 480, 487, 603)  # 603: declined
TWIRP_LATE = ("deadline_exceeded", "canceled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """`status`: what the telephone network answered, where it did."""

    reason: EndedReason
    status: int | None


NEVER_RANG = Failure(reason=EndedReason.DIAL_FAILED, status=None)


def failure_of(exc: SfuFailed) -> Failure:
    """Of a call that rang and was not answered."""
    told = _told(exc.text) if isinstance(exc, Refused | NotThere) else {}
    meta = told.get("meta")
    code = meta.get("sip_status_code") if isinstance(meta, dict) else None
    status = int(code) if isinstance(code, str) and code.isdecimal() else None
    late = told.get("code") in TWIRP_LATE or isinstance(exc.__cause__, TimeoutError)
    if status in BUSY:
        reason = EndedReason.CALLEE_BUSY
    elif status in NOT_ANSWERED or (status is None and late):
        reason = EndedReason.NOT_ANSWERED
    else:
        reason = EndedReason.DIAL_FAILED
    return Failure(reason=reason, status=status)


def _told(text: str) -> dict[str, object]:
    try:
        told = json.loads(text)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
