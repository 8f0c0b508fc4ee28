"""The stretches of speech in a recording, cut out while it comes in: memory does not grow."""

from dataclasses import dataclass

import numpy as np

from inference.audio import RATE_HZ, Pcm
from inference.stt.voice_activity import FRAME, ONSET_FRAMES, VoiceActivity

MAX_STRETCH_S = 20.0  # bounds what one piece of work costs
PAUSE_S = 0.6  # shorter ones are within a sentence
LONG_PAUSE_S = 2.0  # ends a stretch however short it is
PADDING_S = 0.3  # kept on both sides: the soft edges of words


@dataclass(frozen=True, slots=True)
class Stretch:
    """Speech from sample to sample of a recording, and the share of its frames that are speech."""

    first: int
    end: int
    speech_share: float
    sound: Pcm


class Cutter:
    """Push the recording piece by piece, then `end` it. Pauses within `stretch_s` are kept."""

    def __init__(self, stretch_s: float = 0.0) -> None:
        self._stretch_s = stretch_s
        self._activity = VoiceActivity()
        self._kept: Pcm = np.empty(0, np.int16)
        self._kept_from = 0  # sample of the recording that `_kept` begins with
        self._at = 0  # samples judged
        self._begun: int | None = None
        self._floor = 0  # where the last stretch ended
        self._spoken_frames = 0

    def push(self, pcm: Pcm) -> list[Stretch]:
        """The stretches that ended in it. Blocks for as long as it takes to judge the sound."""
        self._kept = np.concatenate([self._kept, pcm])
        found = []
        for _ in self._activity.frames(pcm):
            self._at += FRAME
            if (stretch := self._judged()) is not None:
                found.append(stretch)
        self._forget()
        return found

    def end(self) -> list[Stretch]:
        """The stretch that the recording ends within, if any."""
        whole = self._kept_from + len(self._kept)
        if self._begun is None or self._begun >= whole or not self._spoken_frames:
            return []
        return [self._cut(self._begun, whole)]

    def _judged(self) -> Stretch | None:
        """A stretch that the latest frame ends."""
        activity = self._activity
        if not activity.speaking:
            return None
        if self._begun is None:
            padding = int(PADDING_S * RATE_HZ)
            self._begun = max(self._floor, self._at - ONSET_FRAMES * FRAME - padding)
            self._spoken_frames = 0
        self._spoken_frames += activity.quiet_s == 0
        length_s = (self._at - self._begun) / RATE_HZ
        pause_s = PAUSE_S if length_s >= self._stretch_s else LONG_PAUSE_S
        paused = activity.quiet_s >= pause_s
        if not paused and length_s < MAX_STRETCH_S:
            return None
        end = self._at - int((activity.quiet_s - PADDING_S) * RATE_HZ) if paused else self._at
        stretch = self._cut(self._begun, end)
        self._floor, self._spoken_frames = end, 0
        self._begun = None if paused else end
        if paused:
            activity.reset()
        return stretch

    def _cut(self, first: int, end: int) -> Stretch:
        sound = self._kept[first - self._kept_from : end - self._kept_from].copy()
        return Stretch(first, end, min(1.0, self._spoken_frames * FRAME / (end - first)), sound)

    def _forget(self) -> None:
        """What no stretch can begin in any more."""
        margin = ONSET_FRAMES * FRAME + int(PADDING_S * RATE_HZ)
        needed = self._begun if self._begun is not None else max(self._floor, self._at - margin)
        if needed > self._kept_from:
            self._kept = self._kept[needed - self._kept_from :].copy()
            self._kept_from = needed
