"""A transducer that writes the sum of all it heard, and refuses what none may be asked."""

import threading
import time
from collections.abc import Sequence

from inference.stt.engine import EngineFailed
from inference.stt.nemotron_runtime import Handle, Piece, Told, Work

CHUNK = 640


class CountingRuntime:
    """Each step tells the sum of the stream's samples so far. `gate` closed, steps wait at it."""

    chunk_s = CHUNK / 16_000

    def __init__(self, *, max_streams: int = 16, step_s: float = 0.0) -> None:
        self.max_streams = max_streams
        self.gate = threading.Event()
        self.gate.set()
        self.at_gate = threading.Event()
        self.sums: dict[Handle, int] = {}
        self.batches: list[list[Handle]] = []
        self.bad: set[Handle] = set()
        self.error: Exception | None = None  # for the next step, whoever is in it
        self.closed = False
        self._step_s = step_s
        self._opened = 0
        self._thread: int | None = None

    def load(self) -> None:
        self._thread = threading.get_ident()

    def close(self) -> None:
        self.closed = True
        self.sums.clear()

    def open(self, language: str | None) -> Handle:
        self._check_thread()
        assert len(self.sums) < self.max_streams
        self._opened += 1
        handle = Handle(self._opened)
        self.sums[handle] = 0
        return handle

    def step(self, work: Sequence[Work]) -> list[Told]:
        self._check_thread()
        handles = [item.handle for item in work]
        assert len(set(handles)) == len(handles) > 0
        self.batches.append(handles)
        self.at_gate.set()
        assert self.gate.wait(10)
        time.sleep(self._step_s)
        if self.error:
            error, self.error = self.error, None
            raise error
        if self.bad & set(handles):
            raise EngineFailed("a bad stream")
        return [self._told(item) for item in work]

    def drop(self, handle: Handle) -> None:
        self._check_thread()
        self.sums.pop(handle, None)

    def _told(self, item: Work) -> Told:
        assert len(item.samples) == CHUNK or item.last
        self.sums[item.handle] += round(float(item.samples.sum()))
        heard = self.sums[item.handle]
        return Told(pieces=(Piece(text=f"▁{heard}", token=heard, at_s=0.0, logprob=-0.5),))

    def _check_thread(self) -> None:
        assert threading.get_ident() == self._thread, "a runtime belongs to one thread"
