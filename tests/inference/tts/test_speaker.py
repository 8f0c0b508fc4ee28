"""One engine, many requests: fair, bounded, and free again as soon as a client leaves."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Self

import numpy as np
import pytest

from chassis.errors import RateLimited, Unavailable
from chassis.metrics import Metrics
from inference.model_status import EngineFailed
from inference.tts.cache import PhraseCache
from inference.tts.engine import SAMPLE_RATE_HZ, Mark, Sink, Voice
from inference.tts.measures import Measures
from inference.tts.phrases import Phrase
from inference.tts.script import Script
from inference.tts.speaker import Speaker
from inference.tts.speech import AHEAD_S, BYTES_PER_S, Speech

VOICE = Voice(id="tone", name="Tone", language="en")
CHUNK = 960


class ToneEngine:
    """A working engine whose phrases are `<name> <seconds>`; it notes what it spoke."""

    model = "tone"
    concurrency = 1
    is_incremental = True

    def __init__(self, gate: threading.Event | None = None) -> None:
        self.spoken: list[str] = []
        self.stopped_at_s = 0.0
        self.at_once = 0
        self.most_at_once = 0
        self._gate = gate

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def voices(self) -> Sequence[Voice]:
        return [VOICE]

    def find_voice(self, voice_id: str) -> Voice | None:
        return VOICE if voice_id == VOICE.id else None

    def in_language(self, voice: Voice, language: str) -> Voice | None:
        return voice

    def synthesize(self, phrase: str, voice: Voice, speed: float, sink: Sink) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            self._speak(phrase, sink)
        finally:
            self.at_once -= 1

    def _speak(self, phrase: str, sink: Sink) -> None:
        name, seconds = phrase.split()
        self.spoken.append(name)
        if name == "broken":
            raise EngineFailed("as asked")
        if self._gate is not None:
            self._gate.wait(5)
        left = int(float(seconds) * SAMPLE_RATE_HZ)
        sink.mark(Mark(start=0, end=len(name), started_at_s=0.0, ended_at_s=float(seconds)))
        while left > 0:
            size = min(CHUNK, left)
            left -= size
            sink.push(np.full(size, 0.5, np.float32))
            if not sink.wanted:
                self.stopped_at_s = time.monotonic()
                return


@asynccontextmanager
async def speaking(slots: int = 4, queue_limit: int = 4) -> AsyncIterator[Speaker]:
    metrics = Metrics("tts")
    async with Speaker(
        slots=slots,
        queue_limit=queue_limit,
        cache=PhraseCache(10_000_000, metrics),
        measures=Measures(metrics),
    ) as speaker:
        yield speaker


def say(*texts: str) -> list[Phrase]:
    return [Phrase(Script.of(text), 0.1) for text in texts]


async def whole(speech: Speech) -> bytes:
    pieces = []
    while piece := await speech.take():
        assert len(piece) % 2 == 0
        pieces.append(piece)
    return b"".join(pieces)


async def test_a_request_is_spoken_whole_and_in_order() -> None:
    engine = ToneEngine()
    async with (
        speaking() as speaker,
        speaker.speak(engine, say("a 0.5", "b 0.5"), VOICE, 1.0) as speech,
    ):
        sound = await whole(speech)
    assert engine.spoken == ["a", "b"]
    assert 1.0 < len(sound) / BYTES_PER_S < 1.4


async def test_a_newcomer_does_not_wait_for_a_long_request() -> None:
    gate = threading.Event()
    engine = ToneEngine(gate)
    async with (
        speaking() as speaker,
        speaker.speak(engine, say(*["long 2"] * 5), VOICE, 1.0) as long,
        speaker.speak(engine, say("new 1"), VOICE, 1.0) as new,
    ):
        gate.set()
        await asyncio.gather(whole(long), whole(new))
    assert engine.spoken.index("new") <= 1


async def test_leaving_frees_the_engine_at_once() -> None:
    engine = ToneEngine()
    async with speaking() as speaker:
        async with speaker.speak(engine, say("endless 1e9"), VOICE, 1.0) as speech:
            assert await speech.take()
            left_at_s = time.monotonic()
        async with speaker.speak(engine, say("next 0.1"), VOICE, 1.0) as speech, asyncio.timeout(2):
            assert await whole(speech)
    assert engine.stopped_at_s - left_at_s < 0.1


async def test_work_ends_with_the_speaker() -> None:
    engine = ToneEngine()
    async with speaking() as speaker:
        opened = speaker.speak(engine, say("endless 1e9"), VOICE, 1.0)
        speech = await opened.__aenter__()
        await speech.take()
    await opened.__aexit__(None, None, None)


async def test_who_does_not_listen_does_not_hold_up_the_rest() -> None:
    engine = ToneEngine()
    async with (
        speaking(slots=1) as speaker,
        speaker.speak(engine, say(*["deaf 5"] * 50), VOICE, 1.0) as deaf,
    ):
        async with speaker.speak(engine, say("next 1"), VOICE, 1.0) as speech, asyncio.timeout(5):
            assert await whole(speech)
        async with asyncio.timeout(5):
            while deaf.wants_more:  # noqa: ASYNC110 - the engine's thread has no event to wait for
                await asyncio.sleep(0.01)
        assert deaf.made_bytes / BYTES_PER_S < AHEAD_S + 6
        async with asyncio.timeout(10):
            assert len(await whole(deaf)) / BYTES_PER_S > 250


async def test_a_full_queue_refuses() -> None:
    engine = ToneEngine()
    async with speaking(slots=1, queue_limit=1) as speaker:
        async with (
            speaker.speak(engine, say("a 1"), VOICE, 1.0),
            speaker.speak(engine, say("b 1"), VOICE, 1.0),
        ):
            assert speaker.full
            with pytest.raises(RateLimited):
                async with speaker.speak(engine, say("c 1"), VOICE, 1.0):
                    pass
        assert not speaker.full


async def test_a_failed_phrase_fails_its_request_only() -> None:
    engine = ToneEngine()
    async with speaking() as speaker:
        async with speaker.speak(engine, say("broken 1", "a 1"), VOICE, 1.0) as speech:
            with pytest.raises(Unavailable):
                await whole(speech)
        async with speaker.speak(engine, say("a 1"), VOICE, 1.0) as speech:
            assert await whole(speech)
