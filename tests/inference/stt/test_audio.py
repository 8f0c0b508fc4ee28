"""Live sound at any rate becomes sound at one, and speech is brought to one level."""

import numpy as np
import pytest
from numpy.typing import NDArray

from inference.audio import FULL_SCALE, RATE_HZ, SPEECH_RMS, Resampler, amplified, gain_to_level
from tests.inference.sound_makers import assert_is_the_tone, tone


def pcm_tone(rate_hz: int, loudness: float = 1.0) -> NDArray[np.int16]:
    return np.asarray(tone(rate_hz)[:, 0] * FULL_SCALE * loudness, dtype=np.int16)


@pytest.mark.parametrize("rate_hz", [16_000, 24_000])
def test_a_stream_comes_out_whole_whatever_its_pieces(rate_hz: int) -> None:
    samples = pcm_tone(rate_hz)
    stream = Resampler(rate_hz)
    pieces = [stream.push(samples[at : at + 137]) for at in range(0, len(samples), 137)]
    assert_is_the_tone(np.concatenate([*pieces, stream.flush()]))


def test_a_flushed_stream_starts_anew() -> None:
    stream = Resampler(24_000)
    samples = pcm_tone(24_000)
    first = np.concatenate([stream.push(samples), stream.flush()])
    second = np.concatenate([stream.push(samples), stream.flush()])
    assert np.allclose(first, second, atol=2)  # the library dithers


@pytest.mark.parametrize("loudness", [0.01, 0.1, 1.0])
def test_speech_is_brought_to_one_level(loudness: float) -> None:
    quiet = pcm_tone(RATE_HZ, loudness / 2)
    level = amplified(quiet, gain_to_level(quiet)).astype(np.float64)
    assert np.sqrt(np.mean(level**2)) == pytest.approx(SPEECH_RMS, rel=0.1)
