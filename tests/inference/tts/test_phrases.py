"""Phrases are short enough to share an engine and end where a reader would pause."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.tts.phrases import (
    CLAUSE_PAUSE_S,
    LINE_PAUSE_S,
    MAX_PHRASE_CHARS,
    SENTENCE_PAUSE_S,
    phrases,
)


def words(text: str) -> str:
    return "".join(char for char in text if char.isalnum())


def texts(text: str) -> list[str]:
    return [phrase.text for phrase in phrases(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello there. How are you?", ["Hello there.", "How are you?"]),
        ("Dr. Smith paid 3.50 in St. Ives. Then he left.",
         ["Dr. Smith paid 3.50 in St. Ives.", "Then he left."]),
        ("Use e.g. a U.S. map. Good.", ["Use e.g. a U.S. map.", "Good."]),
        ('He said "Stop!" and ran.', ['He said "Stop!" and ran.']),
        ("你好。再见。", ["你好。", "再见。"]),
        ("one\ntwo", ["one", "two"]),
        ("", []),
    ],
)  # fmt: skip
def test_it_cuts_at_sentence_ends(text: str, expected: list[str]) -> None:
    assert texts(text) == expected


def test_a_long_sentence_is_cut_at_its_commas() -> None:
    long = "this is a clause that goes on for a while, " * 6
    cut = phrases(long)
    assert all(phrase.text.endswith(",") for phrase in cut[:-1])
    assert cut[0].pause_s == CLAUSE_PAUSE_S


def test_a_new_line_is_a_longer_pause_than_a_new_sentence() -> None:
    first, second, _ = phrases("One. Two.\nThree.")
    assert (first.pause_s, second.pause_s) == (SENTENCE_PAUSE_S, LINE_PAUSE_S)


def test_one_endless_word_is_cut_too() -> None:
    assert [len(text) for text in texts("a" * 4096)][:2] == [MAX_PHRASE_CHARS] * 2


@given(st.text(max_size=600))
def test_no_word_is_lost_and_no_phrase_too_long(text: str) -> None:
    cut = texts(text)
    assert words("".join(cut)) == words(text)
    assert all(0 < len(phrase) <= MAX_PHRASE_CHARS for phrase in cut)


@pytest.mark.parametrize("unit", [".", "!?", '!"', "a. ", ", ", "。", "a."])
def test_hostile_text_takes_bounded_time(unit: str) -> None:
    started_s = time.process_time()
    phrases(unit * (4096 // len(unit)))
    assert time.process_time() - started_s < 0.25
