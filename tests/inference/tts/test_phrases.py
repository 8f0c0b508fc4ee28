"""Phrases are short enough to share an engine and end where a reader would pause."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.tts.phrases import (
    CLAUSE_PAUSE_S,
    LINE_PAUSE_S,
    MAX_PHRASE_CHARS,
    SENTENCE_PAUSE_S,
    Phrase,
    Reading,
    phrases,
)
from inference.tts.script import Script


def said(text: str) -> list[Phrase]:
    return phrases(Script.of(text))


def words(text: str) -> str:
    return "".join(char for char in text if char.isalnum())


def texts(text: str) -> list[str]:
    return [phrase.text for phrase in said(text)]


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
    cut = said(long)
    assert all(phrase.text.endswith(",") for phrase in cut[:-1])
    assert cut[0].pause_s == CLAUSE_PAUSE_S


def test_a_new_line_is_a_longer_pause_than_a_new_sentence() -> None:
    first, second, _ = said("One. Two.\nThree.")
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
    phrases(Script.of(unit * (4096 // len(unit))))
    assert time.process_time() - started_s < 0.25


def read(text: str, chars: int) -> list[str]:
    """`text`, where each phrase may have about so many characters."""
    reading = Reading(said(text))
    found: list[str] = []
    while reading:
        phrase = reading.upto(chars) if found else reading.first(chars)
        reading.advance(phrase)
        found.append(phrase.text)
    return found


@pytest.mark.parametrize(
    ("text", "chars", "first"),
    [
        ("The weather is fine today, isn't it, Bob? Yes.", 40, "The weather is fine today,"),
        ("No, I would not have thought this of you.", 30, "No, I would not have thought"),
        ("Come here, and bring what you have with you now.", 40,
         "Come here, and bring what you have with you now."),
        ("Hello there. How are you?", 40, "Hello there."),
        ("I think that this will be a rather long sentence without any comma", 40,
         "I think that this will be a rather long"),
        ("I think that this will be a rather long sentence", 12, "I think that"),
        ("It costs exactly 25 dollars for you today", 20, "It costs exactly"),
        ("We have seen good old Dr. Smith walking home", 25, "We have seen good old"),
        ("今天天气很好。我们去公园散步吧。", 20, "今天天气很好。"),
    ],
)  # fmt: skip
def test_a_short_phrase_ends_at_the_first_good_place(text: str, chars: int, first: str) -> None:
    assert read(text, chars)[0] == first


def test_what_stands_for_one_stretch_of_the_source_is_said_in_one_go() -> None:
    written = Script.of("It is $25000 that I want from all of you")
    script = written.sub(re.compile(r"\$25000"), "twenty five thousand dollars")
    reading = Reading(phrases(script))
    first = reading.upto(12)
    assert first.text == "It is twenty five thousand dollars"
    assert first.script.origin(6, len(first.text)) == (6, 12)


def test_a_clause_that_would_leave_nothing_to_say_takes_it_along() -> None:
    text = "This is the only clause there is, - - - - - -"
    assert read(text, 30) == [text]


def test_phrases_may_grow_to_whole_sentences() -> None:
    reading = Reading(said("One thing here, one thing there, and all of it at once. Then more."))
    assert reading.first(40).text == "One thing here, one thing there,"
    assert reading.upto(50).text == "One thing here, one thing there, and all of it at once."
    assert reading.upto(160) is reading.whole()


@given(st.text(alphabet=st.sampled_from("ab1 ,.;\n'你。-$"), max_size=500), st.integers(10, 160))
def test_however_short_no_word_is_lost_or_broken(text: str, chars: int) -> None:
    pieces = read(text, chars)
    assert words("".join(pieces)) == words(text)
    whole = {word for phrase in said(text) for word in phrase.text.split()}
    assert {word for piece in pieces for word in piece.split()} <= whole | {""}
