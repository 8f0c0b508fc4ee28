"""Phrases: the first as soon as is decent, later ones whole, and no word lost or torn."""

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livekit_agent.phrasing import LATER, WORD, Phraser, size
from livekit_agent.speakable import is_open, speakable

TOKEN = re.compile(r"[^\S\n]*\w+|\n|[^\S\n]*[^\w\s]|[^\S\n]+")


def spoken(text: str) -> list[str]:
    """Token by token, about as a model writes."""
    return phrases(TOKEN.findall(text))


def phrases(tokens: list[str]) -> list[str]:
    phraser = Phraser()
    found = [phrase for token in tokens for phrase in phraser.push(token)]
    return [*found, *phraser.flush()]


def first(text: str) -> tuple[str, str]:
    """The first phrase, and what had been written when it was ready."""
    phraser = Phraser()
    written = ""
    for token in TOKEN.findall(text):
        written += token
        if found := phraser.push(token):
            return found[0], written
    return phraser.flush()[0], written


@pytest.mark.parametrize(
    ("text", "expected", "written"),
    [
        # the end of a sentence, at once
        ("Yes. It is", "Yes.", "Yes."),
        ("It is noon. And", "It is noon.", "It is noon."),
        ("Really? I see", "Really?", "Really?"),
        ("Oh no! That", "Oh no!", "Oh no!"),
        ("No. I do not", "No.", "No."),
        ("Je ne sais pas. Mais", "Je ne sais pas.", "Je ne sais pas."),
        ("Hello\nThere you go", "Hello", "Hello\n"),
        # not the end
        ("Mr. Smith is here. He", "Mr. Smith is here.", "Mr. Smith is here."),
        ("Ask Dr. Jones now. He", "Ask Dr. Jones now.", "Ask Dr. Jones now."),
        ("It is 3.5 km. So", "It is 3.5 km.", "It is 3.5 km."),
        ("Pi is 3. Then", "Pi is 3.", "Pi is 3. Then"),
        ("1. Open the door. Then", "1. Open the door.", "1. Open the door."),
        ("Take fruit e.g. apples. Then", "Take fruit e.g. apples.", "Take fruit e.g. apples."),
        ("It is 5 p.m. now. So", "It is 5 p.m. now.", "It is 5 p.m. now."),
        ("It is 5 p.m. Then go", "It is 5 p.m.", "It is 5 p.m. Then"),
        ("See J. Smith now. He", "See J. Smith now.", "See J. Smith now."),
        ("Version 2.0.1 is out. So", "Version 2.0.1 is out.", "Version 2.0.1 is out."),
        ("Voir M. Dupont ici. Il", "Voir M. Dupont ici.", "Voir M. Dupont ici."),
        # a clause
        ("Well, yes, I think so", "Well, yes,", "Well, yes,"),
        ("Of course, I can do", "Of course,", "Of course,"),
        ("Bien sûr, je peux le", "Bien sûr,", "Bien sûr,"),
        ("It is here: in the", "It is here:", "It is here:"),
        ("I know it \u2014 it is", "I know it \u2014", "I know it \u2014"),
        ("It is 10:30, I think", "It is 10:30,", "It is 10:30, I"),
        ("About 1,000 people, I think", "About 1,000 people,", "About 1,000 people,"),
        # before a word that joins
        (
            "The old house stands empty because nobody wants it",
            "The old house stands empty",
            "The old house stands empty because nobody",
        ),
        (
            "You can take that train from the station",
            "You can take that train",
            "You can take that train from the",
        ),
        (
            "Le petit train part demain avec du retard",
            "Le petit train part demain",
            "Le petit train part demain avec du",
        ),
        (
            "You can get one of the best",
            "You can get one of the best",
            "You can get one of the best",
        ),
        # anywhere, in the end
        (
            "Nobody ever really knows what people think today",
            "Nobody ever really knows what people think today",
            "Nobody ever really knows what people think today",
        ),
        (
            "Nobody ever really knows what clever people think today there",
            "Nobody ever really knows what clever people think",
            "Nobody ever really knows what clever people think today",
        ),
        (
            "Nobody ever really knows what clever people like the green",
            "Nobody ever really knows what clever people",
            "Nobody ever really knows what clever people like the",
        ),
        # markup
        ("**Sure!** I can", "Sure!", "**Sure!**"),
        ("**Of course**, I can do", "Of course,", "**Of course**,"),
        (
            "See [the docs](https://a.io/x.y). Then",
            "See the docs.",
            "See [the docs](https://a.io/x.y). Then",
        ),
        ("# Title\nThen", "Title", "# Title\n"),
        ("Use `a.b` there. Then", "Use a.b there.", "Use `a.b` there."),
        ("\U0001f600 Hello you. So", "Hello you.", "\U0001f600 Hello you."),
        # other scripts
        (
            "\u4eca\u5929\u5929\u6c14\u5f88\u597d\u3002\u6211",
            "\u4eca\u5929\u5929\u6c14\u5f88\u597d\u3002",
            "\u4eca\u5929\u5929\u6c14\u5f88\u597d\u3002",
        ),
        (
            "\u4eca\u5929\u5f88\u597d\uff0c\u6211\u4eec",
            "\u4eca\u5929\u5f88\u597d\uff0c",
            "\u4eca\u5929\u5f88\u597d\uff0c",
        ),
        (
            "\u0646\u0639\u0645\u061f \u0647\u0630\u0627",
            "\u0646\u0639\u0645\u061f",
            "\u0646\u0639\u0645\u061f",
        ),
        (
            "\u092f\u0939 \u0938\u091a \u0939\u0948\u0964 \u0914\u0930",
            "\u092f\u0939 \u0938\u091a \u0939\u0948\u0964",
            "\u092f\u0939 \u0938\u091a \u0939\u0948\u0964",
        ),
    ],
)
def test_the_first_phrase_is_as_early_as_is_decent(text: str, expected: str, written: str) -> None:
    phrase, so_far = first(text)
    assert phrase == expected
    assert so_far == written


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "It is noon. The sun is out, and the birds sing. Is there anything else?",
            ["It is noon.", "The sun is out,", "and the birds sing.", "Is there anything else?"],
        ),
        ("Sure. Ok. I will do that now.", ["Sure.", "Ok.", "I will do that now."]),
        (
            "Here is your whole list:\n- milk\n- two eggs\n- bread\nAnything else?",
            ["Here is your whole list:", "milk\ntwo eggs", "bread\nAnything else?"],
        ),
        ("Well... I am not sure. Maybe.", ["Well.", "I am not sure.", "Maybe."]),
        ("What?! No way, she said.", ["What?", "No way,", "she said."]),
        ('He said "stop." Then he left us.', ['He said "stop.', "Then he left us."]),
        ("", []),
        ("   \n ", []),
        ("...", []),
        ("\U0001f600\U0001f680", []),
        ("---\n", []),
        ("Hello", ["Hello"]),
        ("I owe you $3", ["I owe you $3"]),
        ("5 * 3 is 15.", ["5 * 3 is 15."]),
        ("Use snake_case here.", ["Use snake_case here."]),
        ("He laughs [quietly. Then he goes.", ["He laughs [quietly. Then he goes."]),
        ("Write to a.b@x.org. It is read.", ["Write to a.b@x.org.", "It is read."]),
        (
            "Open https://example.com/a?b=1. It has all, really all of it.",
            ["Open https://example.com/a?b=1.", "It has all, really all of it."],
        ),
        ("Go to example .com now.".replace(" .", "."), ["Go to example.", "com now."]),
        ("```python\nprint(1)\n```\nDone.", ["print(1)", "Done."]),
        ("| a | b |\n|---|---|\n| 1 | 2 |\n", ["a , b", "1 , 2"]),
    ],
)
def test_replies_are_cut_like_this(text: str, expected: list[str]) -> None:
    assert spoken(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("That's a great question! The", "That's a great"),
        ("It is noon. The", "It is noon."),
        ("Well, yes, I think", "Well, yes,"),
        ("It is ten past four now", "It is ten past four now"),
        ("It is 10 minutes past four", "It is 10 minutes"),
        ("The weather in New York is fine", "The weather in New York"),
        ("Il fait 18 degr\u00e9s ici", "Il fait 18 degr\u00e9s"),
    ],
)
def test_for_a_fast_engine_a_few_words_will_do(text: str, expected: str) -> None:
    phraser = Phraser(hurried=True)
    found = [phrase for token in TOKEN.findall(text) for phrase in phraser.push(token)]
    assert [*found, *phraser.flush()][0] == expected


def test_digits_in_a_row_are_cut_between_them_in_the_end() -> None:
    found = spoken("Well then. " + " ".join("1234567890" * 60))
    assert "".join(found[1:]).replace(" ", "") == "1234567890" * 60
    assert all(size(phrase) <= LATER[-1].most for phrase in found)


def test_a_domain_in_one_token_is_whole() -> None:
    assert phrases(["Go", " to", " example", ".com", " now", "."]) == ["Go to example.com now."]


def test_what_is_here_already_is_said_in_larger_phrases() -> None:
    text = "Sure. " + "This is a sentence of some length, as they go. " * 20
    found = phrases([text])
    assert found[0] == "Sure."
    assert all(phrase.endswith(".") for phrase in found)
    assert max(map(len, found)) <= 250
    assert len(found) < 9
    assert sorted(map(len, found[1:5])) == list(map(len, found[1:5]))


def test_a_sentence_without_end_is_cut_at_a_comma_and_never_longer_than_the_longest() -> None:
    text = "Well then. " + "and so it goes on and on and on without any end at all, " * 20
    found = spoken(text)
    assert all(len(phrase) <= LATER[-1].most for phrase in found)
    assert all(phrase.endswith(",") for phrase in found[2:])


def test_a_text_without_marks_is_cut_between_words() -> None:
    found = spoken(" ".join(f"word{n % 10}x" for n in range(200)))
    assert all(len(phrase) <= LATER[-1].most for phrase in found)
    assert " ".join(found).split() == [f"word{n % 10}x" for n in range(200)]


def test_ideographs_without_marks_are_cut_too() -> None:
    found = phrases(["\u597d"] * 500)
    assert "".join(found) == "\u597d" * 500
    assert all(size(phrase) <= LATER[-1].most for phrase in found)


def test_a_word_without_end_is_let_go_in_the_end() -> None:
    found = phrases(["x" * 100] * 50)
    assert "".join(found) == "x" * 5000
    assert len(found) > 3


def test_a_lone_star_does_not_silence_what_follows() -> None:
    found = spoken("Rated *five. " + "It goes on and on with many words. " * 10)
    assert len(found) > 2


def test_what_ends_with_a_held_mark_is_said_at_the_end() -> None:
    phraser = Phraser()
    assert phraser.push("It is 3.") == []
    assert phraser.flush() == ["It is 3."]
    assert phraser.flush() == []


TEXTS = [
    "Sure, I can help with that. The capital of France is Paris, e.g. the one on the Seine! Is "
    "there anything else?",
    "**Sure!** Here's a list:\n- *first* item\n- second one, with 3.5 kg\n\n"
    "1. One\n2. Two\n\nDone.",
    "Mr. Smith paid $1,234.50 to Dr. Jones at 10:30 p.m. Then he left, i.e. he went home.",
    "See [the docs](https://example.com/a.b?c=d,e) or https://example.org/x,y;z?q=1 for more. Ok?",
    "Le prix est de 3,50 \u20ac, soit 1 000 francs environ, d'apr\u00e8s M. Dupont. C'est tout !",
    "\u4eca\u5929\u5929\u6c14\u5f88\u597d\uff0c\u6211\u4eec\u53bb\u516c\u56ed\u5427\u3002"
    "\u4f60\u8bf4\u5462\uff1f\u597d\uff01",
    "# Title\n\nSome `code.here` and __bold__ text \u2014 with dashes \U0001f600 and emoji.\n"
    "> quoted\n---\nEnd",
    'Well... she said "no way!" (really), and then: nothing. \'Tis so.',
]


def words(text: str) -> list[str]:
    return WORD.findall(text)


@st.composite
def tokens(draw: st.DrawFn) -> tuple[str, list[str]]:
    text = draw(st.sampled_from(TEXTS))
    places = sorted(draw(st.sets(st.integers(0, len(text)))) | {0, len(text)})
    return text, [text[start:end] for start, end in pairwise(places)]


@settings(max_examples=400, deadline=None)
@given(tokens())
def test_no_word_is_lost_or_torn_however_the_text_comes(made: tuple[str, list[str]]) -> None:
    text, pieces = made
    found = phrases(pieces)
    joined = " ".join(found)
    assert words(joined) == words(speakable(text))
    assert all(WORD.search(phrase) for phrase in found)
    assert all(size(phrase) <= LATER[-1].most for phrase in found)
    for whole in ("1,234.50", "3,50", "10:30", "3.5", "1 000", "https://example.org/x,y;z?q=1"):
        if whole in speakable(text):
            assert any(whole in phrase for phrase in found), whole
    assert not any(phrase.endswith(("Mr.", "Dr.", "M.", "e.g.", "i.e.")) for phrase in found)


ALPHABET = "ab .,!?:;*_`[](#-\n'\"\u2026\u3002\u597d1\U0001f600"


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.text(alphabet=ALPHABET, max_size=8),
        max_size=40,
    )
)
def test_nothing_written_can_break_it(pieces: list[str]) -> None:
    found = phrases(pieces)
    letters = re.compile("[ab\u597d]")
    said = letters.findall("".join(found))
    assert len(said) <= len(letters.findall("".join(pieces)))
    assert all(WORD.search(phrase) for phrase in found)


@pytest.mark.parametrize(
    ("text", "is_it"),
    [
        ("**Sure", True),
        ("**Sure**", False),
        ("*a", True),
        ("5 * 3", False),
        ("[docs](http://x", True),
        ("[docs]", True),
        ("[docs] and", False),
        ("`code", True),
        ("`code`", False),
        ("snake_case", False),
        ("_word", True),
        ("Hello!", False),
        ("see !", True),
        ("*" + "x" * 300, False),
        ("**over\nline", False),
    ],
)
def test_markup_that_may_go_on_is_waited_for(text: str, is_it: bool) -> None:
    assert is_open(text) == is_it
