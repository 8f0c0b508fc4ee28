"""One live utterance on its way to text: sound in, interim words out, the final when asked for."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numpy as np

from inference.audio import RATE_HZ, Pcm
from inference.slots import seen_through
from inference.stt.engine import Engine, Hypothesis, Options, Stream, Transcript
from inference.stt.lanes import Lanes
from inference.stt.measures import Measures

STEP_S = 0.1  # of sound between two hypotheses
# Behind by more, steps get longer: fewer hypotheses, and the delay is made good sooner.
MAX_STEP_S = 1.0

P = ParamSpec("P")
T = TypeVar("T")


class Decoding:
    """Feed it from the event loop; `run` does the work, step by step, and returns the transcript.

    Each step waits for its turn among all live streams: none can hold up the others for longer.
    """

    def __init__(
        self,
        lanes: Lanes,
        measures: Measures,
        *,
        client: str,
        on_interim: Callable[[Hypothesis], None],
    ) -> None:
        self._lanes = lanes
        self._measures = measures
        self._client = client
        self._on_interim = on_interim
        self._pending: deque[Pcm] = deque()
        self._pending_samples = 0
        self._wake = asyncio.Event()
        self._paused = self._finished = False
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
        if self.backlog_s >= STEP_S:
            self._wake.set()

    def pause(self) -> None:
        """The speaker paused: get ready to be finished."""
        self._paused = True
        self._wake.set()

    def finish(self) -> None:
        """No more sound will come: `run` returns."""
        self._finished = True
        self._wake.set()

    async def run(self, engine: Engine, options: Options) -> Transcript:
        """The transcript, once finished. Raises RateLimited where there was no room for it, and
        EngineFailed."""
        async with self._lanes.stream(self._client):
            stream = await self._opened(engine, options)
            try:
                while not self._finished or self._pending:
                    await self._wake.wait()
                    self._wake.clear()
                    await self._decode_pending(stream)
                transcript = await self._step(stream.finish)
            finally:
                await _closed(stream)
        self._measures.decoded("live", self.audio_s, self._compute_s)
        return transcript

    async def _opened(self, engine: Engine, options: Options) -> Stream:
        """A stream; closed again when the caller left while it was opened."""
        opened: list[Stream] = []
        try:
            await self._step(lambda: opened.append(engine.open_stream(options)))
        except asyncio.CancelledError:
            for stream in opened:
                await _closed(stream)
            raise
        return opened[0]

    async def _decode_pending(self, stream: Stream) -> None:
        while self.backlog_s >= STEP_S or (self._pending and (self._paused or self._finished)):
            self._on_interim(await self._step(stream.push, self._next_sound()))
        if self._paused and not self._finished:
            self._paused = False  # told once
            await self._step(stream.pause)

    def _next_sound(self) -> Pcm:
        pieces: list[Pcm] = []
        taken = 0
        while self._pending and taken < MAX_STEP_S * RATE_HZ:
            pieces.append(self._pending.popleft())
            taken += len(pieces[-1])
        self._pending_samples -= taken
        return np.concatenate(pieces)

    async def _step(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """A step of work, seen through: a thread has the stream. A probe's deadline cancels, and
        the deadline around it again."""
        started = time.perf_counter()
        step = asyncio.ensure_future(self._lanes.live_step(self._client, work, *args, **kwargs))
        try:
            return await seen_through(step)
        finally:
            self._compute_s += time.perf_counter() - started


async def _closed(stream: Stream) -> None:
    """In a thread, without a turn."""
    await seen_through(asyncio.ensure_future(asyncio.to_thread(stream.close)))
