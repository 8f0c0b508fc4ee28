"""Make a phrase's samples fit to be joined and heard: early, clickless, never clipped."""

import numpy as np

from inference.tts.engine import SAMPLE_RATE_HZ, Samples

SILENCE = 0.003  # -50 dBFS: below it nobody hears speech
LEAD_S = 0.010  # kept before the first sound: a soft consonant starts below SILENCE
TAIL_S = 0.020  # kept after the last one
FADE_IN_S = 0.003
KNEE = 0.8  # above it peaks bend instead of breaking off
FULL_SCALE = 32_767

LEAD = int(LEAD_S * SAMPLE_RATE_HZ)
TAIL = int(TAIL_S * SAMPLE_RATE_HZ)
FADE_IN = int(FADE_IN_S * SAMPLE_RATE_HZ)
_NOTHING: Samples = np.zeros(0, np.float32)


class Polish:
    """One phrase on its way out. Silence before it goes at once; that after it, when it ends."""

    def __init__(self) -> None:
        self.skipped = 0  # samples of silence before it
        self._begun = False
        self._held = _NOTHING  # may turn out to be the end: not sent until more sound follows

    def push(self, samples: Samples) -> bytes:
        """s16 bytes that can be heard now; may be empty."""
        heard = np.concatenate((self._held, samples))
        loud = np.flatnonzero(np.abs(heard) > SILENCE)
        if not self._begun:
            quiet = max(0, (int(loud[0]) if loud.size else heard.size) - LEAD)
            self.skipped += quiet
            if not loud.size:
                self._held = heard[quiet:]
                return b""
            heard = _faded_in(heard[quiet:])
            loud = np.flatnonzero(np.abs(heard) > SILENCE)
            self._begun = True
        last = int(loud[-1]) + 1 if loud.size else 0
        # At least a fade's worth stays back, so that a phrase cut off while loud can fade too.
        sent = max(0, min(last, heard.size - TAIL))
        self._held = heard[sent:]
        return to_s16(heard[:sent])

    def finish(self) -> bytes:
        """The end of the phrase, faded out. Empty when there was no sound at all."""
        if not self._begun:
            return b""
        loud = np.flatnonzero(np.abs(self._held) > SILENCE)
        last = int(loud[-1]) + 1 if loud.size else 0
        tail = self._held[: last + TAIL].copy()
        fade = min(TAIL, tail.size)
        tail[tail.size - fade :] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)
        self._held = _NOTHING
        return to_s16(tail)


def to_s16(samples: Samples) -> bytes:
    """Little-endian 16 bit. Above KNEE the curve bends towards full scale and never reaches it."""
    over = np.abs(samples) > KNEE
    if over.any():
        room = 1.0 - KNEE
        bent = KNEE + room * np.tanh((np.abs(samples) - KNEE) / room)
        samples = np.where(over, np.sign(samples) * bent, samples).astype(np.float32)
    return np.rint(samples * FULL_SCALE).astype("<i2").tobytes()


def silence(seconds: float) -> bytes:
    return bytes(2 * int(seconds * SAMPLE_RATE_HZ))


def first_sound_s(pcm: bytes) -> float:
    """Seconds of s16 samples before the first that can be heard."""
    loud = np.abs(np.frombuffer(pcm, "<i2").astype(np.int32)) > SILENCE * FULL_SCALE
    return float(loud.argmax() if loud.any() else loud.size) / SAMPLE_RATE_HZ


def _faded_in(samples: Samples) -> Samples:
    faded = samples.copy()
    fade = min(FADE_IN, faded.size)
    faded[:fade] *= np.linspace(0.0, 1.0, fade, dtype=np.float32)
    return faded
