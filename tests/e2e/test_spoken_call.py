"""A person calls, speaks and is answered: real SFU, real audio, real engines."""

import re
from dataclasses import dataclass

import pytest

from parley.caller import Caller
from tests.speech import RATE_HZ, speak
from tests.stack import Stack

pytestmark = pytest.mark.e2e

GREETING_WITHIN_S = 30.0
ANSWER_WITHIN_S = 30.0  # to its end: what it can do takes a dozen seconds to say
MUST_PASS = 11  # of 12: the embedded recogniser may mishear one


@dataclass(frozen=True, slots=True)
class Question:
    """What is said, the words that must be understood, the tool that must run, the answer."""

    text: str
    voice: str
    understood: str  # a pattern
    tool: str | None
    answer: str  # a pattern


QUESTIONS = [
    Question("what time is it", "slt", r"what time", "get_time", r"\d|o'clock"),
    Question("what is twelve times seven", "rms", r"twelve times seven", "calculate", r"84"),
    Question(
        "set a timer for five minutes", "slt", r"timer for five min", "set_timer", r"5 min|five"
    ),
    Question("how much time is left on my timer", "rms", r"left", "list_timers", r"minute"),
    Question("what day is it today", "slt", r"what day", "get_date", r"day"),
    Question("flip a coin", "rms", r"flip (a|the) coin", "flip_coin", r"heads|tails"),
    Question("how many kilometers are in five miles", "slt", r"five miles", "convert_units", r"8"),
    Question(
        "roll a die",
        "rms",
        r"(roll|throw) (a|the) die",
        "roll_dice",
        r"\d|one|two|three|four|five|six",
    ),
    Question("remember that my keys are in the kitchen", "slt", r"keys", "remember", r"key"),
    Question("what did i ask you to remember", "rms", r"remember", "recall", r"key"),
    Question("what can you do", "slt", r"what can you do", None, r"timer"),
    Question("what is one hundred minus nine", "rms", r"hundred minus nine", "calculate", r"91"),
]


async def ask(caller: Caller, question: Question) -> list[str]:
    """Ask and wait for the reply's end. Returns what went wrong; empty when all went right."""
    record = caller.record
    heard_before, events_before = len(record.finals("user")), len(record.events)
    agent_before = len(record.finals("agent"))
    said_at_s = await caller.say(speak(question.text, question.voice), RATE_HZ)
    problems = []
    try:
        await caller.until(
            lambda r: len(r.finals("agent")) > agent_before, ANSWER_WITHIN_S, question.text
        )
    except AssertionError as exc:
        problems.append(str(exc))
    understood = " ".join(record.finals("user")[heard_before:]).lower()
    answer = " ".join(record.finals("agent")[agent_before:])
    tools = [e["name"] for e in record.events[events_before:] if e["type"] == "tool"]
    if not re.search(question.understood, understood):
        problems.append(f"understood {understood!r}")
    if question.tool is not None and question.tool not in tools:
        problems.append(f"tools {tools}, not {question.tool}")
    if not re.search(question.answer, answer, re.IGNORECASE):
        problems.append(f"answered {answer!r}")
    if record.first_loud_after(said_at_s) is None:
        problems.append("no sound was heard")
    await caller.until_quiet()
    return [f"{question.text!r}: {problem}" for problem in problems]


async def greeted(caller: Caller) -> None:
    await caller.until(lambda r: r.finals("agent"), GREETING_WITHIN_S, "the greeting")
    await caller.until_quiet()


@pytest.mark.timeout(240)
async def test_a_caller_is_understood_and_answered(stack: Stack) -> None:
    async with Caller(stack.url) as caller:
        await greeted(caller)
        outcomes = [await ask(caller, question) for question in QUESTIONS]
    failed = [problem for outcome in outcomes for problem in outcome]
    passed = sum(not outcome for outcome in outcomes)
    assert passed >= MUST_PASS, f"{passed} of {len(QUESTIONS)}: {failed}"


async def test_words_appear_while_the_person_is_still_speaking(stack: Stack) -> None:
    async with Caller(stack.url) as caller:
        await greeted(caller)
        said_at_s = await caller.say(
            speak("how many kilometers are in one hundred and twenty five miles"), RATE_HZ
        )
        first = next(line for line in caller.record.lines.values() if line.role == "user")
        assert first.at_s < said_at_s + 0.05, "no interim transcript before the speech ended"


async def test_typed_words_are_answered_aloud(stack: Stack) -> None:
    async with Caller(stack.url) as caller:
        await greeted(caller)
        await caller.type("What is 12 x 12?")
        await caller.until(
            lambda r: "144" in " ".join(r.finals("agent")), ANSWER_WITHIN_S, "the answer"
        )
        assert "calculate" in caller.record.tools()
        await caller.until_quiet()


async def test_talking_over_the_agent_stops_it(stack: Stack) -> None:
    async with Caller(stack.url) as caller:
        await greeted(caller)
        await caller.type("What can you do?")
        await caller.until(lambda r: r.agent_state == "speaking", ANSWER_WITHIN_S, "the reply")
        said_at_s = await caller.say(speak("what time is it", "rms"), RATE_HZ)
        await caller.until(lambda r: "get_time" in r.tools(), ANSWER_WITHIN_S, "the new question")
        turns = [e for e in caller.record.events if e["type"] == "turn"]
        assert any(turn["interrupted"] for turn in turns), "the reply was not cut"
        await caller.until(
            lambda r: r.first_loud_after(said_at_s), ANSWER_WITHIN_S, "the answer's sound"
        )


async def test_goodbye_ends_the_call_after_a_farewell(stack: Stack) -> None:
    async with Caller(stack.url) as caller:
        await greeted(caller)
        await caller.say(speak("goodbye", "slt"), RATE_HZ)
        await caller.until(lambda r: r.disconnected, ANSWER_WITHIN_S, "the hang-up")
        assert "bye" in " ".join(caller.record.finals("agent")).lower()


async def test_two_callers_do_not_hear_each_other(stack: Stack) -> None:
    async with Caller(stack.url) as one, Caller(stack.url) as two:
        await greeted(one)
        await greeted(two)
        await one.type("What is 3 plus 4?")
        await one.until(lambda r: "7" in " ".join(r.finals("agent")), ANSWER_WITHIN_S, "the sum")
        assert len(two.record.finals("agent")) == 1
        assert one.room.name != two.room.name
