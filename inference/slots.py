"""Bounded model work: a few slots, a bounded queue before them, safe to cancel."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import ParamSpec, TypeVar

from chassis.errors import RateLimited
from chassis.metrics import Metrics

RETRY_AFTER_S = 1.0
P = ParamSpec("P")
T = TypeVar("T")


class Slots:
    """`count` pieces of model work at once, `queue_limit` waiting; beyond that RateLimited (429).

    A slot is freed when its work ends, not when the caller gives up: a thread cannot be cancelled.
    """

    def __init__(self, count: int, queue_limit: int, metrics: Metrics) -> None:
        self.count = count
        self.queue_limit = queue_limit
        self.waiting = 0
        self._free = asyncio.Semaphore(count)
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="slot")
        self._waiting_gauge = metrics.gauge("queue_depth", "work waiting for a slot")
        self._busy_gauge = metrics.gauge("slots_busy", "slots in use")
        metrics.gauge("slots", "slots there are").set(count)
        self._refused = metrics.counter("queue_refusals_total", "work refused: the queue was full")

    @property
    def full(self) -> bool:
        return self._free.locked() and self.waiting >= self.queue_limit

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Hold one slot for the block, for work made of several steps."""
        await self._acquire()
        try:
            yield
        finally:
            self._release()

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work` in a thread with a slot. Raises RateLimited when the queue is full."""
        await self._acquire()
        future = self._threads.submit(work, *args, **kwargs)
        loop = asyncio.get_running_loop()
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._release))
        return await asyncio.wrap_future(future)

    async def step(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """One step, in a thread, of work that already holds a slot."""
        return await asyncio.wrap_future(self._threads.submit(work, *args, **kwargs))

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _acquire(self) -> None:
        if self.full:
            self._refused.inc()
            raise RateLimited("the queue is full", code="queue_full", retry_after_s=RETRY_AFTER_S)
        self.waiting += 1
        self._waiting_gauge.set(self.waiting)
        try:
            await self._free.acquire()
        finally:
            self.waiting -= 1
            self._waiting_gauge.set(self.waiting)
        self._busy_gauge.inc()

    def _release(self) -> None:
        self._busy_gauge.dec()
        self._free.release()
