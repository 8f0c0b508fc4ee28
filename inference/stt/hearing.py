"""A sound file on its way to text: decoded, cut into stretches of speech, written down in turn."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

from inference.audio import RATE_HZ, Pcm
from inference.slots import seen_through
from inference.stt.cutting import Cutter, Stretch
from inference.stt.engine import Engine, Options, Transcript
from inference.stt.lanes import Step
from inference.stt.measures import Measures


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A stretch of a recording and what was said in it."""

    started_at_s: float
    ended_at_s: float
    speech_share: float
    transcript: Transcript


class Hearing:
    """One file. It holds what is being worked on, never the whole."""

    def __init__(
        self,
        engine: Engine,
        options: Options,
        step: Step,
        measures: Measures,
        *,
        client: str,
    ) -> None:
        self._engine = engine
        self._options = options
        self._step = step
        self._measures = measures
        self._client = client
        self.duration_s = 0.0  # of what was decoded so far

    async def hear(self, pieces: AsyncIterator[Pcm]) -> AsyncIterator[Heard]:
        """What is said, stretch by stretch; as many at a time as the engine is best given."""
        waiting: list[Stretch] = []
        async for stretch in self._stretches(pieces):
            waiting.append(stretch)
            if len(waiting) >= self._engine.batch:
                async for heard in self._transcribed(waiting):
                    yield heard
                waiting = []
        async for heard in self._transcribed(waiting):
            yield heard

    async def _stretches(self, pieces: AsyncIterator[Pcm]) -> AsyncIterator[Stretch]:
        cutter = Cutter(self._engine.stretch_s)
        async for piece in pieces:
            self.duration_s += len(piece) / RATE_HZ
            for stretch in await asyncio.to_thread(cutter.push, piece):
                yield stretch
        for stretch in cutter.end():
            yield stretch

    async def _transcribed(self, stretches: list[Stretch]) -> AsyncIterator[Heard]:
        if not stretches:
            return
        started = time.perf_counter()
        transcripts = await self._transcripts([stretch.sound for stretch in stretches])
        audio_s = sum(len(stretch.sound) for stretch in stretches) / RATE_HZ
        self._measures.decoded("file", audio_s, time.perf_counter() - started)
        for stretch, transcript in zip(stretches, transcripts, strict=True):
            yield Heard(
                started_at_s=stretch.first / RATE_HZ,
                ended_at_s=stretch.end / RATE_HZ,
                speech_share=stretch.speech_share,
                transcript=transcript,
            )

    async def _transcripts(self, sounds: list[Pcm]) -> list[Transcript]:
        """Cancelled, it still waits for its end: until then a thread has the engine."""
        loop = asyncio.get_running_loop()
        begun, ended = threading.Event(), asyncio.Event()

        def work() -> list[Transcript]:
            begun.set()
            try:
                return self._engine.transcribe(sounds, self._options)
            finally:
                loop.call_soon_threadsafe(ended.set)

        try:
            return await self._step(self._client, work)
        except asyncio.CancelledError:
            if begun.is_set():
                await seen_through(asyncio.ensure_future(ended.wait()))
            raise
