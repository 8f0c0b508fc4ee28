"""A file is heard stretch by stretch, and whoever stops leaves no thread behind in the engine."""

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest

from chassis.metrics import Metrics
from inference.audio import RATE_HZ, Pcm
from inference.stt.engine import Options
from inference.stt.hearing import Heard, Hearing
from inference.stt.lanes import Lanes
from inference.stt.measures import Measures
from inference.stt.settings import SttSettings
from tests.fakes.recogniser import Recogniser
from tests.speech import speak

SOUND = np.concatenate([speak("what time is it"), np.zeros(RATE_HZ, np.int16)])


class Bench:
    """One engine and the way of files to it."""

    def __init__(self, *, batch: int = 1) -> None:
        metrics = Metrics("test")
        self.lanes = Lanes(SttSettings(), metrics)
        self.engine = Recogniser(batch=batch)
        self.engine.__enter__()
        self._measures = Measures(metrics)

    async def hear(self, *pieces: Pcm) -> list[Heard]:
        async def coming() -> AsyncIterator[Pcm]:
            for piece in pieces:
                yield piece

        hearing = Hearing(
            self.engine, Options(), self.lanes.file_step, self._measures, client="somebody"
        )
        return [heard async for heard in hearing.hear(coming())]


async def until_holding(engine: Recogniser) -> None:
    async with asyncio.timeout(5):
        while not engine.holding.is_set():  # noqa: ASYNC110 - it is a thread's event
            await asyncio.sleep(0.001)


async def test_stretches_are_heard_in_order_and_as_many_at_once_as_the_engine_likes() -> None:
    bench = Bench(batch=2)
    heard = await bench.hear(SOUND, SOUND, SOUND)
    assert bench.engine.batches == [2, 1]
    assert [part.started_at_s for part in heard] == sorted(part.started_at_s for part in heard)
    assert all(part.transcript.text for part in heard)


async def test_who_stops_waits_for_the_thread_that_has_the_engine() -> None:
    bench = Bench()
    bench.engine.hold.clear()
    hearing = asyncio.create_task(bench.hear(SOUND))
    await until_holding(bench.engine)
    hearing.cancel()
    await asyncio.wait([hearing], timeout=0.05)
    assert not hearing.done()
    bench.engine.hold.set()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(hearing, 5)


async def test_who_stops_before_their_turn_does_no_work() -> None:
    bench = Bench()
    bench.engine.hold.clear()
    first = asyncio.create_task(bench.hear(SOUND))
    await until_holding(bench.engine)
    second = asyncio.create_task(bench.hear(SOUND))
    await asyncio.wait([second], timeout=0.2)  # long enough to be in the queue
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(second, 5)
    bench.engine.hold.set()
    assert await asyncio.wait_for(first, 5)
    assert bench.engine.batches == [1]
