"""A test speaker: flite's voices slt (a woman's) and rms (a man's), 16 kHz."""

import io
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import soundfile as sf
from numpy.typing import NDArray

RATE_HZ = 16_000
Pcm = NDArray[np.int16]


@cache
def _wav(text: str, voice: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "speech.wav"
        subprocess.run(["flite", "-voice", voice, "-t", text, "-o", str(path)], check=True)
        return path.read_bytes()


def speak(text: str, voice: str = "slt") -> Pcm:
    """`text` spoken: mono int16 samples at RATE_HZ."""
    samples, rate = sf.read(io.BytesIO(_wav(text, voice)), dtype="int16")
    assert rate == RATE_HZ
    return np.asarray(samples, dtype=np.int16)


def wav_bytes(samples: Pcm, rate_hz: int = RATE_HZ, fmt: str = "WAV") -> bytes:
    """`samples` as a file of `fmt` (WAV, FLAC, OGG)."""
    out = io.BytesIO()
    sf.write(out, samples, rate_hz, format=fmt)
    return out.getvalue()


def trimmed(samples: Pcm, quiet: int = 200) -> Pcm:
    """`samples` without the near-silence flite puts at both ends."""
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > quiet)
    return samples[loud[0] : loud[-1] + 1] if len(loud) else samples
