"""Where in a stream of sound someone speaks, and for how long they have been quiet."""

from collections import deque
from collections.abc import Callable, Iterator

import numpy as np

from inference.audio import RATE_HZ, SPEECH_RMS, Pcm, amplified
from inference.stt.sphinx_library import Vad

FRAME_S = 0.02
FRAME = int(RATE_HZ * FRAME_S)
# Speech begins with five frames of seven: a click is shorter. It goes on from three of five.
START_FRAMES, START_OF = 5, 7
GO_ON_FRAMES, GO_ON_OF = 3, 5
DEFAULT_THRESHOLD = 0.5
# The detector knows speech by absolute loudness: a quiet microphone is brought up for it, as far
# as its own peaks of the last while allow.
PEAK_DECAY_S = 10.0
MAX_VAD_GAIN = 30.0
QUIET_RMS = 30.0  # -60 dBFS: below, what is amplified is the noise of the line


class VoiceActivity:
    """Says of each frame whether it belongs to speech, and how long it has been quiet."""

    def __init__(self, threshold: float = DEFAULT_THRESHOLD) -> None:
        self._is_speech = frame_detector(threshold)
        self._rest = np.empty(0, np.int16)
        self._recent: deque[bool] = deque(maxlen=START_OF)
        self.speaking = False
        self.quiet_s = 0.0  # since the last speech, while `speaking`

    def frames(self, pcm: Pcm) -> Iterator[Pcm]:
        """The whole frames of what was pushed, each after the state was brought up to it."""
        sound = np.concatenate([self._rest, pcm]) if len(self._rest) else pcm
        whole = len(sound) // FRAME * FRAME
        self._rest = sound[whole:].copy()
        for at in range(0, whole, FRAME):
            frame = sound[at : at + FRAME]
            self._take(self._is_speech(frame))
            yield frame

    def take_rest(self) -> Pcm:
        """Samples that did not fill a frame."""
        rest, self._rest = self._rest, np.empty(0, np.int16)
        return rest

    def reset(self) -> None:
        """As if nothing had been said; the loudness of the line stays known."""
        self.speaking = False
        self.quiet_s = 0.0
        self._recent.clear()

    def _take(self, is_speech: bool) -> None:
        self._recent.append(is_speech)
        if not self.speaking:
            self.speaking = sum(self._recent) >= START_FRAMES
            self.quiet_s = 0.0
        elif is_speech and sum(list(self._recent)[-GO_ON_OF:]) >= GO_ON_FRAMES:
            self.quiet_s = 0.0
        else:
            self.quiet_s += FRAME_S


def frame_detector(threshold: float = DEFAULT_THRESHOLD) -> Callable[[Pcm], bool]:
    """WebRTC's detector behind a slow gain; `threshold` 0 to 1 is its strictness."""
    vad = Vad(min(3, int(threshold * 4)), FRAME_S)
    decay = 0.5 ** (FRAME_S / PEAK_DECAY_S)
    peak = SPEECH_RMS

    def is_speech(frame: Pcm) -> bool:
        nonlocal peak
        rms = float(np.sqrt(np.mean(frame.astype(np.float32) ** 2)))
        peak = max(rms, peak * decay)
        if rms < QUIET_RMS:
            return False
        gain = min(MAX_VAD_GAIN, max(1.0, SPEECH_RMS / peak))
        return vad.is_speech(amplified(frame, gain) if gain > 1.0 else frame)

    return is_speech
