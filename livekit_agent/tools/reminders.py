"""Reminders of something at a time, told in whatever call the user is then."""

from datetime import datetime, time, timedelta, tzinfo
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field

from livekit_agent.tools.contract import Result, Tool, ToolFailure, tool
from livekit_agent.tools.durations import DAY_S
from livekit_agent.tools.matching import best_matches
from livekit_agent.tools.schedule import Schedule

MAX_AHEAD_S = 2 * 366 * DAY_S
MORNING = time(9)  # when a day is named and no hour
Text = Annotated[str, Field(min_length=1, max_length=500)]
Seconds = Annotated[float, Field(gt=0, le=MAX_AHEAD_S)]


class ReminderSet(Result):
    """`due_at`: ISO time where the user is."""

    text: str
    due_at: str
    in_s: float


class Reminder(Result):
    text: str
    due_at: str


class ReminderList(Result):
    reminders: list[Reminder]


class RemindersCancelled(Result):
    cancelled: list[str]


def reminder_tools(schedule: Schedule, timezone: str | None) -> list[Tool]:
    """`timezone`: IANA name of times without one, None for this machine's zone."""
    zone = ZoneInfo(timezone) if timezone else None

    def shown(due_at_s: float) -> str:
        return datetime.fromtimestamp(due_at_s, zone).astimezone(zone).isoformat(timespec="minutes")

    @tool
    async def set_reminder(
        text: Text, when: str | None = None, duration_s: Seconds | None = None
    ) -> ReminderSet:
        """Remind the user of something at a time, by voice. Give `when` or `duration_s`.

        Args:
            text: what to be reminded of, such as "call mum".
            when: ISO time such as 2026-11-21T17:00; null when duration_s is given.
            duration_s: seconds from now; null when `when` is given.
        """
        now_s = schedule.now_s()
        due_at_s = now_s + duration_s if duration_s else moment(when, now_s, zone)
        await schedule.add("reminder", due_at_s, text=text)
        return ReminderSet(text=text, due_at=shown(due_at_s), in_s=round(due_at_s - now_s, 1))

    @tool
    async def list_reminders() -> ReminderList:
        """The reminders that are still to come, the next first."""
        pending = await schedule.pending("reminder")
        return ReminderList(
            reminders=[Reminder(text=due.text or "", due_at=shown(due.due_at_s)) for due in pending]
        )

    @tool
    async def cancel_reminder(text: str | None = None) -> RemindersCancelled:
        """Cancel reminders.

        Args:
            text: words of the one that is meant; null for all of them.
        """
        pending = await schedule.pending("reminder")
        chosen = pending
        if text is not None:
            texts = [due.text or "" for due in pending]
            chosen = [pending[place] for place in best_matches(text, texts)]
        await schedule.cancel(chosen)
        return RemindersCancelled(cancelled=[due.text or "" for due in chosen])

    return [set_reminder, list_reminders, cancel_reminder]


def moment(when: str | None, now_s: float, zone: tzinfo | None) -> float:
    """The Unix time that `when` means: an ISO time, day, or time of day. Raises ToolFailure.

    `zone`: of times without one; None for this machine's.
    """
    if when is None:
        raise ToolFailure("when_missing", "I need to know when to remind you")
    now = datetime.fromtimestamp(now_s, zone)
    try:
        then = _read(when.strip(), now)
        left_s = then.timestamp() - now_s
    except (ValueError, OverflowError, OSError) as exc:
        raise ToolFailure("bad_time", "I need a time such as 17:00 or 2026-11-21T17:00") from exc
    if left_s <= 0:
        raise ToolFailure("in_the_past", "that time is already over")
    if left_s > MAX_AHEAD_S:
        raise ToolFailure("too_far", "that is more than two years ahead")
    return now_s + left_s


def _read(when: str, now: datetime) -> datetime:
    if ":" in when and "-" not in when.partition(":")[0]:
        then = datetime.combine(now.date(), time.fromisoformat(when), now.tzinfo)
        return then if then > now else then + timedelta(days=1)
    then = datetime.fromisoformat(when)
    if len(when) <= len("2026-11-21"):
        then = datetime.combine(then.date(), MORNING)
    return then if then.tzinfo else then.replace(tzinfo=now.tzinfo)
