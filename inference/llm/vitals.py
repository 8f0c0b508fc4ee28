"""What a running engine shows of itself, and when its silence means that it hangs. Pure."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from inference.llm.child import Used

STALLED_S = 4.0  # neither a sign of life nor work: a deadlock, or somebody stopped it
SILENT_S = 30.0  # no sign of life, whatever it computes: a batch of a prompt takes less
IDLE_SHARE = 0.02  # of a core: what threads take that only wait

Wedged = Literal["stalled", "silent"]


@dataclass(slots=True)
class Vitals:
    """Counts what an engine was asked, and remembers when it last answered something."""

    asked: int = 0  # requests that are not over
    life_at_s: float = field(default_factory=time.monotonic)
    left_at_s: float = float("-inf")  # when a request was last left before its end

    @contextmanager
    def request(self) -> Iterator[None]:
        """One request; one left by an exception is one left before its end."""
        if not self.asked:
            self.beat()  # silence begins with the question
        self.asked += 1
        try:
            yield
        except BaseException:  # cancelled or closed is how clients leave
            self.left_at_s = time.monotonic()
            raise
        finally:
            self.asked -= 1

    def beat(self) -> None:
        """A sign of life: a token, a piece of a prompt read."""
        self.life_at_s = time.monotonic()


class Silence:
    """How long an engine that was asked has shown nothing. Look at it every tick."""

    def __init__(self, tick_s: float) -> None:
        self._tick_s = tick_s
        self._looked_at_s: float | None = None
        self._life_at_s = float("-inf")
        self._silent_s = 0.0
        self._marked_s = 0.0  # of the silence, when `_mark` was taken
        self._mark: Used | None = None

    def look(self, now_s: float, vitals: Vitals, used: Used) -> Wedged | None:
        """Why it counts as wedged. Time when this process itself did not run does not count."""
        step_s = min(now_s - (self._looked_at_s or now_s), 2 * self._tick_s)
        self._looked_at_s = now_s
        if not vitals.asked or vitals.life_at_s > self._life_at_s:
            self._life_at_s = vitals.life_at_s
            self._silent_s = self._marked_s = 0.0
            self._mark = used
            return None
        self._silent_s += step_s
        if self._silent_s >= SILENT_S:
            return "silent"
        if self._silent_s - self._marked_s >= STALLED_S:
            if self._mark and not _has_worked(self._mark, used, STALLED_S):
                return "stalled"
            self._marked_s, self._mark = self._silent_s, used
        return None


def _has_worked(before: Used, after: Used, over_s: float) -> bool:
    reads = after.read_bytes > before.read_bytes  # a model comes from a slow disk
    return reads or after.cpu_s - before.cpu_s > IDLE_SHARE * over_s
