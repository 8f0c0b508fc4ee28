"""Questions, answers to them, and follow-ups: what a message means after those before it."""

from typing import Any

import pytest

from tests.inference.assist.talks import (
    ALARM,
    EVERYTHING,
    HOME,
    LISTS,
    OURS,
    REMINDER,
    WEATHER,
    Talk,
)

Call = tuple[str, dict[str, Any]]


def timer(duration_s: float, label: str | None = None) -> Call:
    return "set_timer", {"duration_s": duration_s, "label": label}


def no_timer(label: str | None = None, duration_s: float | None = None) -> Call:
    return "cancel_timer", {"label": label, "duration_s": duration_s}


DIALOGUES: list[tuple[tuple[str, ...], list[Call]]] = [
    # Open slots
    (("set a timer", "five minutes"), [timer(300)]),
    (("set a timer", "five"), [timer(300)]),
    (("set a tea timer", "for ten minutes please"), [timer(600, "tea")]),
    (("set a timer", "uh", "five minutes"), [timer(300)]),
    (("convert ten miles", "kilometers"),
     [("convert_units", {"value": 10, "from_unit": "mile", "to_unit": "kilometer"})]),
    (("take a note", "the key is under the mat"),
     [("remember", {"text": "the key is under the mat"})]),
    (("remind me to call mum", "in ten minutes"), [timer(600, "call mum")]),
    (("remind me to call mum", "at five"), [timer(10_500, "call mum")]),
    (("set a reminder", "call mum", "in an hour"), [timer(3600, "call mum")]),
    (("set a reminder", "call mum at five"), [timer(10_500, "call mum")]),
    (("wake me up", "at half past six"), [timer(15_900)]),
    (("cancel one of my timers", "the pasta one"), [no_timer("pasta")]),
    (("cancel one of my timers", "pasta"), [no_timer("pasta")]),
    # Follow-ups
    (("what is twelve times seven", "and times three?"), [("calculate", {"expression": "84 * 3"})]),
    (("what is two plus two", "plus five", "double that"),
     [("calculate", {"expression": "9 * 2"})]),
    (("what is ten minus twelve", "and minus five"), [("calculate", {"expression": "(-2) - 5"})]),
    (("what time is it", "and in london?"), [("get_time", {"timezone": "Europe/London"})]),
    (("what time is it in tokyo", "thanks", "what about in paris"),
     [("get_time", {"timezone": "Europe/Paris"})]),
    (("what day is it", "and tomorrow?"), [("get_date", {"timezone": None})]),
    (("how many kilometers are in five miles", "what about in feet?"),
     [("convert_units", {"value": 5, "from_unit": "mile", "to_unit": "foot"})]),
    (("how many kilometers are in five miles", "and ten?"),
     [("convert_units", {"value": 10, "from_unit": "mile", "to_unit": "kilometer"})]),
    (("set a timer for five minutes", "make it ten"), [no_timer(None, 300), timer(600)]),
    (("set a tea timer for five minutes", "make it eight minutes"),
     [no_timer("tea", 300), timer(480, "tea")]),
    (("set a timer for five minutes", "cancel it"), [no_timer(None, 300)]),
    (("set a tea timer for five minutes", "set a pasta timer for ten minutes",
      "cancel the pasta timer", "no, the other one"), [no_timer("tea", 300)]),
    (("cancel the five minute timer",), [no_timer(None, 300)]),
    (("roll a die", "again", "do it again"), [("roll_dice", {"count": 1, "sides": 6})]),
    (("flip a coin", "another one"), [("flip_coin", {})]),
]  # fmt: skip


@pytest.mark.parametrize(("said", "calls"), DIALOGUES, ids=[" / ".join(d[0]) for d in DIALOGUES])
def test_a_message_means_what_it_means_after_the_others(
    said: tuple[str, ...], calls: list[Call]
) -> None:
    talk = Talk(*OURS)
    for text in said[:-1]:
        talk.hears(text)
    assert [(call.tool, dict(call.arguments)) for call in talk.says(said[-1]).calls] == calls


OTHERS: list[tuple[tuple[str, ...], list[Call]]] = [
    (("add something to my shopping list", "milk and eggs"),
     [("add_to_list", {"item": "milk and eggs", "list": "shopping"})]),
    (("add a task to my to do list", "call the dentist"),
     [("add_to_list", {"item": "call the dentist", "list": "todo"})]),
    (("add milk to my shopping list", "no, the other one"),
     [("add_to_list", {"item": "milk", "list": "todo"})]),
    (("add milk to my shopping list", "delete that"),
     [("remove_from_list", {"item": "milk", "list": "shopping"})]),
    (("remind me to call mum at five",),
     [("set_reminder", {"text": "call mum", "when": "2026-11-20T17:00+00:00"})]),
    (("remind me to call mum", "at five", "and tomorrow"),
     [("set_reminder", {"text": "call mum", "when": "2026-11-21T17:00+00:00"})]),
    (("set an alarm for seven", "make it at half past six"), [("set_alarm", {"time": "18:30"})]),
    (("what is the weather", "paris"), [("get_weather", {"location": "paris"})]),
    (("what is the weather in paris", "and tomorrow?"),
     [("get_weather", {"location": "paris", "date": "2026-11-21"})]),
    (("what is the weather in paris", "and in oslo"), [("get_weather", {"location": "oslo"})]),
    (("turn on the kitchen lights", "undo that"),
     [("HassTurnOff", {"area": "kitchen", "domain": ["light"]})]),
    (("set the volume to twenty", "make it thirty"), [("HassSetVolume", {"volume_level": 30})]),
]  # fmt: skip


@pytest.mark.parametrize(("said", "calls"), OTHERS, ids=[" / ".join(d[0]) for d in OTHERS])
def test_tools_of_others_are_followed_up_alike(said: tuple[str, ...], calls: list[Call]) -> None:
    talk = Talk(*LISTS, REMINDER, ALARM, WEATHER, *HOME)
    for text in said[:-1]:
        talk.hears(text)
    assert [(call.tool, dict(call.arguments)) for call in talk.says(said[-1]).calls] == calls


WORDS: list[tuple[tuple[str, ...], str]] = [
    (("set a timer",), "or how long?"),
    (("remind me to call mum",), "When should I remind you?"),
    (("set a timer", "never mind"), ""),
    (("set a timer", "tell me who you are"), "small assistant"),
    (("how do you spell tea",), "Tea is spelled: T, E, A."),
    (("how do you spell tea", "spell it slowly"), "T. E. A."),
    (("spell a word", "cup"), "Cup is spelled: C, U, P."),
    (("count down from three",), "Three, two, one, zero!"),
    (("make it ten",), "I can tell the time"),
    (("and times three",), "I can tell the time"),
]


@pytest.mark.parametrize(("said", "words"), WORDS, ids=[" / ".join(w[0]) for w in WORDS])
def test_what_needs_no_tool_is_answered_in_words(said: tuple[str, ...], words: str) -> None:
    talk = Talk(*OURS)
    for text in said[:-1]:
        talk.hears(text)
    last = talk.says(said[-1])
    assert last.calls == ()
    assert words in last.text


def test_a_joke_is_not_told_twice() -> None:
    talk = Talk()
    jokes = [talk.hears(text) for text in ("tell me a joke", "another one", "tell me another one")]
    assert len(set(jokes)) == 3


def test_without_a_tool_nothing_is_asked() -> None:
    for said in ("set a timer", "set a reminder", "wake me up", "what is the weather"):
        assert not Talk().hears(said).endswith("?")


FRENCH: list[tuple[tuple[str, ...], list[Call]]] = [
    (("lance un minuteur", "cinq minutes"), [timer(300)]),
    (("lance un minuteur", "cinq"), [timer(300)]),
    (("rappelle-moi d'appeler maman", "à dix-sept heures"), [timer(10_500, "appeler maman")]),
    (("crée un rappel", "d'appeler maman dans une heure"), [timer(3600, "appeler maman")]),
    (("convertis dix miles", "en kilomètres"),
     [("convert_units", {"value": 10, "from_unit": "mile", "to_unit": "kilometer"})]),
    (("combien font douze fois sept", "et fois trois ?"),
     [("calculate", {"expression": "84 * 3"})]),
    (("quelle heure est-il", "et à Londres ?"), [("get_time", {"timezone": "Europe/London"})]),
    (("quel jour sommes-nous", "et demain ?"), [("get_date", {"timezone": None})]),
    (("combien de kilomètres font cinq miles", "et en mètres ?"),
     [("convert_units", {"value": 5, "from_unit": "mile", "to_unit": "meter"})]),
    (("mets un minuteur de cinq minutes", "plutôt dix"), [no_timer(None, 300), timer(600)]),
    (("mets un minuteur de cinq minutes", "annule-le"), [no_timer(None, 300)]),
    (("lance une pièce", "encore une"), [("flip_coin", {})]),
]  # fmt: skip


@pytest.mark.parametrize(("said", "calls"), FRENCH, ids=[" / ".join(d[0]) for d in FRENCH])
def test_french_is_followed_alike(said: tuple[str, ...], calls: list[Call]) -> None:
    talk = Talk(*OURS)
    for text in said[:-1]:
        talk.hears(text)
    assert [(call.tool, dict(call.arguments)) for call in talk.says(said[-1]).calls] == calls


@pytest.mark.parametrize("standing_in", [True, False])
def test_standing_in_is_said_once(standing_in: bool) -> None:
    talk = Talk(*EVERYTHING, standing_in=standing_in)
    said = [talk.hears(text) for text in ("hello", "set a timer for one minute", "thank you")]
    assert [text.count("My main model is away") for text in said] == [int(standing_in), 0, 0]
    assert said[0].endswith("?")


def test_standing_in_is_said_after_a_tool_too() -> None:
    talk = Talk(*EVERYTHING, standing_in=True, results={"get_time": {"time": "12:00"}})
    assert talk.hears("what time is it").startswith("My main model is away")
