"""A microphone and a loudspeaker in virtual time; each sound's level says what it is.

What a person says is a constant level, one for each saying, so that an ear far behind resamplers
still knows which words it hears how much of. What the agent says is told apart the same way.
"""

import asyncio
import time
from collections import deque
from dataclasses import dataclass

import numpy as np
from livekit import rtc
from livekit.agents.voice import io
from numpy.typing import NDArray

from tests.livekit_agent.virtual.clock import now_s

MIC_RATE_HZ = 16_000
VOICE_RATE_HZ = 24_000
FRAME_S = 0.02
FIRST_LEVEL, LEVEL_STEP = 2000, 400  # of 32768
LOUD = 1000
FIRST_VOICE_LEVEL = 500
CLIP_HZ = 600  # the first line's; each has its own pitch

Pcm = NDArray[np.int16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """What a person says, from when to when; no words: a noise."""

    words: str
    starts_s: float
    seconds: float

    @property
    def ends_s(self) -> float:
        return self.starts_s + self.seconds


class Microphone(io.AudioInput):
    """Silence, and what `say` puts into it."""

    def __init__(self) -> None:
        super().__init__(label="microphone")
        self.sayings: list[Saying] = []
        self._frames = 0
        self._open = asyncio.Event()
        self._open.set()

    def say(self, words: str, seconds: float, *, starts_s: float) -> Saying:
        """Sayings may not overlap."""
        saying = Saying(words=words, starts_s=starts_s, seconds=seconds)
        self.sayings.append(saying)
        return saying

    async def __anext__(self) -> rtc.AudioFrame:
        while True:
            self._frames = max(self._frames, round(now_s() / FRAME_S))
            await asyncio.sleep((self._frames + 1) * FRAME_S - now_s())
            middle_s = (self._frames + 0.5) * FRAME_S
            self._frames += 1
            if self._open.is_set():
                return _frame(self._level(middle_s), MIC_RATE_HZ)
            await self._open.wait()

    def on_attached(self) -> None:
        self._open.set()

    def on_detached(self) -> None:
        self._open.clear()

    def _level(self, at_s: float) -> int:
        for place, saying in enumerate(self.sayings):
            if saying.starts_s <= at_s < saying.ends_s:
                return FIRST_LEVEL + place * LEVEL_STEP
        return 0


def saying_of(samples: Pcm) -> int | None:
    """The place of the saying that these samples are of; None for silence."""
    loud = samples[np.abs(samples) > LOUD]
    if 2 * loud.size < samples.size:
        return None
    return max(0, round((float(np.median(loud)) - FIRST_LEVEL) / LEVEL_STEP))


def _frame(level: int, rate_hz: int) -> rtc.AudioFrame:
    samples = int(rate_hz * FRAME_S)
    return rtc.AudioFrame(np.full(samples, level, "<i2").tobytes(), rate_hz, 1, samples)


@dataclass(slots=True)
class Sound:
    """Something that was heard without a break."""

    what: str
    starts_s: float
    ends_s: float

    @property
    def seconds(self) -> float:
        return self.ends_s - self.starts_s


@dataclass(frozen=True, slots=True)
class _SegmentEnd:
    """The agent has nothing to add to what it said."""


class Loudspeaker(io.AudioOutput):
    """Plays as RoomIO's does: at the speed of speech, can pause, forgets what is cleared."""

    def __init__(self) -> None:
        super().__init__(
            label="loudspeaker",
            capabilities=io.AudioOutputCapabilities(pause=True),
            sample_rate=VOICE_RATE_HZ,
        )
        self.sounds: list[Sound] = []
        self.texts: list[str] = []  # what each voice level says
        self.lines: list[str] = []  # what each pitch says
        self._queue: deque[rtc.AudioFrame | _SegmentEnd] = deque()
        self._played_s = 0.0
        self._pushed = False
        self._is_flushed = False
        self._cleared = False
        self._wake = asyncio.Event()
        self._plays = asyncio.Event()
        self._plays.set()
        self._task = asyncio.create_task(self._play())

    async def aclose(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def level_of(self, text: str) -> int:
        """The level that a voice is to say `text` at."""
        if text not in self.texts:
            self.texts.append(text)
        return FIRST_VOICE_LEVEL + self.texts.index(text)

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)
        self._pushed = True
        if self._cleared:
            return
        data = np.frombuffer(frame.data, "<i2")
        size = int(frame.sample_rate * FRAME_S)
        for start in range(0, len(data), size):
            part = data[start : start + size]
            self._queue.append(rtc.AudioFrame(part.tobytes(), frame.sample_rate, 1, len(part)))
        self._wake.set()

    def flush(self) -> None:
        super().flush()
        if not self._pushed:
            return
        if self._cleared:
            self._finish(interrupted=True)
        else:
            self._is_flushed = True
            self._queue.append(_SegmentEnd())
            self._wake.set()

    def clear_buffer(self) -> None:
        if not self._pushed:
            return
        self._queue.clear()
        if self._is_flushed:
            self._finish(interrupted=True)
        else:
            self._cleared = True

    def pause(self) -> None:
        super().pause()
        self._plays.clear()

    def resume(self) -> None:
        super().resume()
        self._plays.set()

    def _finish(self, *, interrupted: bool) -> None:
        played_s, self._played_s = self._played_s, 0.0
        self._pushed = self._is_flushed = self._cleared = False
        self.on_playback_finished(playback_position=played_s, interrupted=interrupted)

    async def _play(self) -> None:
        while True:
            await self._plays.wait()
            if not self._queue:
                self._wake.clear()
                await self._wake.wait()
                continue
            entry = self._queue.popleft()
            if isinstance(entry, _SegmentEnd):
                self._finish(interrupted=False)
                continue
            if self._played_s == 0.0:
                self.on_playback_started(created_at=time.time())
            self._note(self._name(entry), entry.duration)
            self._played_s += entry.duration
            await asyncio.sleep(entry.duration)

    def _name(self, frame: rtc.AudioFrame) -> str:
        data = np.frombuffer(frame.data, "<i2")
        crossings = int(np.count_nonzero(np.diff(np.signbit(data))))
        if crossings:
            return self.lines[round(crossings / 2 / frame.duration / CLIP_HZ) - 1]
        return self.texts[int(data[0]) - FIRST_VOICE_LEVEL]

    def _note(self, what: str, seconds: float) -> None:
        last = self.sounds[-1] if self.sounds else None
        if last is not None and last.what == what and now_s() - last.ends_s < FRAME_S / 2:
            last.ends_s = now_s() + seconds
        else:
            self.sounds.append(Sound(what, now_s(), now_s() + seconds))


def voice_pcm(level: int, seconds: float) -> bytes:
    return np.full(int(VOICE_RATE_HZ * seconds), level, "<i2").tobytes()


def clip_pcm(place: int, seconds: float) -> bytes:
    """A square wave, of the pitch of line number `place`."""
    times = np.arange(int(VOICE_RATE_HZ * seconds)) / VOICE_RATE_HZ
    high = np.floor(times * CLIP_HZ * (place + 1) * 2) % 2 == 0
    return np.where(high, 4000, -4000).astype("<i2").tobytes()
