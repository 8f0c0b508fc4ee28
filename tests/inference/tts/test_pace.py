"""Phrases are as long as the time to make them allows."""

import pytest

from inference.tts.pace import (
    FEWEST_CHARS,
    FEWEST_NEXT_CHARS,
    FIRST_CHARS,
    ROUND_S,
    Pace,
    first_chars,
)
from inference.tts.phrases import MAX_PHRASE_CHARS


def pace(rtf: float) -> Pace:
    """Of an engine that has made many phrases at 15 characters a second."""
    made = Pace()
    for _ in range(30):
        made.made(chars=150, audio_s=10.0, busy_s=10.0 * rtf)
    return made


def test_the_more_wait_the_shorter_is_what_comes_first() -> None:
    assert first_chars(0) == FIRST_CHARS
    assert first_chars(1) == FIRST_CHARS // 2
    assert first_chars(30) == FEWEST_CHARS


@pytest.mark.parametrize("rtf", [0.1, 0.3, 0.6])
def test_a_phrase_is_made_before_the_last_one_is_heard(rtf: float) -> None:
    ahead_s = 2.0
    before = 0
    while ahead_s < 30.0:
        chars = pace(rtf).next_chars(ahead_s, 1.0)
        audio_s = chars / 15.0
        assert audio_s * rtf < ahead_s
        assert before <= chars <= MAX_PHRASE_CHARS  # they grow
        ahead_s = ahead_s - audio_s * rtf + audio_s
        before = chars


def test_who_shares_the_engine_gets_shorter_ones() -> None:
    assert pace(0.3).next_chars(2.0, 2.0) < pace(0.3).next_chars(2.0, 1.0)


@pytest.mark.parametrize("rtf", [0.5, 2.0, 5.0])
@pytest.mark.parametrize("sharers", [1.0, 4.0])
def test_nobody_waits_long_for_another_who_is_far_ahead(rtf: float, sharers: float) -> None:
    chars = pace(rtf).next_chars(1000.0, sharers)
    assert chars / 15.0 * rtf * sharers <= ROUND_S * 1.05 or chars == FEWEST_NEXT_CHARS


def test_an_engine_that_cannot_keep_up_is_not_asked_for_scraps() -> None:
    assert pace(3.0).next_chars(0.0, 4.0) == FEWEST_NEXT_CHARS


def test_a_phrase_without_sound_teaches_nothing() -> None:
    made = Pace()
    before = made.next_chars(2.0, 1.0)
    made.made(chars=10, audio_s=0.0, busy_s=1.0)
    assert made.next_chars(2.0, 1.0) == before
