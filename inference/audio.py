"""Sound as the model servers take it in: any rate, one level."""

import numpy as np
import soxr
from numpy.typing import NDArray

RATE_HZ = 16_000  # what recognisers are trained on
BYTES_PER_SAMPLE = 2
FULL_SCALE = 32_767
# Speech at this RMS uses 16 bits well and leaves 20 dB for its peaks.
SPEECH_RMS = 3_000.0
MAX_GAIN = 100.0
LEVEL_FRAME = RATE_HZ // 50
LOUD_PERCENTILE = 85  # frames of speech, also where half of the sound is silence
LOUDEST_PERCENTILE = 95  # above it, clicks
LOUD_RANGE = 0.1  # speech lies within 20 dB of its loudest
SILENCE_RMS = 5.0  # -76 dBFS: below, there is nothing to hear

Pcm = NDArray[np.int16]


class Resampler:
    """A stream of 16-bit mono sound at `rate_hz`, turned into RATE_HZ piece by piece."""

    def __init__(self, rate_hz: int) -> None:
        self._stream = soxr.ResampleStream(rate_hz, RATE_HZ, 1, dtype="int16", quality="MQ")
        self._same = rate_hz == RATE_HZ

    def push(self, pcm: Pcm) -> Pcm:
        return pcm if self._same else self._resampled(pcm, last=False)

    def flush(self) -> Pcm:
        """What the filter still holds; the next push starts anew."""
        if self._same:
            return np.empty(0, np.int16)
        rest = self._resampled(np.empty(0, np.int16), last=True)
        self._stream.clear()
        return rest

    def _resampled(self, pcm: Pcm, *, last: bool) -> Pcm:
        return np.asarray(self._stream.resample_chunk(pcm, last=last), dtype=np.int16)


def gain_to_level(pcm: Pcm) -> float:
    """The gain that brings the speech in `pcm` to SPEECH_RMS."""
    whole = len(pcm) // LEVEL_FRAME * LEVEL_FRAME
    if not whole:
        return 1.0
    frames = pcm[:whole].reshape(-1, LEVEL_FRAME).astype(np.float32)
    loud = float(np.percentile(np.sqrt(np.mean(frames**2, axis=1)), LOUD_PERCENTILE))
    return min(MAX_GAIN, SPEECH_RMS / max(loud, 1.0))


def loud_part(pcm: Pcm) -> Pcm:
    """The frames of `pcm` within LOUD_RANGE of its loudest: its speech, without the silence."""
    whole = len(pcm) // LEVEL_FRAME * LEVEL_FRAME
    if not whole:
        return pcm[:0]
    frames = pcm[:whole].reshape(-1, LEVEL_FRAME)
    levels = np.sqrt(np.mean(frames.astype(np.float32) ** 2, axis=1))
    loudest = float(np.percentile(levels, LOUDEST_PERCENTILE))
    loud = frames[levels > max(LOUD_RANGE * loudest, SILENCE_RMS)]
    return np.asarray(loud.reshape(-1), dtype=np.int16)


def amplified(pcm: Pcm, gain: float) -> Pcm:
    louder = np.clip(pcm.astype(np.float32) * gain, -FULL_SCALE, FULL_SCALE)
    return np.asarray(louder, dtype=np.int16)
