"""An utterance is decoded while it is spoken, step by step, and leaves nothing behind."""

import asyncio
from collections.abc import Callable

import numpy as np
import pytest

from chassis.errors import RateLimited
from chassis.metrics import Metrics
from inference.audio import RATE_HZ, Pcm
from inference.stt.decoding import Decoding
from inference.stt.engine import EngineFailed, Options, Transcript
from inference.stt.lanes import Lanes
from inference.stt.measures import Measures
from inference.stt.settings import SttSettings
from tests.fakes.recogniser import Recogniser


class Bench:
    """A decoding with all it needs."""

    def __init__(self, max_streams: int = 4, queue_limit: int = 4) -> None:
        metrics = Metrics("stt")
        self.engine = Recogniser().__enter__()
        settings = SttSettings(max_streams=max_streams, queue_limit=queue_limit)
        self.lanes = Lanes(settings, metrics)
        self.measures = Measures(metrics)
        self.interim: list[str] = []

    def decoding(self) -> Decoding:
        return Decoding(
            self.lanes,
            self.measures,
            client="one",
            on_interim=lambda hypothesis: self.interim.append(hypothesis.stable),
        )

    def start(self, decoding: Decoding) -> asyncio.Task[Transcript]:
        return asyncio.create_task(decoding.run(self.engine, Options(language="en")))


def sound(seconds: float) -> Pcm:
    return np.ones(int(seconds * RATE_HZ), np.int16)


async def until(condition: Callable[[], object], within_s: float = 5.0) -> None:
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - conditions of threads have no event
            await asyncio.sleep(0.001)


async def test_words_come_while_sound_does() -> None:
    bench = Bench()
    decoding = bench.decoding()
    running = bench.start(decoding)
    decoding.push(sound(1))
    await until(lambda: bench.interim)
    assert not running.done()
    decoding.push(sound(1))
    decoding.finish()
    assert (await running).text == "w w w w"
    assert bench.interim[-1] == "w w w w"


async def test_the_stream_is_told_of_a_pause_once() -> None:
    bench = Bench()
    decoding = bench.decoding()
    running = bench.start(decoding)
    decoding.push(sound(0.05))
    decoding.pause()
    await until(lambda: bench.engine.pauses == 1)
    decoding.push(sound(0.5))
    decoding.finish()
    assert (await running).text == "w"
    assert bench.engine.pauses == 1


async def test_sound_that_waited_is_decoded_in_longer_steps() -> None:
    bench = Bench()
    decoding = bench.decoding()
    for _ in range(100):
        decoding.push(sound(0.1))
    decoding.finish()
    assert len((await bench.start(decoding)).words) == 20
    assert len(bench.interim) == 10


async def test_no_sound_is_no_text() -> None:
    bench = Bench()
    decoding = bench.decoding()
    decoding.finish()
    assert (await bench.start(decoding)).text == ""


async def test_a_cancelled_utterance_closes_its_stream_once_its_thread_ends() -> None:
    bench = Bench(max_streams=1)
    bench.engine.hold.clear()
    first = bench.decoding()
    first.push(sound(1))
    running = bench.start(first)
    await until(bench.engine.holding.is_set)
    running.cancel()
    second = bench.decoding()
    second.push(sound(0.5))
    second.finish()
    waiting = bench.start(second)
    await asyncio.sleep(0)
    assert bench.engine.open_streams == 1  # the thread still has the stream
    bench.engine.hold.set()
    assert (await waiting).text == "w"
    with pytest.raises(asyncio.CancelledError):
        await running
    assert bench.engine.open_streams == 0


async def test_an_utterance_cancelled_twice_keeps_its_stream_until_its_thread_ends() -> None:
    bench = Bench()
    bench.engine.hold.clear()
    decoding = bench.decoding()
    decoding.push(sound(1))
    running = bench.start(decoding)
    await until(bench.engine.holding.is_set)
    for _ in range(3):  # by a deadline, by another around it, by the end of the connection
        running.cancel()
        await asyncio.wait([running], timeout=0.05)
        assert not running.done()
        assert bench.engine.open_streams == 1
    bench.engine.hold.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert bench.engine.open_streams == 0


async def test_a_caller_that_leaves_while_its_stream_opens_leaves_no_stream() -> None:
    bench = Bench()
    bench.engine.opens_slowly.clear()
    running = bench.start(bench.decoding())
    await until(bench.engine.opening.is_set)
    running.cancel()
    bench.engine.opens_slowly.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert bench.engine.open_streams == 0


async def test_a_broken_engine_is_told_and_leaves_no_stream() -> None:
    bench = Bench()
    bench.engine.broken = "out of memory"
    decoding = bench.decoding()
    decoding.push(sound(1))
    with pytest.raises(EngineFailed, match="out of memory"):
        await bench.start(decoding)
    assert bench.engine.open_streams == 0


async def test_one_utterance_more_than_may_wait_is_refused() -> None:
    bench = Bench(max_streams=1, queue_limit=0)
    first = bench.decoding()
    running = bench.start(first)
    await until(lambda: bench.lanes.full)
    with pytest.raises(RateLimited):
        await bench.start(bench.decoding())
    first.finish()
    await running


async def test_steps_of_many_utterances_take_turns_on_one_thread() -> None:
    bench = Bench(max_streams=4)
    decodings = [bench.decoding() for _ in range(4)]
    running = [bench.start(decoding) for decoding in decodings]
    for decoding in decodings:
        decoding.push(sound(1))
    await until(lambda: len(bench.interim) == 4)  # all were heard, though none is finished
    for decoding in decodings:
        decoding.finish()
    assert [(await task).text for task in running] == ["w w"] * 4


async def test_the_backlog_is_what_is_not_decoded_yet() -> None:
    bench = Bench()
    decoding = bench.decoding()
    decoding.push(sound(3))
    assert decoding.backlog_s == 3
    decoding.finish()
    await bench.start(decoding)
    assert decoding.backlog_s == 0
