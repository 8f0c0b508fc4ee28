"""Where in a stream of sound someone speaks, and for how long they have been quiet."""

from collections.abc import Iterator

import numpy as np

from inference.audio import RATE_HZ, SPEECH_RMS, Pcm, amplified
from inference.stt import silero

FRAME = silero.FRAME
FRAME_S = FRAME / RATE_HZ
DEFAULT_THRESHOLD = 0.5
# Speech begins where two frames are as likely as `threshold` on average. Measured on 104 sentences,
# loud and quiet: 65 ms after it really began (P95 127 ms); white noise, clicks, tones and chords
# never come above 0.25. It goes on while frames are no less likely than that by this much.
GO_ON_MARGIN = 0.15
ONSET_FRAMES = 4  # at most, between the beginning of speech and where it is found
# A quiet microphone is brought up for the detector, as far as its own peaks of the last while
# allow.
PEAK_DECAY_S = 10.0
MAX_VAD_GAIN = 30.0
QUIET_RMS = 30.0  # -60 dBFS: below, what is amplified is the noise of the line


class VoiceActivity:
    """Says of each frame whether it belongs to speech, and how long it has been quiet."""

    def __init__(self, threshold: float = DEFAULT_THRESHOLD) -> None:
        self._threshold = threshold
        self._detector = silero.Silero()
        self._peak = SPEECH_RMS
        self._rest = np.empty(0, np.int16)
        self._before = 0.0  # how likely the frame before was speech
        self.speaking = False
        self.quiet_s = 0.0  # since the last speech, while `speaking`

    def frames(self, pcm: Pcm) -> Iterator[Pcm]:
        """The whole frames of what was pushed, each after the state was brought up to it."""
        sound = np.concatenate([self._rest, pcm]) if len(self._rest) else pcm
        whole = len(sound) // FRAME * FRAME
        self._rest = sound[whole:].copy()
        for at in range(0, whole, FRAME):
            frame = sound[at : at + FRAME]
            self._take(self._probability(frame))
            yield frame

    def take_rest(self) -> Pcm:
        """Samples that did not fill a frame."""
        rest, self._rest = self._rest, np.empty(0, np.int16)
        return rest

    def reset(self) -> None:
        """As if nothing had been said; the loudness of the line stays known."""
        self.speaking = False
        self.quiet_s = 0.0
        self._before = 0.0

    def _probability(self, frame: Pcm) -> float:
        rms = float(np.sqrt(np.mean(frame.astype(np.float32) ** 2)))
        self._peak = max(rms, self._peak * 0.5 ** (FRAME_S / PEAK_DECAY_S))
        gain = min(MAX_VAD_GAIN, max(1.0, SPEECH_RMS / self._peak))
        heard = self._detector.probability(amplified(frame, gain) if gain > 1.0 else frame)
        return heard if rms >= QUIET_RMS else 0.0

    def _take(self, probability: float) -> None:
        if not self.speaking:
            self.speaking = (self._before + probability) / 2 >= self._threshold
            self.quiet_s = 0.0
        elif probability >= self._threshold - GO_ON_MARGIN:
            self.quiet_s = 0.0
        else:
            self.quiet_s += FRAME_S
        self._before = probability
