"""The speech-to-text parts of a process: engine, slots, readiness, numbers."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import numpy as np

from chassis.errors import ParleyError
from chassis.health import Health, ProbeFailed
from chassis.metrics import Metrics
from inference.assist.sentences import sentences
from inference.audio import FULL_SCALE, RATE_HZ, Pcm
from inference.service import WarmUp, watch_queue
from inference.slots import Slots
from inference.stt.decoding import Decoding
from inference.stt.engine import Engine, Transcript
from inference.stt.measures import Measures
from inference.stt.pocketsphinx import Pocketsphinx
from inference.stt.segments import Span, speech_spans
from inference.stt.settings import SttSettings
from inference.stt.sphinx_library import SphinxError


@dataclass(frozen=True, slots=True)
class HeardSpan:
    """A stretch of a recording and what was said in it."""

    span: Span
    transcript: Transcript


class Stt:
    """Everything that hears. `async with stt.opened()`."""

    def __init__(self, settings: SttSettings, metrics: Metrics) -> None:
        self.settings = settings
        self.engine: Engine = Pocketsphinx(
            model=settings.model,
            sentences=sentences,
            cache_dir=settings.cache_dir,
            open_vocabulary=settings.open_vocabulary,
            slots=settings.slots,
        )
        self.measures = Measures(metrics)
        self.slots = Slots(settings.slots, settings.queue_limit, metrics)
        self.warm_up = WarmUp(self._hear_something)

    def watched_by(self, health: Health) -> None:
        self.warm_up.watched_by(health)
        watch_queue(health, lambda: self.slots.full)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        engine = await asyncio.to_thread(self.engine.__enter__)
        try:
            yield
        finally:
            self.slots.close()
            await asyncio.to_thread(engine.__exit__, None, None, None)

    async def hear(self, recording: Pcm) -> AsyncIterator[HeardSpan]:
        """What is said in a recording, stretch by stretch; a slot is held for one at a time."""
        for span in await asyncio.to_thread(lambda: list(speech_spans(recording))):
            started = time.perf_counter()
            sound = recording[span.first : span.end]
            transcript = await self.slots.run(self.engine.transcribe, sound)
            self.measures.decoded("file", len(sound) / RATE_HZ, time.perf_counter() - started)
            self.warm_up.passed()
            yield HeardSpan(span, transcript)

    async def _hear_something(self) -> None:
        """A live utterance of a second of buzz, all the way through the engine."""
        decoding = Decoding(self.engine, self.slots, self.measures, lambda _text: None)
        decoding.push(_buzz(1.0))
        decoding.finish()
        try:
            await decoding.run()
        except (ParleyError, SphinxError) as exc:
            raise ProbeFailed(str(exc)) from exc


def _buzz(seconds: float) -> Pcm:
    """A voice-like sound: the harmonics of 120 Hz under a slow swell."""
    t = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    wave = sum(np.sin(2 * np.pi * 120 * n * t) / n for n in range(1, 20))
    return (np.asarray(wave) * np.sin(np.pi * t / seconds) * 0.1 * FULL_SCALE).astype(np.int16)
