"""How busy a worker is, and why it would not take a call: pure rules, and its event loop's lag."""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from typing import Literal, Self

from livekit_agent.stages import StageName

# At 1 the SFU does not even ask, and hears of a change up to 2.5 s late: a call in between would
# find no agent. Asked, the worker says no for itself.
MAX_LOAD = 0.99
LAG_LIMIT_S = 1.0  # a call answered by a loop this late would begin in silence
TICK_S = 0.25
REMEMBERED_TICKS = 8  # 2 s: a stall is over when it has not come back for so long

Refusal = Literal["draining", "full", "no_stt", "no_llm", "no_tts", "lagging"]


def load_of(calls: int, max_calls: int, queue_share: float, lag_s: float) -> float:
    """0 to MAX_LOAD, for the SFU, which prefers the less loaded of several workers.

    Never the host's CPU: engines on the same machine use it for this worker's own calls.

    Args:
        queue_share: requests that wait in the busiest engine, as a share of `max_calls`.
        lag_s: how late the worker's event loop is.
    """
    return min(MAX_LOAD, max(calls / max_calls, queue_share, lag_s / LAG_LIMIT_S))


def refusal_of(
    *,
    calls: int,
    max_calls: int,
    is_draining: bool,
    silent_stages: Sequence[StageName],
    lag_s: float,
) -> Refusal | None:
    """Why the next call is not taken; None: it is.

    `silent_stages`: those of which neither the main engine nor the standby answers.
    """
    if is_draining:
        return "draining"
    if calls >= max_calls:
        return "full"
    if silent_stages:
        return _NO_ENGINE[silent_stages[0]]
    if lag_s > LAG_LIMIT_S:
        return "lagging"
    return None


_NO_ENGINE: dict[StageName, Refusal] = {"stt": "no_stt", "llm": "no_llm", "tts": "no_tts"}


class LoopLag:
    """How late the event loop it was entered in is. May be read from any thread."""

    def __init__(self) -> None:
        self._late: deque[float] = deque([0.0], maxlen=REMEMBERED_TICKS)
        self._due_at_s = float("inf")  # on time.monotonic
        self._task: asyncio.Task[None] | None = None

    @property
    def seconds(self) -> float:
        """The worst of the last two seconds, the present stall included."""
        return max(*self._late, time.monotonic() - self._due_at_s)

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._tick(), name="loop_lag")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _tick(self) -> None:
        while True:
            self._due_at_s = time.monotonic() + TICK_S
            await asyncio.sleep(TICK_S)
            self._late.append(max(0.0, time.monotonic() - self._due_at_s))
