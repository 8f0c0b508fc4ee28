"""Steps of many streams taken together: one thread, one runtime, live sound before files."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from inference.stt.batch_order import BatchOrder, Priority
from inference.stt.engine import EngineFailed
from inference.stt.nemotron_runtime import Handle, Runtime, Samples, Told, Work

LOAD_S = 600.0
STEP_S = 30.0  # for an answer, the queue included: far above what a working model needs
# Streams that are behind come with their next chunk an instant after they are answered. Without
# that instant they miss the next step: two halves take turns, and each step has half the streams.
GATHER_SHARE = 0.02  # of the step before, at most
OnStep = Callable[[int, float, float], None]  # streams, longest wait and the step itself, in s

log = logging.getLogger(__name__)


class StreamClosed(Exception):
    """The stream was closed, by another thread, while or before its text was asked for."""


@dataclass(slots=True, eq=False)
class _Job:
    samples: Samples
    last: bool
    answer: Future[Told] = field(default_factory=Future)
    asked_at_s: float = field(default_factory=time.monotonic)


class Seat:
    """A stream's place in the runtime. One thread feeds it; any thread may close it."""

    def __init__(self, batcher: "Batcher", priority: Priority, language: str | None) -> None:
        self.priority = priority
        self.language = language
        self.handle: Handle | None = None  # from its first step on; the batcher's thread's own
        self.job: _Job | None = None
        self.closed = False
        self.failure: EngineFailed | None = None
        self._batcher = batcher

    def submit(self, samples: Samples, *, last: bool = False) -> Future[Told]:
        """Queue a chunk, or with `last` what is left; the one before must have been answered."""
        job = _Job(samples, last)
        self._batcher.queue(self, job)
        return job.answer

    def step(self, samples: Samples, *, last: bool = False) -> Told:
        """`submit`, and wait for what comes of it. Raises EngineFailed, StreamClosed."""
        return told(self.submit(samples, last=last))

    def close(self) -> None:
        """Take back what is queued, wake who waits for it, free the place."""
        self._batcher.leave(self)


def told(answer: Future[Told]) -> Told:
    """Wait for an answer of the batcher. Raises EngineFailed, StreamClosed."""
    try:
        return answer.result(timeout=STEP_S)
    except TimeoutError as exc:
        raise EngineFailed(f"the model has not answered for {STEP_S:.0f} s") from exc


class Batcher:
    """Owns the runtime and the one thread that may use it. `with batcher`, once, loads the model.

    What waits when a step ends makes up the next: none waits for others to come. With one job a
    seat and one seat a stream the queue is bounded by `runtime.max_streams`.
    """

    def __init__(
        self, runtime: Runtime, *, max_batch: int, max_files: int, on_step: OnStep
    ) -> None:
        self._runtime = runtime
        self._max_batch = max_batch
        self._max_files = max_files  # seats that files may hold
        self._on_step = on_step
        self._changed = threading.Condition()  # guards all below, and the seats
        self._seated = {Priority.LIVE: 0, Priority.FILE: 0}
        self._live_waits = 0  # for a seat
        self._waiting: BatchOrder[Seat] = BatchOrder(max_batch)
        self._left: list[Seat] = []
        self._open = False
        self._gather_until_s = 0.0
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        loaded: Future[None] = Future()
        self._thread = threading.Thread(
            target=self._main, args=(loaded,), name="stt-batcher", daemon=True
        )
        self._thread.start()
        try:
            loaded.result(timeout=LOAD_S)
        except TimeoutError as exc:
            if loaded.cancel():  # once it is loaded it is let go of
                raise EngineFailed(f"it was not loaded after {LOAD_S:.0f} s") from exc
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end(EngineFailed("the model is being unloaded"))
        if self._thread:
            self._thread.join(STEP_S)
            if self._thread.is_alive():
                raise EngineFailed(f"the model's last step has not ended for {STEP_S:.0f} s")

    @property
    def seated(self) -> int:
        """Streams that hold a place."""
        with self._changed:
            return sum(self._seated.values())

    def open(self, priority: Priority, language: str | None, *, wait_s: float) -> Seat | None:
        """A place, or None where none became free in `wait_s`. Raises EngineFailed: unloaded."""
        live = priority is Priority.LIVE
        with self._changed:
            self._live_waits += live
            try:
                if not self._changed.wait_for(lambda: self._has_room(priority), wait_s):
                    return None
            finally:
                self._live_waits -= live
                self._changed.notify_all()  # files may have waited for it
            self._check_open()
            self._seated[priority] += 1
        return Seat(self, priority, language)

    def queue(self, seat: Seat, job: _Job) -> None:
        with self._changed:
            self._check_open()
            if seat.closed:
                raise StreamClosed
            if seat.failure:
                raise EngineFailed(str(seat.failure)) from seat.failure
            if seat.job:
                raise RuntimeError("a stream is fed one chunk at a time")
            seat.job = job
            self._waiting.add(seat.priority, seat)
            self._changed.notify_all()

    def leave(self, seat: Seat) -> None:
        with self._changed:
            if seat.closed:
                return
            seat.closed = True
            self._waiting.remove(seat)
            _answer(seat, StreamClosed())
            self._left.append(seat)
            self._changed.notify_all()

    def _has_room(self, priority: Priority) -> bool:
        live, files = self._seated[Priority.LIVE], self._seated[Priority.FILE]
        if not self._open:
            return True  # to be refused
        if live + files >= self._runtime.max_streams:
            return False
        return priority is Priority.LIVE or (files < self._max_files and not self._live_waits)

    def _check_open(self) -> None:
        if not self._open:
            raise EngineFailed("the model is not loaded")

    def _main(self, loaded: Future[None]) -> None:
        """The thread's whole life."""
        try:
            self._runtime.load()
        except BaseException as exc:
            self._runtime.close()
            if loaded.set_running_or_notify_cancel():
                loaded.set_exception(exc)
            return
        if not loaded.set_running_or_notify_cancel():  # nobody waits any more
            self._runtime.close()
            return
        self._open = True
        loaded.set_result(None)
        try:
            self._serve()
        finally:
            self._end(EngineFailed("the model's thread has ended"))
            self._runtime.close()

    def _serve(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(self._has_work)
                if not self._open:
                    return
                left, self._left = self._left, []
            for seat in left:
                self._drop(seat)
            with self._changed:
                self._gather()
                seats = self._waiting.take(beside_live=self._seated[Priority.LIVE] > 0)
                batch = [(seat, seat.job) for seat in seats if seat.job]
            if batch:
                self._run(batch)

    def _has_work(self) -> bool:
        return not self._open or bool(self._left) or len(self._waiting) > 0

    def _gather(self) -> None:
        left_s = self._gather_until_s - time.monotonic()
        if left_s > 0:
            self._changed.wait_for(lambda: not self._open or self._is_full(), left_s)

    def _is_full(self) -> bool:
        return len(self._waiting) >= min(self._max_batch, sum(self._seated.values()))

    def _run(self, batch: list[tuple[Seat, _Job]]) -> None:
        began_at_s = time.monotonic()
        answers = self._answers(batch)
        took_s = time.monotonic() - began_at_s
        if any(seat.priority is Priority.FILE for seat, _ in batch):
            self._waiting.learn(streams=len(batch), share=took_s / self._runtime.chunk_s)
        with self._changed:
            for (seat, _), answer in zip(batch, answers, strict=True):
                if isinstance(answer, EngineFailed):
                    seat.failure = answer
                _answer(seat, answer)
        waited_s = began_at_s - min(job.asked_at_s for _, job in batch)
        self._gather_until_s = time.monotonic() + GATHER_SHARE * took_s
        self._on_step(len(batch), waited_s, took_s)

    def _answers(self, batch: list[tuple[Seat, _Job]]) -> list[Told | EngineFailed]:
        """What the runtime says of each; or of each alone, where one fails them all."""
        try:
            said = self._runtime.step([self._work(seat, job) for seat, job in batch])
        except EngineFailed as exc:
            if len(batch) > 1:
                return [answer for one in batch for answer in self._answers([one])]
            return [exc]
        except Exception as exc:  # who waits is told; the others' streams go on
            log.exception("step_broke")
            return [_broken(f"{type(exc).__name__}: {exc}", exc)] * len(batch)
        if len(said) != len(batch):
            return [_broken(f"{len(said)} answers to {len(batch)} streams")] * len(batch)
        return list(said)

    def _work(self, seat: Seat, job: _Job) -> Work:
        if seat.handle is None:
            seat.handle = self._runtime.open(seat.language)
        return Work(handle=seat.handle, samples=job.samples, last=job.last)

    def _drop(self, seat: Seat) -> None:
        try:
            if seat.handle is not None:
                self._runtime.drop(seat.handle)
        except EngineFailed:
            log.exception("stream_not_dropped")
        with self._changed:
            self._seated[seat.priority] -= 1
            self._changed.notify_all()

    def _end(self, why: EngineFailed) -> None:
        with self._changed:
            self._open = False
            while self._waiting:
                for seat in self._waiting.take(beside_live=False):
                    _answer(seat, why)
            self._changed.notify_all()


def _answer(seat: Seat, answer: Told | Exception) -> None:
    """Tell who waits, if somebody still does."""
    job, seat.job = seat.job, None
    if job is None:
        return
    if isinstance(answer, Exception):
        job.answer.set_exception(answer)
    else:
        job.answer.set_result(answer)


def _broken(what: str, cause: Exception | None = None) -> EngineFailed:
    failure = EngineFailed(f"the model's step broke: {what}")
    failure.__cause__ = cause
    return failure
