"""One live utterance on its way to text: sound in, interim words out, the final when it is asked.

A pause ends the decoder's work ahead of time, so that the final is there when the commit comes; if
the speaker goes on, the utterance so far is decoded again. That costs a tenth of its length.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numpy as np

from inference.audio import RATE_HZ, Pcm
from inference.slots import Slots
from inference.stt.engine import Engine, Stream, Transcript
from inference.stt.measures import Measures
from inference.stt.segments import MAX_SEGMENT_S

STEP_S = 0.1  # of sound between two hypotheses
# Sound an engine's stream is primed with, when there is so much: more tells it no more.
PRIME_S = 5.0
# A pause after this much ends a segment for good: what was said so long ago is decided.
LONG_SEGMENT_S = 8.0

P = ParamSpec("P")
T = TypeVar("T")


class Decoding:
    """Feed it from the event loop; `run` does the work in a slot and returns the transcript."""

    def __init__(
        self,
        engine: Engine,
        slots: Slots,
        measures: Measures,
        on_interim: Callable[[str], None],
    ) -> None:
        self._engine = engine
        self._slots = slots
        self._measures = measures
        self._on_interim = on_interim
        self._pending: deque[Pcm] = deque()
        self._pending_samples = 0
        self._wake = asyncio.Event()
        self._paused = self._finished = False
        self._stream: Stream | None = None
        self._segment: list[Pcm] = []
        self._decided: list[Transcript] = []
        self._ahead: Transcript | None = None  # of the segment, if nothing follows
        self.audio_s = 0.0
        self._compute_s = 0.0

    @property
    def backlog_s(self) -> float:
        """Sound taken in and not decoded yet."""
        return self._pending_samples / RATE_HZ

    def push(self, pcm: Pcm) -> None:
        self._pending.append(pcm)
        self._pending_samples += len(pcm)
        self.audio_s += len(pcm) / RATE_HZ
        self._paused = False
        if self._pending_samples >= STEP_S * RATE_HZ:
            self._wake.set()

    def pause(self) -> None:
        """The speaker paused: get ready to be finished."""
        self._paused = True
        self._wake.set()

    def finish(self) -> None:
        """No more sound will come: `run` returns."""
        self._finished = True
        self._wake.set()

    async def run(self) -> Transcript:
        async with self._slots.slot():
            try:
                while not self._finished or self._pending:
                    await self._wake.wait()
                    self._wake.clear()
                    await self._decode_pending()
                if self._segment and self._ahead is None:
                    await self._look_ahead()
            finally:
                if self._stream:
                    await self._in_thread(self._stream.close)
        self._measures.decoded("live", self.audio_s, self._compute_s)
        return _joined([*self._decided, *([self._ahead] if self._ahead else [])])

    async def _decode_pending(self) -> None:
        while self._pending_samples >= STEP_S * RATE_HZ or (
            self._pending and (self._paused or self._finished)
        ):
            await self._decode(self._next_step())
        if self._paused and self._segment and self._ahead is None:
            await self._look_ahead()

    def _next_step(self) -> Pcm:
        pieces: list[Pcm] = []
        while self._pending and sum(map(len, pieces)) < STEP_S * RATE_HZ:
            pieces.append(self._pending.popleft())
        self._pending_samples -= sum(map(len, pieces))
        return np.concatenate(pieces)

    async def _decode(self, pcm: Pcm) -> None:
        if self._ahead is not None and self._segment_s() >= LONG_SEGMENT_S:
            self._decide()
        self._ahead = None
        self._segment.append(pcm)
        if self._stream is None:
            self._stream = await self._in_thread(self._engine.open_stream)
            hypothesis = await self._push_all(self._stream)
        else:
            hypothesis = (await self._in_thread(self._stream.push, pcm)).stable
        if hypothesis:
            self._on_interim(" ".join([*(part.text for part in self._decided), hypothesis]))
        if self._segment_s() >= MAX_SEGMENT_S:
            await self._look_ahead()
            self._decide()

    async def _push_all(self, stream: Stream) -> str:
        """The segment so far, in pieces that keep each stay in a thread short."""
        sound = np.concatenate(self._segment)
        self._segment = [sound]
        first, stable = int(PRIME_S * RATE_HZ), ""
        for piece in np.split(sound, range(first, len(sound), RATE_HZ)):
            stable = (await self._in_thread(stream.push, piece)).stable
        return stable

    async def _look_ahead(self) -> None:
        """The segment's transcript, should nothing follow."""
        assert self._stream is not None
        stream, self._stream = self._stream, None
        try:
            self._ahead = await self._in_thread(stream.finish)
        finally:
            await self._in_thread(stream.close)

    def _decide(self) -> None:
        if self._ahead is not None and self._ahead.text:
            self._decided.append(self._ahead)
        self._ahead = None
        self._segment.clear()

    def _segment_s(self) -> float:
        return sum(map(len, self._segment)) / RATE_HZ

    async def _in_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """A step of work. Cancelled, it still waits for the thread: that has the decoder."""
        started = time.perf_counter()
        step = asyncio.ensure_future(self._slots.step(work, *args, **kwargs))
        try:
            return await asyncio.shield(step)
        except asyncio.CancelledError:
            await asyncio.wait([step])
            raise
        finally:
            self._compute_s += time.perf_counter() - started


def _joined(parts: list[Transcript]) -> Transcript:
    words = tuple(word for part in parts for word in part.words)
    logprob = sum(part.avg_logprob * len(part.words) for part in parts)
    return Transcript(
        text=" ".join(part.text for part in parts if part.text),
        words=words,
        avg_logprob=logprob / len(words) if words else 0.0,
    )
