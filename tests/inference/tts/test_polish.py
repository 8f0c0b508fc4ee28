"""Sound begins early, ends soft, and never clips."""

import numpy as np
import pytest
from numpy.typing import NDArray

from inference.tts.engine import SAMPLE_RATE_HZ, Samples
from inference.tts.polish import LEAD, TAIL, Polish, first_sound_s, silence, to_s16

SECOND = SAMPLE_RATE_HZ


def tone(seconds: float, level: float = 0.5) -> Samples:
    at = np.arange(int(seconds * SECOND)) * 2 * np.pi * 300 / SECOND
    return (np.cos(at) * level).astype(np.float32)


def quiet(seconds: float) -> Samples:
    return np.zeros(int(seconds * SECOND), np.float32)


def polished(samples: Samples, piece: int) -> NDArray[np.int16]:
    polish = Polish()
    made = [polish.push(samples[at : at + piece]) for at in range(0, samples.size, piece)]
    return np.frombuffer(b"".join([*made, polish.finish()]), "<i2")


@pytest.mark.parametrize("piece", [7, 480, 960, 100_000])
def test_silence_at_both_ends_is_cut_and_in_the_middle_kept(piece: int) -> None:
    spoken = np.concatenate((tone(0.2), quiet(0.3), tone(0.2)))
    out = polished(np.concatenate((quiet(0.5), spoken, quiet(0.5))), piece)
    assert abs(out.size - (spoken.size + LEAD + TAIL)) <= 2
    assert first_sound_s(out.tobytes()) < 0.02


@pytest.mark.parametrize("piece", [7, 480, 100_000])
def test_a_phrase_cut_off_while_loud_still_ends_soft(piece: int) -> None:
    out = polished(tone(0.3), piece).astype(np.int32)
    assert abs(out[0]) < 200
    assert abs(out[-1]) < 200
    assert np.abs(np.diff(out)).max() < 0.1 * 32_768


def test_the_result_does_not_depend_on_how_it_came() -> None:
    samples = np.concatenate((quiet(0.1), tone(0.2), quiet(0.1)))
    assert polished(samples, 100).tobytes() == polished(samples, 5000).tobytes()


def test_silence_alone_makes_no_sound() -> None:
    assert polished(quiet(1), 480).size == 0


def test_too_loud_bends_instead_of_clipping() -> None:
    out = np.frombuffer(to_s16(tone(0.1, level=1.5)), "<i2").astype(np.int32)
    assert 30_000 < out.max() < 32_767
    assert np.count_nonzero(out == out.max()) < out.size / 10


def test_silence_has_whole_samples() -> None:
    assert len(silence(0.12345)) % 2 == 0
