"""What people say, and what it means."""

import time

import pytest

from inference.assist.recognise import recognise
from inference.assist.requests import (
    Calculate,
    CancelTimer,
    ConvertUnits,
    FlipCoin,
    GetDate,
    GetTime,
    Goodbye,
    ListTimers,
    Recall,
    Remember,
    Remind,
    Request,
    RollDice,
    SetTimer,
    Talk,
)

MEANT: list[tuple[str, Request]] = [
    ("what time is it", GetTime()),
    ("What's the time?", GetTime()),
    ("whats the time please", GetTime()),
    ("Hey, could you tell me what time it is?", GetTime()),
    ("what time is it in tokyo", GetTime(timezone="Asia/Tokyo", place="tokyo")),
    ("what's the date", GetDate(aspect="date")),
    ("what day of the week is it", GetDate(aspect="weekday")),
    ("what day is tomorrow", GetDate(aspect="date", days=1)),
    ("what is twelve times seven", Calculate(expression="12 * 7")),
    ("What's 12x7?", Calculate(expression="12 * 7")),
    ("12*7", Calculate(expression="12 * 7")),
    ("12 × 7 =", Calculate(expression="12 * 7")),  # noqa: RUF001 - typed on a phone
    ("minus five plus two", Calculate(expression="(-5) + 2")),
    ("what is five minus minus three", Calculate(expression="5 - (-3)")),
    ("two million five hundred thousand divided by four", Calculate(expression="2500000 / 4")),
    ("three point one four times two", Calculate(expression="3.14 * 2")),
    ("add one hundred and five", Calculate(expression="100 + 5")),
    ("subtract three from ten", Calculate(expression="10 - 3")),
    ("(2+3)*4", Calculate(expression="(2+3)*4")),
    ("what is twelve times for", Calculate(expression="12 * 4")),
    ("set a timer for five minutes", SetTimer(duration_s=300)),
    ("set the timer four five minutes", SetTimer(duration_s=300)),
    ("set a timer for an hour and a half", SetTimer(duration_s=5400)),
    ("set a timer for two and a half hours", SetTimer(duration_s=9000)),
    ("timer for half an hour", SetTimer(duration_s=1800)),
    ("ninety seconds", SetTimer(duration_s=90)),
    ("set a tea timer for 5 minutes", SetTimer(duration_s=300, label="tea")),
    ("set a timer for ten minutes called pasta", SetTimer(duration_s=600, label="pasta")),
    ("a timer named egg for 3 min", SetTimer(duration_s=180, label="egg")),
    ("remind me in 20 minutes to call Anna", Remind(text="call Anna", duration_s=1200)),
    ("set a timer", SetTimer(duration_s=None)),
    ("how long is left", ListTimers()),
    ("how long is left on the tea timer", ListTimers(label="tea")),
    ("cancel the timer", CancelTimer()),
    ("cancel my pasta timer", CancelTimer(label="pasta")),
    (
        "how many kilometers are in five miles",
        ConvertUnits(value=5, from_unit="mile", to_unit="kilometer"),
    ),
    ("convert 10 lbs to kg", ConvertUnits(value=10, from_unit="pound", to_unit="kilogram")),
    ("20°C in °F", ConvertUnits(value=20, from_unit="celsius", to_unit="fahrenheit")),
    (
        "minus 40 fahrenheit in celsius",
        ConvertUnits(value=-40, from_unit="fahrenheit", to_unit="celsius"),
    ),
    ("how many feet in a mile", ConvertUnits(value=1, from_unit="mile", to_unit="foot")),
    ("flip a coin", FlipCoin()),
    ("roll a die", RollDice()),
    ("roll two dice", RollDice(count=2)),
    ("roll a twenty sided die", RollDice(sides=20)),
    ("roll 3d6", RollDice(count=3, sides=6)),
    ("remember that the key is under the mat", Remember(text="the key is under the mat")),
    ("Remember that Anna's number is 555-1234.", Remember(text="Anna's number is 555-1234")),
    ("don't forget the code is four five one two", Remember(text="the code is four five one two")),
    ("my name is Anna", Remember(text="my name is Anna")),
    ("what did i ask you to remember", Recall()),
    ("what do you remember about the keys", Recall(query="keys")),
    ("where are my keys?", Recall(query="keys")),
    ("goodbye", Goodbye()),
    ("repeat that", Talk(topic="Repeat")),
    ("what can you do", Talk(topic="Help")),
    ("can you hear me", Talk(topic="Greet")),
    ("thanks a lot", Talk(topic="Thank")),
    ("never mind", Talk(topic="Stop")),
]


@pytest.mark.parametrize(("text", "request_"), MEANT, ids=[text for text, _ in MEANT])
def test_a_sentence_means_one_request(text: str, request_: Request) -> None:
    (found,) = recognise(text)
    assert type(found) is type(request_)
    assert found.arguments() == request_.arguments()
    for name in ("place", "aspect", "days", "topic", "label", "text", "duration_s"):
        assert getattr(found, name, None) == getattr(request_, name, None)


def test_two_requests_in_one_sentence_are_both_heard() -> None:
    found = recognise("set a timer for five minutes and tell me the time")
    assert found == (SetTimer(duration_s=300), GetTime())


@pytest.mark.parametrize(
    "text",
    [
        "what is the capital of france",
        "paint the lights",
        "who won the world cup and what time is love",
        "",
        "?!",
        "set a timer for zero minutes",
        "remember",
        "roll zero dice",
        "roll five hundred dice",
    ],
)
def test_what_no_template_says_means_nothing(text: str) -> None:
    assert recognise(text) == ()


@pytest.mark.parametrize(
    "text",
    [
        "set a timer for five minutes and " * 1_700,
        "set a timer for " + " and ".join(["one minute and a half"] * 25),
        "set a " + "timer for " * 55,
        "add " + "to my list " * 38,
        "9" * 990,
        "(" * 450 + "1" + ")" * 450,
        "how many miles are in " * 20,
    ],
)
def test_hostile_text_costs_no_more_than_a_moment(text: str) -> None:
    recognise("warm")
    started_s = time.process_time()
    recognise(text)
    assert time.process_time() - started_s < 0.5
