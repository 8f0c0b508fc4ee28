"""A recording is cut where someone pauses: all speech is kept, and little else."""

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import pytest

from inference.audio import RATE_HZ, Pcm
from inference.stt.cutting import MAX_STRETCH_S, PADDING_S, Cutter, Stretch
from tests.speech import speak, trimmed

TEXTS = ["what time is it", "cancel the timer"]


def quiet(seconds: float) -> Pcm:
    return np.zeros(int(seconds * RATE_HZ), np.int16)


def said(text: str) -> Pcm:
    return trimmed(speak(text))


def cut(recording: Pcm, piece: int = RATE_HZ, stretch_s: float = 0.0) -> list[Stretch]:
    cutter = Cutter(stretch_s)
    found: list[Stretch] = []
    for at in range(0, len(recording), piece):
        found += cutter.push(recording[at : at + piece])
    return found + cutter.end()


def joined(parts: Iterable[Pcm]) -> Pcm:
    return np.concatenate(list(parts))


def test_silence_and_nothing_have_no_stretches() -> None:
    assert cut(quiet(5)) == []
    assert cut(quiet(0)) == []
    assert Cutter().end() == []


def test_short_pauses_within_a_wanted_length_are_kept() -> None:
    sentence = speak("set a timer for five minutes")
    gap = np.zeros(RATE_HZ, np.int16)
    sound = np.concatenate([part for _ in range(6) for part in (sentence, gap)])
    lengths = [len(stretch.sound) / RATE_HZ for stretch in cut(sound, stretch_s=8.0)]
    assert len(lengths) == 2
    assert all(7.5 <= length_s <= 12.0 for length_s in lengths)
    assert len(cut(sound)) == 6


def test_a_long_pause_ends_a_stretch_however_short_it_is() -> None:
    sentence = speak("what time is it")
    sound = np.concatenate([sentence, np.zeros(3 * RATE_HZ, np.int16), sentence])
    assert len(cut(sound, stretch_s=15.0)) == 2


def test_hum_is_no_speech() -> None:
    at_s = np.arange(RATE_HZ * 3) / RATE_HZ
    assert cut((3_000 * np.sin(2 * np.pi * 100 * at_s)).astype(np.int16)) == []


def test_sentences_with_a_pause_between_are_stretches_of_their_own() -> None:
    first, second = map(said, TEXTS)
    recording = joined([quiet(2), first, quiet(2), second, quiet(2)])
    begins = [2 * RATE_HZ, 4 * RATE_HZ + len(first)]
    found = cut(recording)
    assert len(found) == 2
    for stretch, begin, speech in zip(found, begins, (first, second), strict=True):
        assert begin - RATE_HZ < stretch.first <= begin
        assert begin + len(speech) <= stretch.end < begin + len(speech) + RATE_HZ
        assert 0.3 < stretch.speech_share <= 1
        assert np.array_equal(stretch.sound, recording[stretch.first : stretch.end])


def test_a_breath_within_a_sentence_does_not_cut_it() -> None:
    first, second = map(said, TEXTS)
    assert len(cut(joined([quiet(1), first, quiet(0.25), second, quiet(1)]))) == 1


def test_speech_up_to_the_last_sample_is_kept() -> None:
    recording = joined([quiet(1), said(TEXTS[0])])
    (stretch,) = cut(recording)
    assert stretch.end == len(recording)
    assert stretch.first <= RATE_HZ


def test_speech_from_the_first_sample_is_kept() -> None:
    (stretch,) = cut(joined([said(TEXTS[0]), quiet(2)]))
    assert stretch.first == 0


@pytest.mark.parametrize("piece", [1, 160, 511, 512, 4_000, 10**9])
def test_the_size_of_the_pieces_does_not_matter(piece: int) -> None:
    recording = joined([quiet(0.5), said(TEXTS[0]), quiet(1), said(TEXTS[1]), quiet(0.2)])
    if piece == 1:
        recording = recording[: RATE_HZ * 2]  # a sample at a time takes a while
    whole, parts = cut(recording), cut(recording, piece)
    assert [(s.first, s.end, s.speech_share) for s in parts] == [
        (s.first, s.end, s.speech_share) for s in whole
    ]
    assert whole


def test_a_talk_without_a_pause_is_cut_without_a_gap() -> None:
    talk = np.tile(joined(map(said, TEXTS)), 26)
    assert len(talk) > 2 * MAX_STRETCH_S * RATE_HZ
    found = cut(talk)
    assert len(found) >= 3
    assert all(len(s.sound) <= (MAX_STRETCH_S + 2 * PADDING_S + 0.1) * RATE_HZ for s in found)
    assert all(a.end == b.first for a, b in pairwise(found))
    assert found[0].first == 0
    assert found[-1].end >= len(talk) - RATE_HZ * PADDING_S


def test_stretches_never_overlap() -> None:
    pauses = (0.55, 0.6, 0.65, 0.7, 0.9)
    recording = joined(part for pause in pauses for part in (said(TEXTS[0]), quiet(pause)))
    found = cut(recording)
    assert len(found) > 1
    assert all(a.end <= b.first for a, b in pairwise(found))
    assert all(s.first < s.end <= len(recording) for s in found)
