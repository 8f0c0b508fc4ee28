"""The beginning of an utterance: where speech begins, how much of it there is, how loud it is."""

import numpy as np
import pytest

from inference.audio import RATE_HZ, SPEECH_RMS, Pcm
from inference.stt.priming import Primer
from tests.speech import speak, trimmed

LEAD_S = 0.5
SPEECH = trimmed(speak("what time is it", "rms"))


def quiet(seconds: float) -> Pcm:
    return np.zeros(int(seconds * RATE_HZ), np.int16)


def primed(*sounds: Pcm, step: int = 1_600) -> Primer:
    primer = Primer()
    sound = np.concatenate(sounds)
    for at in range(0, len(sound), step):
        primer.hear(sound[at : at + step])
    return primer


def test_silence_has_no_beginning() -> None:
    primer = primed(quiet(2))
    assert (primer.since_s, primer.speech_s) == (0.0, 0.0)


def test_a_click_is_no_beginning() -> None:
    click = quiet(0.5)
    click[4_000:4_400] = 8_000
    assert primed(click).since_s == 0.0


@pytest.mark.parametrize("step", [160, 500, 2_048, 100_000])
def test_speech_begins_where_it_does_whatever_the_pieces(step: int) -> None:
    primer = primed(quiet(LEAD_S), SPEECH, step=step)
    assert primer.since_s == pytest.approx(len(SPEECH) / RATE_HZ, abs=0.08)
    assert primer.speech_s <= primer.since_s


def test_only_the_sound_near_speech_is_given_first() -> None:
    primer = primed(quiet(3), SPEECH)
    near = primer.sound(whole=False)
    assert len(SPEECH) < len(near) < len(SPEECH) + RATE_HZ // 2
    assert len(primer.sound(whole=True)) == 3 * RATE_HZ + len(SPEECH)


@pytest.mark.parametrize("loudness", [1.0, 0.1])
def test_speech_is_brought_to_one_level(loudness: float) -> None:
    speech, _ = primed(quiet(1), (SPEECH * loudness).astype(np.int16)).measured()
    rms = float(np.sqrt(np.mean(speech.astype(np.float32) ** 2)))
    assert SPEECH_RMS / 2 < rms < SPEECH_RMS * 1.5
