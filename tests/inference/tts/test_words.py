"""Captions show the source's words, each while it is heard."""

import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from inference.tts.engine import Mark
from inference.tts.script import Script
from inference.tts.words import Captions, words_of


def marks_of(said: str, seconds: float = 0.5) -> list[Mark]:
    """Every word of `said`, one after the other."""
    return [
        Mark(
            start=word.start(),
            end=word.end(),
            started_at_s=at * seconds,
            ended_at_s=(at + 1) * seconds,
        )
        for at, word in enumerate(re.finditer(r"\w+", said))
    ]


def told(script: Script) -> list[tuple[str, float, float]]:
    words = words_of(script, marks_of(script.text))
    return [(word.text, word.started_at_s, word.ended_at_s) for word in words]


def test_words_keep_their_times() -> None:
    assert told(Script.of("Hello, you there!")) == [
        ("Hello", 0.0, 0.5),
        ("you", 0.5, 1.0),
        ("there", 1.0, 1.5),
    ]


def test_many_words_said_for_one_written_are_that_one() -> None:
    script = Script.of("It is $5.20 now").sub(
        re.compile(r"\$5\.20"), "five dollars and twenty cents"
    )
    assert told(script) == [
        ("It", 0.0, 0.5),
        ("is", 0.5, 1.0),
        ("$5.20", 1.0, 3.5),
        ("now", 3.5, 4.0),
    ]


def test_one_word_said_in_parts_is_one() -> None:
    assert [text for text, *_ in told(Script.of("don't be well-known, ok"))] == [
        "don't",
        "be",
        "well-known",
        "ok",
    ]


def test_ideographs_stay_apart() -> None:
    script = Script.of("你好")
    marks = [Mark(start=at, end=at + 1, started_at_s=at, ended_at_s=at + 1) for at in range(2)]
    assert [word.text for word in words_of(script, marks)] == ["你", "好"]


def test_a_word_is_told_once_its_sound_was_taken() -> None:
    captions = Captions()
    script = Script.of("one two")
    captions.add(script, marks_of(script.text), began_at_s=0.0, ends_at_s=0.9)
    assert captions.until(0.4) == []
    assert [word.text for word in captions.until(0.6)] == ["one"]
    assert [(word.text, word.ended_at_s) for word in captions.until(0.9)] == [("two", 0.9)]
    assert captions.until(9.0) == []


def test_the_next_phrase_goes_on_where_the_sound_does() -> None:
    captions = Captions()
    script = Script.of("one two")
    captions.add(script, marks_of(script.text), began_at_s=0.0, ends_at_s=1.0)
    captions.add(script, marks_of(script.text), began_at_s=1.28, ends_at_s=2.28)
    assert [word.started_at_s for word in captions.until(9.0)] == [0.0, 0.5, 1.28, 1.78]


@given(
    st.lists(
        st.tuples(st.integers(0, 30), st.integers(0, 30), st.floats(-1, 5), st.floats(-1, 5)),
        max_size=12,
    )
)
def test_whatever_an_engine_marks_words_follow_each_other(
    odd: list[tuple[int, int, float, float]],
) -> None:
    captions = Captions()
    script = Script.of("one two three, four five 67 8.")
    marks = [Mark(start=a, end=b, started_at_s=c, ended_at_s=d) for a, b, c, d in odd]
    captions.add(script, marks, began_at_s=1.0, ends_at_s=4.0)
    words = captions.until(float("inf"))
    for word in words:
        assert script.source[word.start : word.end] == word.text
        assert 0 <= word.started_at_s <= word.ended_at_s
    assert all(a.ended_at_s <= b.started_at_s for a, b in pairwise(words))
