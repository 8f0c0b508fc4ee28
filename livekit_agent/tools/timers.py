"""Timers that speak up when due. They live as long as the call."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Self

from pydantic import Field

from livekit_agent.tools.contract import Result, Tool, ToolFailure, tool

MAX_TIMERS = 20
MAX_DURATION_S = 24 * 3600

Announce = Callable[[str], Awaitable[None]]


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


@dataclass(frozen=True, slots=True)
class _Timer:
    label: str | None
    duration_s: float
    due_at_s: float  # on time.monotonic


class Timers:
    """The timers of one call. Enter it for the length of the call; leaving cancels what runs."""

    def __init__(self, announce: Announce) -> None:
        self._announce = announce
        self._running: dict[asyncio.Task[None], _Timer] = {}
        self._ringing: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stop([*self._running, *self._ringing])

    def start(self, duration_s: float, label: str | None) -> None:
        """Raises ToolFailure when there are too many."""
        if len(self._running) >= MAX_TIMERS:
            raise ToolFailure("too_many_timers", f"there are already {MAX_TIMERS} timers")
        task = asyncio.create_task(self._ring(duration_s, label))
        self._running[task] = _Timer(label, duration_s, time.monotonic() + duration_s)
        task.add_done_callback(self._forget)

    def left(self) -> list[TimerLeft]:
        """Running timers, the next due first."""
        now = time.monotonic()
        return [
            TimerLeft(
                label=t.label, duration_s=t.duration_s, remaining_s=round(t.due_at_s - now, 1)
            )
            for t in sorted(self._running.values(), key=lambda t: t.due_at_s)
        ]

    async def cancel(self, label: str | None, duration_s: float | None) -> int:
        """Cancel the timers called `label` that were set for `duration_s`. Returns how many."""
        chosen = [
            task
            for task, t in self._running.items()
            if (label is None or _same(t.label, label))
            and (duration_s is None or t.duration_s == duration_s)
        ]
        await self._stop(chosen)
        return len(chosen)

    async def _stop(self, tasks: list[asyncio.Task[None]]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _ring(self, duration_s: float, label: str | None) -> None:
        await asyncio.sleep(duration_s)
        task = asyncio.current_task()
        if task is not None:  # due: no longer one of those that can be listed or cancelled
            del self._running[task]
            self._ringing.add(task)
        await self._announce(due_words(duration_s, label))

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._running.pop(task, None)
        self._ringing.discard(task)


def timer_tools(timers: Timers) -> list[Tool]:
    @tool
    async def set_timer(
        duration_s: Annotated[float, Field(gt=0, le=MAX_DURATION_S)], label: str | None = None
    ) -> TimerSet:
        """Set a timer that speaks up when it is due.

        Args:
            duration_s: seconds from now.
            label: what it is for, such as "tea"; null when the user named none.
        """
        timers.start(duration_s, label)
        return TimerSet(label=label, duration_s=duration_s)

    @tool
    async def list_timers() -> TimerList:
        """The running timers and the seconds each has left."""
        return TimerList(timers=timers.left())

    @tool
    async def cancel_timer(
        label: str | None = None, duration_s: float | None = None
    ) -> TimersCancelled:
        """Cancel timers.

        Args:
            label: which, by name; null for any.
            duration_s: which, by the seconds they were set for; null for any.
        """
        return TimersCancelled(cancelled=await timers.cancel(label, duration_s))

    return [set_timer, list_timers, cancel_timer]


def due_words(duration_s: float, label: str | None) -> str:
    """What is said when a timer is due."""
    if label:
        return f"Your {label} timer is done."
    return f"Your {spoken_duration(duration_s)} timer is done."


def spoken_duration(duration_s: float) -> str:
    """`90` → "1 minute 30 second", as said before "timer"."""
    minutes, seconds = divmod(round(duration_s), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [
        f"{n} {unit}"
        for n, unit in ((hours, "hour"), (minutes, "minute"), (seconds, "second"))
        if n
    ]
    return " ".join(parts) or "0 second"


def _same(label: str | None, wanted: str) -> bool:
    return (label or "").strip().lower() == wanted.strip().lower()
