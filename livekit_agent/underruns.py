"""Notices when the sound of a reply runs dry before its end."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from livekit import rtc

NOTICED_S = 0.05  # shorter gaps are in the jitter of the way to the caller


class Underruns:
    """Watches one call. `ran_dry` is told the seconds of each gap."""

    def __init__(self, ran_dry: Callable[[float], None]) -> None:
        self._ran_dry = ran_dry
        self._ahead_s = 0.0  # sound there is before it may be heard
        self._dry_at_s: float | None = None  # on the loop's clock; None: nothing is being heard

    def state_changed(self, state: str) -> None:
        """The agent's state: sound is heard in "speaking" only."""
        if state == "speaking":
            self._dry_at_s = _now() + self._ahead_s
        elif self._dry_at_s is not None:
            # What is left may be heard after a pause.
            self._ahead_s = max(0.0, self._dry_at_s - _now())
            self._dry_at_s = None

    async def watched(
        self, frames: AsyncGenerator[rtc.AudioFrame]
    ) -> AsyncGenerator[rtc.AudioFrame]:
        """`frames`, as they come."""
        if self._dry_at_s is None:
            self._ahead_s = 0.0
        async with aclosing(frames):
            async for frame in frames:
                self._came(frame.duration)
                yield frame

    def _came(self, seconds: float) -> None:
        if self._dry_at_s is None:
            self._ahead_s += seconds
            return
        now = _now()
        if now > self._dry_at_s + NOTICED_S:
            self._ran_dry(now - self._dry_at_s)
        self._dry_at_s = max(now, self._dry_at_s) + seconds


def _now() -> float:
    return asyncio.get_running_loop().time()
