"""Dead, wedged and swollen engines are replaced; busy ones are left alone."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from chassis.metrics import Metrics
from inference.llm import vitals as vital
from inference.llm import watchdog as dog
from inference.llm.child import Child, Used
from inference.llm.vitals import Silence, Vitals
from inference.llm.watchdog import Watchdog, Watched
from inference.model_status import EngineFailed

WITHIN_S = 20.0
TICK_S = 0.25


class Ticks:
    """Looks at an engine tick by tick, for as long as a test says."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.vitals = Vitals(life_at_s=self.now_s)
        self.cpu_s = 0.0
        self.read_bytes = 0
        self.silence = Silence(TICK_S)
        self.look()

    def look(self) -> str | None:
        used = Used(cpu_s=self.cpu_s, read_bytes=self.read_bytes, rss_bytes=0)
        return self.silence.look(self.now_s, self.vitals, used)

    def go_on(self, seconds: float, each: Callable[[], None] = lambda: None) -> str | None:
        for _ in range(int(seconds / TICK_S)):
            self.now_s += TICK_S
            each()
            if wedged := self.look():
                return wedged
        return None


def asked() -> Ticks:
    ticks = Ticks()
    ticks.vitals.asked = 1
    ticks.look()
    return ticks


def test_an_engine_that_nobody_asked_may_be_silent() -> None:
    assert Ticks().go_on(1000) is None


def test_one_that_was_asked_and_does_nothing_is_stalled() -> None:
    ticks = asked()
    assert ticks.go_on(vital.STALLED_S - 1) is None
    assert ticks.go_on(2) == "stalled"


def test_one_that_computes_is_left_alone_for_half_a_minute() -> None:
    ticks = asked()

    def compute() -> None:
        ticks.cpu_s += TICK_S / 10  # on a machine with much else to do

    assert ticks.go_on(vital.SILENT_S - 1, compute) is None
    assert ticks.go_on(2, compute) == "silent"


def test_one_that_reads_its_model_from_a_slow_disk_is_left_alone() -> None:
    ticks = asked()

    def read() -> None:
        ticks.read_bytes += 4096

    assert ticks.go_on(vital.SILENT_S - 1, read) is None


def test_signs_of_life_begin_the_silence_anew() -> None:
    ticks = asked()

    def live() -> None:
        ticks.vitals.life_at_s = ticks.now_s

    assert ticks.go_on(100, live) is None
    assert ticks.go_on(vital.STALLED_S - 1) is None


def test_time_in_which_the_server_itself_did_not_run_does_not_count() -> None:
    ticks = asked()
    ticks.now_s += 3600  # somebody stopped both, or the machine slept
    assert ticks.look() is None


def test_a_request_left_before_its_end_is_remembered() -> None:
    vitals = Vitals()
    with vitals.request():
        assert vitals.asked == 1
    assert vitals.left_at_s == float("-inf")
    with pytest.raises(GeneratorExit), vitals.request():
        raise GeneratorExit
    assert vitals.asked == 0
    assert vitals.left_at_s > 0


@dataclass
class Engine:
    """A process that waits, and what it would say when asked for a token."""

    child: Child
    model: str = "fake"
    max_rss_bytes: int = 0
    vitals: Vitals = field(default_factory=Vitals)
    broken: bool = False
    inferred: int = 0

    async def infer(self) -> None:
        with self.vitals.request():
            self.inferred += 1
            if self.broken:
                raise EngineFailed("no token came")
            self.vitals.beat()


class Watching:
    """A watchdog, and what it told."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.lost: asyncio.Queue[str] = asyncio.Queue()
        self.passed = 0
        self.dog = Watchdog(revive=self._revive, passed=self._pass, metrics=Metrics("test"))
        self.dog.begin(engine)

    async def reason(self) -> str:
        async with asyncio.timeout(WITHIN_S):
            return await self.lost.get()

    def _revive(self, engine: Watched, reason: str) -> None:
        assert engine is self.engine
        assert engine.child.ended  # its memory is free for the next
        self.lost.put_nowait(reason)

    def _pass(self) -> None:
        self.passed += 1


@asynccontextmanager
async def watching(max_rss_bytes: int = 0, *, broken: bool = False) -> AsyncIterator[Watching]:
    child = Child([sys.executable, "-c", "import time; time.sleep(600)"], name="fake")
    await asyncio.to_thread(child.start)
    watching = Watching(Engine(child, max_rss_bytes=max_rss_bytes, broken=broken))
    try:
        yield watching
    finally:
        await watching.dog.close()
        await asyncio.to_thread(child.stop)


async def test_a_crash_is_told_at_once() -> None:
    async with watching() as watch:
        os.kill(watch.engine.child.pid, signal.SIGSEGV)
        assert await watch.reason() == "fake was ended by SIGSEGV"
        assert await watch.dog.is_dead(watch.engine)


async def test_a_stopped_engine_that_was_asked_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vital, "STALLED_S", 0.5)
    async with watching() as watch:
        os.kill(watch.engine.child.pid, signal.SIGSTOP)
        with watch.engine.vitals.request():
            assert "neither wrote nor computed" in await watch.reason()


async def test_an_engine_beyond_its_memory_is_killed() -> None:
    async with watching(max_rss_bytes=1 << 20) as watch:
        assert "1048576 are allowed" in await watch.reason()


async def test_a_quiet_engine_proves_its_life_by_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dog, "PROBE_AFTER_S", 0.1)
    async with watching() as watch:
        async with asyncio.timeout(WITHIN_S):
            while watch.passed < 2:  # noqa: ASYNC110 - a count has no event
                await asyncio.sleep(0.01)
        assert watch.lost.empty()


async def test_one_that_was_left_is_probed_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dog, "PROBE_LEFT_AFTER_S", 0.1)
    async with watching() as watch:
        with pytest.raises(GeneratorExit), watch.engine.vitals.request():
            raise GeneratorExit
        async with asyncio.timeout(WITHIN_S):
            while not watch.passed:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


async def test_one_that_fails_its_probes_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dog, "PROBE_AFTER_S", 0.1)
    monkeypatch.setattr(dog, "PROBE_LEFT_AFTER_S", 0.1)
    async with watching(broken=True) as watch:
        assert "no token came" in await watch.reason()
        assert watch.engine.inferred == dog.FAILED_PROBES


async def test_an_engine_that_is_let_go_is_not_brought_again() -> None:
    async with watching() as watch:
        await asyncio.to_thread(watch.engine.child.stop)
        assert await watch.dog.is_dead(watch.engine)
        await watch.dog.close()
        assert watch.lost.empty()


async def test_an_engine_that_failed_but_lives_is_not_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dog, "BROKEN_WITHIN_S", 0.05)
    async with watching() as watch:
        assert not await watch.dog.is_dead(watch.engine)
        assert not await watch.dog.is_dead(object())
