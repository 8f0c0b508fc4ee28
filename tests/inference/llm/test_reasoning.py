"""Whatever a model thinks aloud never reaches its reply."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.llm.engine import TextDelta
from inference.llm.reasoning import Splitter


def split(pieces: list[str], *, held: bool = False) -> tuple[str, str]:
    """What was thought, and what was replied."""
    splitter = Splitter(held=held)
    parts = [part for piece in pieces for part in splitter.push(piece)]
    parts += splitter.finish()
    thought = "".join(part.text for part in parts if not isinstance(part, TextDelta))
    return thought, "".join(part.text for part in parts if isinstance(part, TextDelta))


@pytest.mark.parametrize(
    ("text", "thought", "reply"),
    [
        ("Hello.", "", "Hello."),
        ("<think>Hm.</think>Hello.", "Hm.", "Hello."),
        ("\n<think>\nHm.\n</think>\n\nHello.", "\nHm.\n", "Hello."),
        ("<think></think>Hello.", "", "Hello."),
        ("<think>Hm", "Hm", ""),
        ("<thinking>Hm.</thinking>Hello.", "Hm.", "Hello."),
        ("[THINK]Hm.[/THINK]Hello.", "Hm.", "Hello."),
        ("<think>a</think><think>b</think>c", "ab", "c"),
        ("<think>a < b </thin k></think>c", "a < b </thin k>", "c"),
        ("1 < 2 and 2 <th", "", "1 < 2 and 2 <th"),
        ("Write <think> before it.", "", "Write <think> before it."),
        ("<b>bold</b>", "", "<b>bold</b>"),
        ("<", "", "<"),
        ("", "", ""),
        (" ", "", " "),
    ],
)
def test_the_same_however_it_is_cut(text: str, thought: str, reply: str) -> None:
    for size in (1, 2, 3, 7, 100):
        pieces = [text[at : at + size] for at in range(0, len(text), size)]
        assert split(pieces) == (thought, reply)
        assert split(pieces, held=True) == (thought, reply)


def test_a_model_that_begins_inside_is_told_by_its_closing_mark() -> None:
    splitter = Splitter(held=True)
    parts = [*splitter.push("Hm, well."), *splitter.push("</th"), *splitter.push("ink>\n\nHello.")]
    assert splitter.began_inside
    assert split(["Hm, well.", "</th", "ink>\n\nHello."], held=True) == ("Hm, well.", "Hello.")
    assert parts[0].text == "Hm, well."


def test_the_mark_itself_is_never_spoken_also_where_it_surprises() -> None:
    splitter = Splitter()
    said = "".join(
        part.text for piece in ("Hm.</thi", "nk>\nHello.") for part in splitter.push(piece)
    )
    assert said == "Hm.Hello."
    assert splitter.began_inside


def test_a_held_reply_without_any_mark_is_the_reply() -> None:
    assert split(["Hel", "lo."], held=True) == ("", "Hello.")


@given(pieces=st.lists(st.sampled_from(["<think>", "</think>", "<", "think", ">", "a", " ", "\n"])))
def test_nothing_is_lost_but_marks_and_blanks(pieces: list[str]) -> None:
    thought, reply = split(pieces)
    whole = "".join(pieces).replace("<think>", "").replace("</think>", "")
    told = (thought + reply).replace("<think>", "").replace("</think>", "")
    assert sorted("".join(told.split())) == sorted("".join(whole.split()))
