"""An utterance is decoded while it is spoken, finished ahead at a pause, and leaves no slot."""

import asyncio
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

import numpy as np
import pytest

from chassis.errors import RateLimited
from chassis.metrics import Metrics
from inference.audio import RATE_HZ, Pcm
from inference.slots import Slots
from inference.stt.decoding import Decoding
from inference.stt.engine import Hypothesis, Transcript, Word
from inference.stt.measures import Measures
from inference.stt.segments import MAX_SEGMENT_S


class Counting:
    """An engine that hears one word for each half second; `hold` keeps its threads busy."""

    model = "counting"

    def __init__(self) -> None:
        self.open_streams = 0
        self.opened = 0
        self.samples = 0
        self.hold = threading.Event()
        self.hold.set()
        self.holding = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def transcribe(self, audio: Pcm) -> Transcript:
        raise NotImplementedError

    def open_stream(self) -> "CountingStream":
        self.open_streams += 1
        self.opened += 1
        return CountingStream(self)


class CountingStream:
    def __init__(self, engine: Counting) -> None:
        self._engine = engine
        self._samples = 0
        self._closed = False

    def push(self, pcm: Pcm) -> Hypothesis:
        self._engine.holding.set()
        assert self._engine.hold.wait(10)
        self._samples += len(pcm)
        self._engine.samples += len(pcm)
        return Hypothesis(stable=self._text())

    def finish(self) -> Transcript:
        words = tuple(
            Word(text=text, started_at_s=0, ended_at_s=0, confidence=1)
            for text in self._text().split()
        )
        return Transcript(text=self._text(), words=words)

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._engine.open_streams -= 1

    def _text(self) -> str:
        return " ".join("w" for _ in range(int(self._samples / RATE_HZ / 0.5)))


class Bench:
    """A decoding with all it needs."""

    def __init__(self, slots: int = 1, queue_limit: int = 4) -> None:
        metrics = Metrics("stt")
        self.engine = Counting()
        self.slots = Slots(slots, queue_limit, metrics)
        self.measures = Measures(metrics)
        self.interim: list[str] = []

    def decoding(self) -> Decoding:
        return Decoding(self.engine, self.slots, self.measures, self.interim.append)


def sound(seconds: float) -> Pcm:
    return np.ones(int(seconds * RATE_HZ), np.int16)


async def until(condition: Callable[[], object], within_s: float = 5.0) -> None:
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - conditions of threads have no event
            await asyncio.sleep(0.001)


async def test_words_come_while_sound_does() -> None:
    bench = Bench()
    decoding = bench.decoding()
    running = asyncio.create_task(decoding.run())
    decoding.push(sound(1))
    await until(lambda: bench.interim)
    assert not running.done()
    decoding.push(sound(1))
    decoding.finish()
    assert (await running).text == "w w w w"
    assert bench.interim[-1] == "w w w w"


async def test_a_finish_after_a_pause_finds_the_work_done() -> None:
    bench = Bench()
    decoding = bench.decoding()
    running = asyncio.create_task(decoding.run())
    decoding.push(sound(1))
    decoding.pause()
    await until(lambda: bench.engine.opened == 1 and bench.engine.open_streams == 0)
    decoding.finish()
    assert (await running).text == "w w"
    assert bench.engine.opened == 1


async def test_speech_after_a_pause_is_decoded_with_what_came_before() -> None:
    bench = Bench()
    decoding = bench.decoding()
    running = asyncio.create_task(decoding.run())
    decoding.push(sound(1))
    decoding.pause()
    await until(lambda: bench.engine.opened == 1 and bench.engine.open_streams == 0)
    decoding.push(sound(1))
    decoding.finish()
    assert (await running).text == "w w w w"


async def test_what_was_said_before_a_late_pause_is_not_decoded_again() -> None:
    bench = Bench()
    decoding = bench.decoding()
    running = asyncio.create_task(decoding.run())
    decoding.push(sound(9))
    decoding.pause()
    await until(lambda: bench.engine.opened == 1 and bench.engine.open_streams == 0)
    decoding.push(sound(1))
    decoding.finish()
    assert len((await running).words) == 20
    assert bench.engine.samples == 10 * RATE_HZ


async def test_speech_without_a_pause_is_cut_into_segments() -> None:
    bench = Bench()
    decoding = bench.decoding()
    for _ in range(50):
        decoding.push(sound(1))
    decoding.finish()
    assert len((await decoding.run()).words) == 100
    assert bench.engine.opened == np.ceil(50 / MAX_SEGMENT_S)


async def test_no_sound_is_no_text() -> None:
    bench = Bench()
    decoding = bench.decoding()
    decoding.finish()
    assert (await decoding.run()).text == ""


async def test_a_cancelled_utterance_frees_its_slot_once_its_thread_ends() -> None:
    bench = Bench()
    bench.engine.hold.clear()
    first = bench.decoding()
    first.push(sound(1))
    running = asyncio.create_task(first.run())
    await until(bench.engine.holding.is_set)
    running.cancel()
    second = bench.decoding()
    second.push(sound(0.5))
    second.finish()
    waiting = asyncio.create_task(second.run())
    await until(lambda: bench.slots.waiting == 1)
    assert bench.engine.opened == 1  # the thread still has the only decoder
    bench.engine.hold.set()
    assert (await waiting).text == "w"
    with pytest.raises(asyncio.CancelledError):
        await running
    assert bench.engine.open_streams == 0


async def test_a_full_queue_refuses() -> None:
    bench = Bench(slots=1, queue_limit=0)
    first = bench.decoding()
    running = asyncio.create_task(first.run())
    await until(lambda: bench.slots.full)
    with pytest.raises(RateLimited):
        await bench.decoding().run()
    first.finish()
    await running


async def test_the_backlog_is_what_is_not_decoded_yet() -> None:
    bench = Bench()
    decoding = bench.decoding()
    decoding.push(sound(3))
    assert decoding.backlog_s == 3
    decoding.finish()
    await decoding.run()
    assert decoding.backlog_s == 0
