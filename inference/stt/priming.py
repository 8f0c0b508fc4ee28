"""What the embedded engine learns of a speaker before it decodes: loudness, and speech to measure.

Which frames are speech is WebRTC's detector's word: it hears every single one of 20 ms, where
Silero's smooths over the short silences within words, which spoil a mean.
"""

import numpy as np

from inference.audio import RATE_HZ, SPEECH_RMS, Pcm, amplified, gain_to_level, loud_part
from inference.stt.sphinx_library import Vad
from inference.stt.voice_activity import MAX_VAD_GAIN, PEAK_DECAY_S, QUIET_RMS

FRAME_S = 0.02
FRAME = int(RATE_HZ * FRAME_S)
STRICTNESS = 2
ONSET_FRAMES, ONSET_OF = 3, 4  # speech begins with so many of so many frames: a click is shorter
LEAD_S = 0.3  # of sound before speech that tells decoders where it begins


class Primer:
    """The beginning of an utterance, and what is known of its speaker by then."""

    def __init__(self) -> None:
        self._detector = _Detector()
        self._sound = np.empty(0, np.int16)
        self._flags: list[bool] = []  # a frame: is it speech
        self._begins: int | None = None  # the frame with which speech begins

    def hear(self, pcm: Pcm) -> None:
        self._sound = np.concatenate([self._sound, pcm])
        for at in range(len(self._flags) * FRAME, len(self._sound) - FRAME + 1, FRAME):
            self._flags.append(self._detector.is_speech(self._sound[at : at + FRAME]))
            latest = self._flags[-ONSET_OF:]
            if self._begins is None and sum(latest) >= ONSET_FRAMES:
                self._begins = len(self._flags) - len(latest) + latest.index(True)

    @property
    def speech_s(self) -> float:
        """Of all speech so far."""
        return sum(self._flags) * FRAME_S

    @property
    def since_s(self) -> float:
        """Since speech began."""
        return 0.0 if self._begins is None else len(self._sound) / RATE_HZ - self._begins * FRAME_S

    def measured(self) -> tuple[Pcm, float]:
        """Speech to measure features from, and the gain that brings it to its level."""
        frames = self._sound[: len(self._flags) * FRAME].reshape(-1, FRAME)
        speech = frames[np.array(self._flags, dtype=bool)].reshape(-1)
        speech = loud_part(speech if len(speech) else self._sound)
        gain = gain_to_level(speech)
        return amplified(speech, gain), gain

    def sound(self, *, whole: bool) -> Pcm:
        """All of it, or only what is near the beginning of speech."""
        if whole or self._begins is None:
            return self._sound
        return self._sound[max(0, self._begins * FRAME - int(LEAD_S * RATE_HZ)) :]


class _Detector:
    """WebRTC's, behind a slow gain."""

    def __init__(self) -> None:
        self._vad = Vad(STRICTNESS, FRAME_S)
        self._peak = SPEECH_RMS

    def is_speech(self, frame: Pcm) -> bool:
        rms = float(np.sqrt(np.mean(frame.astype(np.float32) ** 2)))
        self._peak = max(rms, self._peak * 0.5 ** (FRAME_S / PEAK_DECAY_S))
        if rms < QUIET_RMS:
            return False
        gain = min(MAX_VAD_GAIN, max(1.0, SPEECH_RMS / self._peak))
        return self._vad.is_speech(amplified(frame, gain) if gain > 1.0 else frame)
