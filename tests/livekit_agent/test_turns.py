"""The rules of turns, without time."""

import pytest

from livekit_agent.turns import (
    Ending,
    Endpointing,
    Pauses,
    as_prepared,
    ending_of,
    is_backchannel,
    is_interruption,
    may_prepare,
    patience_s,
)

RULE = Endpointing()


@pytest.mark.parametrize(
    "text",
    [
        "tell me a story",
        "yes please",
        "could you tell me that please",
        "what is it",
        "who are they",
        "what is the weather like",
        "where are you from",
        "I would like to?",  # the engine heard it
        "channel five",
        "I am 42",
        "so what!",
    ],
)
def test_a_finished_sentence_looks_finished(text: str) -> None:
    assert ending_of(text) is Ending.FINISHED


@pytest.mark.parametrize(
    "text",
    ["", "  ", "I want to", "turn on the", "well,", "the list is:", "so…", "and then um", "I'm"],
)
def test_a_sentence_in_its_middle_looks_open(text: str) -> None:
    assert ending_of(text) is Ending.OPEN


@pytest.mark.parametrize(
    "text",
    ["five five one", "my number is five five one two", "zero six", "B E C", "it is 555 12 34"],
)
def test_digits_and_letters_are_spelled(text: str) -> None:
    assert ending_of(text) is Ending.SPELLING


@pytest.mark.parametrize(
    ("text", "ending"),
    [
        ("je voudrais aller à", Ending.OPEN),
        ("quelle heure est-il", Ending.FINISHED),
        ("zéro six douze", Ending.FINISHED),
        ("zéro six un deux", Ending.SPELLING),
    ],
)
def test_french_has_words_of_its_own(text: str, ending: Ending) -> None:
    assert ending_of(text, "fr-FR") is ending


def test_a_language_without_words_goes_by_its_marks() -> None:
    assert ending_of("wir gehen in den", "de") is Ending.FINISHED
    assert ending_of("wir gehen,", "de") is Ending.OPEN


@pytest.mark.parametrize(
    ("text", "voice_finished", "wait_s"),
    [
        ("tell me a story", True, RULE.min_s),
        ("tell me a story", False, RULE.doubt_s),
        ("tell me a story", None, RULE.doubt_s),
        ("I want to", True, RULE.open_s),
        ("I want to", False, RULE.max_s),
        ("I want to", None, RULE.max_s),
        ("five five one", True, RULE.spelling_s),
    ],
)
def test_patience_grows_with_doubt(text: str, voice_finished: bool | None, wait_s: float) -> None:
    assert patience_s(text, rule=RULE, voice_finished=voice_finished) == wait_s


def test_an_answer_to_a_question_may_take_longer_but_not_a_yes() -> None:
    def wait_s(text: str) -> float:
        return patience_s(text, rule=RULE, voice_finished=True, after_question=True)

    assert wait_s("the red one") == RULE.min_s + RULE.after_question_s
    assert wait_s("yes") == RULE.min_s


def test_patience_has_an_end() -> None:
    longest_s = patience_s(
        "I want to", rule=RULE, voice_finished=False, after_question=True, learned_s=9.0
    )
    assert longest_s == RULE.max_s


def test_a_learned_pause_is_waited_out() -> None:
    assert patience_s("yes", rule=RULE, voice_finished=True, learned_s=0.7) == 0.7


@pytest.mark.parametrize("text", ["mm-hm", "Yeah.", "okay, right", "Oh, I see", "uh-huh", "Mhm…"])
def test_a_murmur_is_a_backchannel(text: str) -> None:
    assert is_backchannel(text)


@pytest.mark.parametrize(
    "text", ["", "no", "yeah but why", "stop", "okay okay okay okay", "right there"]
)
def test_words_that_want_something_are_none(text: str) -> None:
    assert not is_backchannel(text)


def test_murmurs_differ_by_language() -> None:
    assert is_backchannel("d\u2019accord", "fr")
    assert not is_backchannel("d'accord", "en")


@pytest.mark.parametrize(
    ("interim", "real"),
    [
        ("no wai", True),
        ("no", False),  # may yet become "nothing" or "now I see": the last word is not sure
        ("yeah", False),
        ("yeah bu", False),
        ("yeah but wh", True),
        ("okay okay okay okay", True),
        ("", False),
    ],
)
def test_an_interruption_is_known_before_it_is_over(interim: str, real: bool) -> None:
    assert is_interruption(interim) is real


def test_a_reply_is_prepared_once_for_the_same_words() -> None:
    assert may_prepare("how old", "", 0.1, 0.05)
    assert not may_prepare("how old", "", 0.04, 0.05)
    assert not may_prepare("How old?", "how old", 0.1, 0.05)
    assert may_prepare("how old is it", "how old", 0.1, 0.05)
    assert not may_prepare(" ", "", 0.1, 0.05)


@pytest.mark.parametrize(
    ("final", "prepared", "told"),
    [
        ("How old is it?", "how old is it", "how old is it"),
        ("How cold is it?", "how old is it", "How cold is it?"),
        ("How old is it?", "", "How old is it?"),
    ],
)
def test_a_final_transcript_keeps_the_spelling_a_reply_was_prepared_for(
    final: str, prepared: str, told: str
) -> None:
    assert as_prepared(final, prepared) == told


def test_pauses_are_learned_and_forgotten() -> None:
    pauses = Pauses()
    assert pauses.patience_s == 0
    for _ in range(10):
        pauses.resumed_after(0.6)
    assert 0.6 < pauses.patience_s < 0.7
    for _ in range(30):
        pauses.turn_ended()
    assert pauses.patience_s < 0.05


def test_no_pause_teaches_more_than_the_ceiling() -> None:
    pauses = Pauses()
    for _ in range(20):
        pauses.resumed_after(5.0)
    assert pauses.patience_s == Pauses.CEILING_S
