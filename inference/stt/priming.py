"""What the embedded engine learns of a speaker before it decodes: loudness, and speech to measure.

Which frames are speech is WebRTC's detector's word: it hears every single one of 20 ms, where
Silero's smooths over the short silences within words, which spoil a mean.
"""

import numpy as np

from inference.audio import RATE_HZ, SPEECH_RMS, Pcm, amplified
from inference.stt.sphinx_library import Vad
from inference.stt.voice_activity import MAX_VAD_GAIN, PEAK_DECAY_S, QUIET_RMS

FRAME_S = 0.02
FRAME = int(RATE_HZ * FRAME_S)
STRICTNESS = 2


class SpeechFrames:
    """Picks the frames that are speech out of a stream."""

    def __init__(self) -> None:
        self._vad = Vad(STRICTNESS, FRAME_S)
        self._peak = SPEECH_RMS

    def of(self, pcm: Pcm) -> Pcm:
        frames = [pcm[at : at + FRAME] for at in range(0, len(pcm) - FRAME + 1, FRAME)]
        return np.concatenate([pcm[:0], *(frame for frame in frames if self._is_speech(frame))])

    def _is_speech(self, frame: Pcm) -> bool:
        rms = float(np.sqrt(np.mean(frame.astype(np.float32) ** 2)))
        self._peak = max(rms, self._peak * 0.5 ** (FRAME_S / PEAK_DECAY_S))
        if rms < QUIET_RMS:
            return False
        gain = min(MAX_VAD_GAIN, max(1.0, SPEECH_RMS / self._peak))
        return self._vad.is_speech(amplified(frame, gain) if gain > 1.0 else frame)
