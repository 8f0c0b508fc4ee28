"""Whatever is written: words come back, each knows its place, and soon."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.tts.lexicon import Lexicon
from inference.tts.normalise import script_of
from inference.tts.script import Script

LANGUAGES = ("en-us", "en-gb", "fr-fr", "mg", "de", "es", "pt-br", "ru", "cmn")
LONGEST = 4096
MOST_TIMES_LONGER = 40
HANGS_S = 1.0  # a guard against backtracking; a quiet core needs 50 ms at most
UNITS = (
    "1", "1,", "1.", "1 000 ", "1,234", "-1", "1-", "1 - ", "$", "$1", "$1-$", "5 km", "1/", "1/2 ",
    "1:", "12:30 ", "8h ", "8 a.m. ", "+33 6 ", "0 12 ", "06 12 ", "1234-", "5' ", "5'1\"", "½",
    "1½",
    "a@", "a@a.", "a.", "www.", "http://", "http://a/", "#a", "@a", "v1.", "1.1.1.1", "1+", "1 = ",
    "March ", "March 4, 2024 ", "2024-", "in 2024 ", "XIV ", "Louis ", "1e", "1st", "Main St. ",
    "Dr. ", "etc. ", "No. ", "a.m.", "<", "<a", "</", "<b>", "[", "[a](", "*", "_a", "- ", "`", "|",
    "|a", "| - ", "--|", "&", "&lt;", "&#1;", "\n", " ", "e\u0301", "\u0301", "\u200d",
    "\U0001f44d",
    "\x00", "\u202e", "\u0663", "\u0967", "1e9", "0x1", "million ", "1 million ", "#1 ", "~1",
)  # fmt: skip
ALPHABET = "0123456789 .,:;/-+='\"$€%°²½@#_*<>|&[]()\n\\abehkmpsxIVX\u2019é中\u0301\u202f\U0001f44d"
TEXTS = st.text(st.sampled_from(ALPHABET), max_size=200) | st.text(max_size=200)


def check(script: Script, source: str) -> None:
    assert script.source == source
    assert len(script.origins) == len(script.text) <= MOST_TIMES_LONGER * len(source)
    assert all(char == "\n" or char.isprintable() for char in script.text)
    before = (0, 0)
    for origin in script.origins:
        assert 0 <= origin[0] <= origin[1] <= len(source)
        assert before[0] <= origin[0]
        assert before[1] <= origin[1]
        before = origin


@pytest.mark.parametrize("language", ["en-us", "fr-fr", "mg", "de"])
@pytest.mark.parametrize("unit", UNITS)
def test_hostile_text_takes_bounded_time(unit: str, language: str) -> None:
    source = (unit * LONGEST)[:LONGEST]
    script_of("1", language)  # the language's rules are made once
    started_s = time.process_time()
    script = script_of(source, language)
    assert time.process_time() - started_s < HANGS_S
    check(script, source)


@given(TEXTS, st.sampled_from(LANGUAGES))
def test_any_text_keeps_its_place(source: str, language: str) -> None:
    check(script_of(source, language, Lexicon()), source)


@given(st.lists(st.sampled_from(UNITS), max_size=40), st.sampled_from(LANGUAGES))
def test_any_mixture_keeps_its_place(units: list[str], language: str) -> None:
    source = "".join(units)
    check(script_of(source, language), source)


def test_a_caption_shows_what_was_written() -> None:
    script = script_of("**Pay** $5.20 now", "en-us")
    at = script.text.index("twenty")
    assert script.source[slice(*script.origin(at, at + len("twenty")))] == "$5.20"
    at = script.text.index("Pay")
    assert script.source[slice(*script.origin(at, at + 3))] == "Pay"


@pytest.mark.parametrize("source", ["", " \n", "\U0001f389", "***", "<br/>", "...", "---"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_cannot_be_said_is_empty(source: str, language: str) -> None:
    assert script_of(source, language).text == ""
