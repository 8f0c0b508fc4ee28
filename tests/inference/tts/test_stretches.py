"""A long text is looked at in stretches, which together say what the whole would."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.tts.lexicon import Lexicon
from inference.tts.normalise import script_of
from inference.tts.phrases import Phrase, phrases
from inference.tts.stretches import LEAST_CHARS, WHOLE_CHARS, cuts_of, stretches_of

NO_LEXICON = Lexicon(Path("/nonexistent/lexicon.json"))
STORY = (
    "The river had been rising since 6:30 a.m. and nobody seemed to mind. "
    "Dr. Smith paid $25.50 for 3 km of rope. **It was late** when the train came!\n\n"
    "- One thing, and *another.\n- More. And more* of it.\n"
    "She said [come. Now](http://example.com/a). They went (all. Of them) home. "
) * 6


def of_stretches(text: str) -> list[Phrase]:
    return [phrase for later in stretches_of(text, "en-us", NO_LEXICON) for phrase in later()]


def test_a_short_text_is_taken_whole() -> None:
    assert cuts_of("Hello. There you are. " * 5) == [(0, 110)]
    assert WHOLE_CHARS > 110


def test_a_long_text_is_cut_into_stretches_that_can_be_said_soon() -> None:
    cuts = cuts_of(STORY)
    assert len(cuts) > 5
    assert max(end - start for start, end in cuts) < 3 * LEAST_CHARS


def test_stretches_say_what_the_whole_says() -> None:
    whole = phrases(script_of(STORY, "en-us", NO_LEXICON))
    stretched = of_stretches(STORY)
    assert [phrase.text for phrase in stretched] == [phrase.text for phrase in whole]
    assert [phrase.script.origins for phrase in stretched] == [p.script.origins for p in whole]
    assert {phrase.script.source for phrase in stretched} == {STORY}
    assert [phrase.pause_s for phrase in stretched] == [phrase.pause_s for phrase in whole]


@pytest.mark.parametrize(
    "text",
    [
        "```\nOne. Two.\n```\n" + "Then more. " * 50,
        "(" + "One thing. " * 50,
        "word " * 200,
    ],
)
def test_what_belongs_together_is_not_cut(text: str) -> None:
    assert cuts_of(text) == [(0, len(text))]


def test_a_doctor_is_no_end_of_a_sentence() -> None:
    text = "We went to see Dr. Smith about this and that and more of it. " * 20
    cuts = cuts_of(text)
    assert len(cuts) > 3
    assert not any(text[:end].endswith("Dr. ") for _, end in cuts)


@given(st.text(alphabet=st.sampled_from("aB1 .!?\n*_()[]`。"), max_size=1500))
def test_no_character_is_lost(text: str) -> None:
    cuts = cuts_of(text)
    assert "".join(text[start:end] for start, end in cuts) == text
    assert all(start < end for start, end in cuts) or not text


@pytest.mark.parametrize("unit", ["A. ", "\n", "(a. B", "Dr. A ", "。", "*. A"])
def test_hostile_text_takes_bounded_time(unit: str) -> None:
    started_s = time.process_time()
    cuts_of(unit * (4096 // len(unit)))
    assert time.process_time() - started_s < 0.25
