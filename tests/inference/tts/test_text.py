"""What is written for the eye goes; words, numbers and pauses stay."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.tts.text import prepare


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("**Bold** and *soft* and ~~gone~~", "Bold and soft and gone"),
        ("# Title\n- one\n- two", "Title\none\ntwo"),
        ("See [the docs](https://example.com/x?y=1).", "See the docs."),
        ("![a cat](cat.png) sat", "a cat sat"),
        ("```python\nprint(1)\n```", "print(1)"),
        ("Call `run()` now", "Call run() now"),
        ("above\n---\nbelow", "above\nbelow"),
        ("Nice 👍🏽 work 🎉", "Nice work"),
        ("family 👨‍👩‍👧 trip", "family trip"),
        ('<speak>Hi<break time="9s"/> you</speak>', "Hi you"),
        ("3 < 4 and 5 > 2", "3 < 4 and 5 > 2"),
        ("snake_case and 2*3*4", "snake_case and 2*3*4"),
        ("ring\x07 the\x00 bell", "ring the bell"),
        ("zero\u200bwidth", "zerowidth"),
        ("\u202eabc", "abc"),
        ("a\ud800b", "a b"),
        ("wow!!!!!! really", "wow really"),
        ("20 °C costs €5", "20 °C costs €5"),
        ("one\r\n\r\n\r\ntwo", "one\ntwo"),
        ("e\u0301te\u0301", "été"),
        ("z" + "\u0301" * 500, "\u017a"),
        ("| a | b |\n|---|:-:|\n| 1 | 2 |", "a, b\n1, 2"),
        ("x || y | z", "x || y | z"),
        ("so[^1] it is\n\n[^1]: a note", "so it is\na note"),
        ("> quoted\n- [x] done\n* [ ] open", "quoted\ndone\nopen"),
        ("[a]: https://example.com\nword", "word"),
        ('[docs](https://example.com "a title")', "docs"),
        ("<https://example.com>", "https://example.com"),
        ("one<!-- two -->three", "one three"),
        ("R&amp;D &lt;b&gt;bold&nbsp;now&#1;", "R&D bold now"),
        ("&lol9;&lol9;", "&lol9;&lol9;"),
        ("<a><b><c>deep</c></b></a>", "deep"),
        ("$x^2$ and \\frac{1}{2}", "$x^2$ and \\frac{1}{2}"),
    ],
)
def test_it_keeps_what_is_said(written: str, spoken: str) -> None:
    assert prepare(written).text == spoken


@pytest.mark.parametrize(
    "written", ["", "  \n", "🎉🎉", "***", "...", "<br/>", "\x00\x01", "\u200b"]
)
def test_nothing_speakable_becomes_empty(written: str) -> None:
    assert prepare(written).text == ""


@given(st.text(max_size=300))
def test_the_result_never_holds_a_control_character(written: str) -> None:
    assert all(char == "\n" or char.isprintable() for char in prepare(written).text)


@pytest.mark.parametrize(
    "unit",
    [
        "|",
        "| ",
        "|-",
        "&",
        "&a",
        "&#",
        "<!--",
        "[^",
        "[a]: ",
        "\u0301",
        "<",
        "<a",
        "[",
        "[a](",
        "*",
        "_a",
        "- ",
        "\n",
        " ",
        "!?",
        "`",
        "(",
    ],
)
def test_hostile_text_takes_bounded_time(unit: str) -> None:
    started_s = time.process_time()
    prepare(unit * (4096 // len(unit)))
    assert time.process_time() - started_s < 0.25


@given(st.text(max_size=300))
def test_each_character_knows_its_place(written: str) -> None:
    script = prepare(written)
    assert len(script.origins) == len(script.text)
    assert all(0 <= start <= end <= len(written) for start, end in script.origins)
    assert list(script.origins) == sorted(script.origins)
