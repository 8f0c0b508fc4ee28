"""Timers that speak up when due."""

from typing import Annotated

from pydantic import Field

from livekit_agent.tools.contract import Result, Tool, ToolFailure, tool
from livekit_agent.tools.durations import DAY_S, duration_named
from livekit_agent.tools.matching import folded
from livekit_agent.tools.schedule import Due, Schedule

MAX_DURATION_S = 7 * DAY_S
SAME_LENGTH_S = 0.5
# "the tea timer" is called "tea".
AROUND_NAMES = "timer timers minuteur minuteurs alarm alarme the my le la les mon ma de"
NO_NAME = frozenset(AROUND_NAMES.split())

Label = Annotated[str, Field(max_length=100)]


class TimerSet(Result):
    label: str | None
    duration_s: float


class TimerLeft(Result):
    label: str | None
    duration_s: float
    remaining_s: float


class TimerList(Result):
    timers: list[TimerLeft]


class TimersCancelled(Result):
    cancelled: int


def timer_tools(schedule: Schedule) -> list[Tool]:
    @tool
    async def set_timer(
        duration_s: Annotated[float, Field(gt=0)], label: Label | None = None
    ) -> TimerSet:
        """Set a timer that speaks up when it is due.

        Args:
            duration_s: seconds from now.
            label: what it is for, such as "tea"; null when the user named none.
        """
        if duration_s > MAX_DURATION_S:
            raise ToolFailure("too_long", "a timer runs for a week at most")
        await schedule.add(
            "timer", schedule.now_s() + duration_s, text=label, duration_s=duration_s
        )
        return TimerSet(label=label, duration_s=duration_s)

    @tool
    async def list_timers() -> TimerList:
        """The running timers and the seconds each has left."""
        now = schedule.now_s()
        return TimerList(
            timers=[
                TimerLeft(
                    label=due.text,
                    duration_s=due.duration_s or 0,
                    remaining_s=round(max(0.0, due.due_at_s - now), 1),
                )
                for due in await schedule.pending("timer")
            ]
        )

    @tool
    async def cancel_timer(
        label: str | None = None, duration_s: float | None = None
    ) -> TimersCancelled:
        """Cancel timers.

        Args:
            label: which, by name or length, such as "tea" or "five minute"; null for any.
            duration_s: which, by the seconds they were set for; null for any.
        """
        timers = await schedule.pending("timer")
        chosen = [due for due in timers if _is_meant(due, label, duration_s)]
        return TimersCancelled(cancelled=await schedule.cancel(chosen))

    return [set_timer, list_timers, cancel_timer]


def _is_meant(due: Due, label: str | None, duration_s: float | None) -> bool:
    if duration_s is not None and not _lasts(due, duration_s):
        return False
    if label is None or not (wanted := _name(label)):
        return True
    if _name(due.text or "") == wanted:
        return True
    named_s = duration_named(label)
    return named_s is not None and _lasts(due, named_s)


def _lasts(due: Due, duration_s: float) -> bool:
    return due.duration_s is not None and abs(due.duration_s - duration_s) < SAME_LENGTH_S


def _name(label: str) -> str:
    return " ".join(word for word in folded(label).split() if word not in NO_NAME)
