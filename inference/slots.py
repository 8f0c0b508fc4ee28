"""Bounded model work: a few slots, a bounded and fair queue before them, safe to cancel."""

import asyncio
import os
import sys
import threading
import time
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from typing import NamedTuple, ParamSpec, TypeVar

from chassis.errors import RateLimited
from chassis.metrics import Metrics

RETRY_AFTER_S = 1.0
MAX_PASSED_OVER = 7  # turns of more urgent work before less urgent work gets one
MAX_THREADS = 256  # made when needed; how many work at once is for the slots to say
LIVE, NORMAL, BATCH = 0, 1, 2  # priorities: the lower, the sooner
P = ParamSpec("P")
T = TypeVar("T")


class _Place(NamedTuple):
    """Where work queues: behind that of the same client and urgency."""

    priority: int
    client: str


class SlotMeasures:
    """The numbers of a process's slots, by lane: work of one kind that queues together."""

    def __init__(self, metrics: Metrics) -> None:
        self.waiting = metrics.gauge("queue_depth", "work waiting for a slot", ["lane"])
        self.busy = metrics.gauge("slots_busy", "slots in use", ["lane"])
        self.slots = metrics.gauge("slots", "slots there are", ["lane"])
        self.wait = metrics.histogram("queue_wait_seconds", "time spent waiting", ["lane"])
        self.refused = metrics.counter(
            "queue_refusals_total", "work refused: queue full, or waited too long", ["lane"]
        )


class Slots:
    """`count` pieces of model work at once, `queue_limit` waiting; beyond that RateLimited (429).

    Clients take turns: one that asks for much waits behind its own work, not before that of others.
    A lower `priority` goes first, but not for ever: one turn in eight is for those who wait longer.
    A full queue refuses the least urgent: one that waits makes room for work more urgent than it.
    A slot is freed when its work ends, not when the caller gives up: a thread cannot be cancelled.
    `nice` lowers the threads' share of the cores against other lanes, on Linux.
    """

    def __init__(
        self,
        count: int,
        queue_limit: int,
        measures: SlotMeasures,
        *,
        lane: str = "all",
        nice: int = 0,
    ) -> None:
        self.count = count
        self.queue_limit = queue_limit
        self.busy = 0
        self._queues: OrderedDict[_Place, deque[asyncio.Future[None]]] = OrderedDict()
        self._passed_over: dict[int, int] = {}  # priority: turns given to more urgent work
        self._threads = ThreadPoolExecutor(
            MAX_THREADS,
            thread_name_prefix=f"slot-{lane}",
            initializer=partial(_be_nice, nice),
        )
        self._waiting_gauge = measures.waiting.labels(lane)
        self._busy_gauge = measures.busy.labels(lane)
        self._slots_gauge = measures.slots.labels(lane)
        self._wait = measures.wait.labels(lane)
        self._refused = measures.refused.labels(lane)
        self._slots_gauge.set(count)

    @property
    def waiting(self) -> int:
        return sum(len(queue) for queue in self._queues.values())

    @property
    def full(self) -> bool:
        return self.busy >= self.count and self.waiting >= self.queue_limit

    def resize(self, count: int) -> None:
        """Another engine takes another number; work in progress is not touched."""
        self.count = count
        self._slots_gauge.set(count)
        self._admit()

    @asynccontextmanager
    async def slot(
        self, *, client: str = "", within_s: float | None = None, priority: int = NORMAL
    ) -> AsyncIterator[None]:
        """Hold one slot for the block. Raises RateLimited: queue full, or not `within_s`."""
        await self._enter(_Place(priority, client), within_s)
        try:
            yield
        finally:
            self._leave()

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """`run_for` without a client or a deadline."""
        return await self.run_for("", None, work, *args, **kwargs)

    async def run_for(
        self,
        client: str,
        within_s: float | None,
        work: Callable[P, T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run `work` in a thread with a slot, which it must get `within_s`. Raises RateLimited."""
        await self._enter(_Place(NORMAL, client), within_s)
        try:
            future = self._threads.submit(work, *args, **kwargs)
        except RuntimeError:  # closed meanwhile
            self._leave()
            raise
        loop = asyncio.get_running_loop()
        future.add_done_callback(lambda done: _on_loop(loop, done, self._leave))
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _enter(self, place: _Place, within_s: float | None) -> None:
        asked_at_s = time.monotonic()
        if self.busy < self.count and not self._queues:
            self._take()
        else:
            await self._wait_in_turn(place, within_s)
        self._wait.observe(time.monotonic() - asked_at_s)

    async def _wait_in_turn(self, place: _Place, within_s: float | None) -> None:
        if self.full and not self._make_room(place.priority):
            raise self._refusal("the queue is full", "queue_full")
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queues.setdefault(place, deque()).append(turn)
        self._show()
        try:
            async with asyncio.timeout(within_s):
                await turn
        except BaseException as exc:
            if not turn.done() or turn.cancelled():
                self._forget(place, turn)
            elif turn.exception() is None:
                self._leave()  # the turn came in the same moment
            if isinstance(exc, TimeoutError):
                raise self._refusal(
                    "no slot became free in time, try again", "queue_timeout"
                ) from exc
            raise

    def _admit(self) -> None:
        """Let in whose turn it is: of the most urgent, the first of each client in turn."""
        while self.busy < self.count and self._queues:
            place = self._next_place()
            queue = self._queues.pop(place)
            turn = queue.popleft()
            if queue:
                self._queues[place] = queue  # behind the others
            if not turn.done():
                turn.set_result(None)
                self._take()
        self._show()

    def _next_place(self) -> _Place:
        waiting = sorted({place.priority for place in self._queues})
        overdue = [one for one in waiting if self._passed_over.get(one, 0) >= MAX_PASSED_OVER]
        chosen = overdue[0] if overdue else waiting[0]
        self._passed_over = {
            one: self._passed_over.get(one, 0) + 1 for one in waiting if one > chosen
        } | {one: self._passed_over.get(one, 0) for one in waiting if one < chosen}
        return next(place for place in self._queues if place.priority == chosen)

    def _make_room(self, priority: int) -> bool:
        """Whether less urgent work waited, and its newest was refused for this."""
        place = max(reversed(self._queues), key=lambda one: one.priority, default=None)
        if place is None or place.priority <= priority:
            return False
        turn = self._queues[place][-1]
        self._forget(place, turn)
        if not turn.done():
            turn.set_exception(self._refusal("more urgent work filled the queue", "queue_full"))
        return True

    def _forget(self, place: _Place, turn: asyncio.Future[None]) -> None:
        queue = self._queues.get(place)
        if queue and turn in queue:
            queue.remove(turn)
            if not queue:
                del self._queues[place]
        self._show()

    def _take(self) -> None:
        self.busy += 1
        self._busy_gauge.set(self.busy)

    def _leave(self) -> None:
        self.busy -= 1
        self._busy_gauge.set(self.busy)
        self._admit()

    def _show(self) -> None:
        self._waiting_gauge.set(self.waiting)

    def _refusal(self, message: str, code: str) -> RateLimited:
        self._refused.inc()
        return RateLimited(message, code=code, retry_after_s=RETRY_AFTER_S)


async def seen_through(work: asyncio.Future[T]) -> T:
    """What it comes to. Cancelled, however often, the caller goes only once the work is over: what
    a thread uses must not be let go of before."""
    cancelled: asyncio.CancelledError | None = None
    while not work.done():
        try:
            await asyncio.wait([work])
        except asyncio.CancelledError as exc:
            cancelled = exc
    if cancelled:
        raise cancelled from (None if work.cancelled() else work.exception())
    return work.result()


def _on_loop(loop: asyncio.AbstractEventLoop, _done: Future[T], then: Callable[[], None]) -> None:
    if not loop.is_closed():  # else the process ends, and nobody waits for a slot
        loop.call_soon_threadsafe(then)


def _be_nice(by: int) -> None:
    """Of this thread alone: Linux keeps niceness by thread."""
    if by and sys.platform == "linux":
        thread = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + by)
