"""A caller that only measures: speaks on an exact clock, notes each moment it hears the agent.

`parley.caller` knows more (transcripts, events) and pays for it on the clock it would be read by.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

import numpy as np
from livekit import rtc
from numpy.typing import NDArray

from bench.turns.questions import MIC_RATE_HZ

FRAME_S = 0.01
FRAME = int(MIC_RATE_HZ * FRAME_S)
EAR_RATE_HZ = 24_000
LOUD_PEAK = 600  # -35 dBFS: the tone is ten times louder, comfort noise ten times quieter
CONNECT_WITHIN_S = 10.0
# A machine this late has no real time to offer: what was missed is left out, not sent in a burst.
GIVE_UP_S = 0.2

Pcm = NDArray[np.int16]
SILENCE = np.zeros(FRAME, dtype=np.int16).tobytes()


class Unheard(Exception):
    """What was waited for did not come."""


class Caller:
    """One call. Entering connects, leaving hangs up. Instants are `time.perf_counter`."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._token = token
        self._room = rtc.Room()
        # No queue: a frame is on its way when it is given, also after a late one.
        self._mic = rtc.AudioSource(MIC_RATE_HZ, 1, queue_size_ms=0)
        self._saying: Pcm = np.zeros(0, dtype=np.int16)
        self._began: asyncio.Future[float] | None = None
        self._ended: asyncio.Future[float] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._heard = asyncio.Event()
        self._speaking: asyncio.Task[None] | None = None
        self._leaving = False
        self.loud_at_s: list[float] = []  # since it was last cleared
        self.dialled_at_s = 0.0
        self.late_s = 0.0  # the most a frame was sent after its time
        self.hung_up = False

    async def __aenter__(self) -> Self:
        self.dialled_at_s = time.perf_counter()
        self._room.on("track_subscribed", self._on_track)
        self._room.on("disconnected", self._on_disconnected)
        async with asyncio.timeout(CONNECT_WITHIN_S):
            await self._room.connect(self._url, self._token)
            track = rtc.LocalAudioTrack.create_audio_track("mic", self._mic)
            options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
            await self._room.local_participant.publish_track(track, options)
        self._speaking = asyncio.create_task(self._speak())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        # A frame cut off on its way into the SDK has crashed it: the microphone stops by itself.
        self._leaving = True
        for task in self._tasks:
            task.cancel()
        speaking = [self._speaking] if self._speaking else []
        await asyncio.gather(*self._tasks, *speaking, return_exceptions=True)
        await self._room.disconnect()
        await self._mic.aclose()

    async def say(self, samples: Pcm) -> tuple[float, float]:
        """Speak; returns the instants the first and the last sample were sent."""
        loop = asyncio.get_running_loop()
        self._began, self._ended = loop.create_future(), loop.create_future()
        self._saying = samples
        return await self._began, await self._ended

    async def first_loud(self, after_s: float, within_s: float) -> float:
        """The first sound received after an instant. Raises Unheard."""

        def first() -> float | None:
            return next((at_s for at_s in self.loud_at_s if at_s > after_s), None)

        return await self._until(first, within_s)

    async def quiet(self, for_s: float, within_s: float) -> float:
        """Wait until nothing was heard for so long; the last sound's instant. Raises Unheard."""

        def last() -> float | None:
            last_s = self.loud_at_s[-1] if self.loud_at_s else None
            return last_s if last_s and time.perf_counter() - last_s >= for_s else None

        return await self._until(last, within_s)

    async def _until(self, known: Callable[[], float | None], within_s: float) -> float:
        try:
            async with asyncio.timeout(within_s):
                while (at_s := known()) is None:
                    await self._news()
                return at_s
        except TimeoutError:
            raise Unheard(f"not within {within_s:g} s") from None

    async def _news(self) -> None:
        """A sound, or a moment without one."""
        self._heard.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._heard.wait(), 0.05)

    def _spawn(self, coroutine: object) -> None:
        task: asyncio.Task[None] = asyncio.create_task(coroutine)  # type: ignore[arg-type]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _on_track(self, track: rtc.Track, *_: object) -> None:
        if track.kind == rtc.TrackKind.KIND_AUDIO:
            self._spawn(self._listen(track))

    def _on_disconnected(self, *_: object) -> None:
        self.hung_up = True

    async def _listen(self, track: rtc.Track) -> None:
        stream = rtc.AudioStream(track, sample_rate=EAR_RATE_HZ, num_channels=1, frame_size_ms=10)
        try:
            async for event in stream:
                samples = np.frombuffer(event.frame.data, dtype=np.int16)
                if len(samples) and max(int(samples.max()), -int(samples.min())) > LOUD_PEAK:
                    self.loud_at_s.append(time.perf_counter())
                    self._heard.set()
        finally:
            await stream.aclose()

    async def _speak(self) -> None:
        """10 ms frames on an absolute clock, silence when there is nothing to say."""
        next_at_s = time.perf_counter()
        while not self._leaving:
            data = self._frame()
            late_s = time.perf_counter() - next_at_s
            self.late_s = max(self.late_s, late_s)
            if late_s > GIVE_UP_S:
                next_at_s += late_s
            await self._mic.capture_frame(rtc.AudioFrame(data, MIC_RATE_HZ, 1, FRAME))
            self._note()
            next_at_s += FRAME_S
            await asyncio.sleep(max(0.0, next_at_s - time.perf_counter()))

    def _frame(self) -> bytes:
        if not len(self._saying):
            return SILENCE
        chunk, self._saying = self._saying[:FRAME], self._saying[FRAME:]
        data = chunk.tobytes()
        return data + SILENCE[len(data) :]

    def _note(self) -> None:
        now = time.perf_counter()
        if self._began is not None and not self._began.done():
            self._began.set_result(now)
        if self._ended is not None and not self._ended.done() and not len(self._saying):
            self._ended.set_result(now)
