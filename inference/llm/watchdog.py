"""Sees to it that what serves can serve: a dead, wedged or swollen engine is replaced at once."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from chassis.logs import get_logger
from chassis.metrics import Metrics
from inference.llm.child import Child
from inference.llm.vitals import SILENT_S, STALLED_S, Silence, Vitals
from inference.model_status import EngineFailed

TICK_S = 0.25
PROBE_AFTER_S = 25.0  # of quiet; readiness promises an inference within the last 30 s
PROBE_LEFT_AFTER_S = 2.0  # what breaks llama-server is a client that leaves
FAILED_PROBES = 2  # in a row: it answers, but with errors
DIES_WITHIN_S = 5.0  # after SIGKILL; gigabytes take a while to be given back
BROKEN_WITHIN_S = 1.0  # a connection breaks before the kernel tells that its process ended

WORDS = {
    "stalled": f"it neither wrote nor computed anything for {STALLED_S:.0f} s",
    "silent": f"it showed no sign of life for {SILENT_S:.0f} s",
}

log = get_logger(__name__)


@runtime_checkable
class Watched(Protocol):
    """An engine whose work is done by a process of its own."""

    model: str
    max_rss_bytes: int  # 0: no cap
    child: Child
    vitals: Vitals

    async def infer(self) -> None:
        """One real token. Raises EngineFailed."""


@dataclass(frozen=True, slots=True)
class _Loss:
    """Of one engine."""

    seen: asyncio.Event = field(default_factory=asyncio.Event)
    told: asyncio.Event = field(default_factory=asyncio.Event)  # another is on its way


class Watchdog:
    """Watches each engine told to `begin`, until it ends. `close` when all is over."""

    def __init__(
        self,
        *,
        revive: Callable[[Watched, str], None],
        passed: Callable[[], None],
        metrics: Metrics,
    ) -> None:
        """`revive` is told, on the event loop, of each engine that died, and why; `passed` of
        each probe that brought a token."""
        self._revive = revive
        self._passed = passed
        self._watches: set[asyncio.Task[None]] = set()
        self._losses: dict[int, _Loss] = {}  # by process, of those watched
        self._restarts = metrics.counter(
            "engine_restarts_total",
            "engines that died or were killed",
            {"reason": ("exit", "memory", "broken", *WORDS)},
        )
        self._rss = metrics.gauge("engine_rss_bytes", "memory the engine's process holds")
        self._probes = metrics.counter(
            "watchdog_probes_total", "inferences to prove life", {"ok": ("true", "false")}
        )

    def begin(self, engine: object) -> None:
        """Engines that have no process of their own need no watching."""
        if isinstance(engine, Watched):
            watch = asyncio.create_task(self._watch(engine))
            self._watches.add(watch)
            watch.add_done_callback(self._watches.discard)

    async def is_dead(self, engine: object) -> bool:
        """Whether an engine that failed is dead: then another is on its way."""
        if not isinstance(engine, Watched):
            return False
        loss = self._losses.get(engine.child.pid)
        if loss is None:
            return engine.child.ended
        if await _set(loss.seen, BROKEN_WITHIN_S):
            return await _set(loss.told, DIES_WITHIN_S + TICK_S)
        return False

    async def close(self) -> None:
        for watch in self._watches:
            watch.cancel()
        await asyncio.gather(*self._watches, return_exceptions=True)

    async def _watch(self, engine: Watched) -> None:
        ended, loss = _ending(engine.child), _Loss()
        self._losses[engine.child.pid] = loss
        prober = asyncio.create_task(self._probe_when_quiet(engine))
        try:
            why = await self._until_lost(engine, ended, prober)
            if why is None:
                return
            loss.seen.set()
            label, words = why
            if not ended.is_set():
                log.warning("engine_killed", model=engine.model, reason=words)
                engine.child.kill()
                await _set(ended, DIES_WITHIN_S)
            self._restarts.labels(label).inc()
            self._revive(engine, words)
            loss.told.set()
        finally:
            del self._losses[engine.child.pid]
            prober.cancel()
            await asyncio.gather(prober, return_exceptions=True)

    async def _until_lost(
        self, engine: Watched, ended: asyncio.Event, prober: "asyncio.Task[None]"
    ) -> tuple[str, str] | None:
        """What to count it as and how to say it; None of an engine that was let go."""
        silence = Silence(TICK_S)
        while not ended.is_set():
            await _set(ended, TICK_S)
            if engine.child.is_stopping:
                return None
            used = engine.child.used()
            if used is None:
                continue
            self._rss.set(used.rss_bytes)
            if engine.max_rss_bytes and used.rss_bytes > engine.max_rss_bytes:
                held, cap = used.rss_bytes, engine.max_rss_bytes
                return "memory", f"it held {held} bytes of memory, {cap} are allowed"
            if wedged := silence.look(time.monotonic(), engine.vitals, used):
                return wedged, WORDS[wedged]
            if prober.done():
                return "broken", f"it failed a probe: {prober.exception()}"
        return "exit", engine.child.ending()

    async def _probe_when_quiet(self, engine: Watched) -> None:
        """Ends by raising EngineFailed."""
        failed = 0
        while True:
            await asyncio.sleep(TICK_S)
            if not _is_quiet(engine.vitals):
                continue
            try:
                await engine.infer()
            except EngineFailed:
                failed += 1
                self._probes.labels("false").inc()
                if failed >= FAILED_PROBES:
                    raise
            else:
                failed = 0
                self._probes.labels("true").inc()
                self._passed()


def _is_quiet(vitals: Vitals) -> bool:
    if vitals.asked:
        return False
    now_s = time.monotonic()
    was_left = vitals.left_at_s > vitals.life_at_s
    return now_s - vitals.life_at_s >= PROBE_AFTER_S or (
        was_left and now_s - vitals.left_at_s >= PROBE_LEFT_AFTER_S
    )


async def _set(event: asyncio.Event, within_s: float) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            await event.wait()
    return event.is_set()


def _ending(child: Child) -> asyncio.Event:
    """Set on the event loop as soon as the process ends."""
    ended, loop = asyncio.Event(), asyncio.get_running_loop()

    def tell() -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody wants to know
            loop.call_soon_threadsafe(ended.set)

    child.on_end(tell)
    return ended
