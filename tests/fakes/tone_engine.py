"""A speech engine that says tones, notes what it spoke, and can be held up."""

import threading
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Self

import numpy as np

from chassis.metrics import Metrics
from inference.model_status import EngineFailed
from inference.tts.cache import PhraseCache
from inference.tts.engine import SAMPLE_RATE_HZ, Mark, Sink, Voice
from inference.tts.measures import Measures
from inference.tts.phrases import Phrase
from inference.tts.script import Script
from inference.tts.speaker import Speaker
from inference.tts.speech import Speech

VOICE = Voice(id="tone", name="Tone", language="en")
CHUNK = 960


class ToneEngine:
    """A working engine whose phrases are `<name> <seconds>`; it notes what it spoke."""

    model = "tone"

    def __init__(
        self,
        gate: threading.Event | None = None,
        *,
        concurrency: int = 1,
        is_incremental: bool = True,
    ) -> None:
        self.concurrency = concurrency
        self.is_incremental = is_incremental
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
        name, seconds = phrase.split() if phrase[-1].isdigit() else (phrase, "0.5")
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
    pieces: list[bytes] = []
    await hear(speech, pieces)
    return b"".join(pieces)


async def hear(speech: Speech, pieces: list[bytes]) -> None:
    while piece := await speech.take():
        assert len(piece) % 2 == 0
        pieces.append(piece)
