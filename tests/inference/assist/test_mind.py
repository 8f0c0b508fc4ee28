"""What the assistant says and does next in a chat."""

import json
import re
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from inference.assist.mind import Answer, answer
from inference.llm.engine import Chat, Message, NamedTool, Tool, ToolCall

NULLABLE = {"type": ["string", "null"]}
TOOLS: dict[str, dict[str, Any]] = {
    "get_time": {"timezone": NULLABLE},
    "set_timer": {"duration_s": {"type": "number"}, "label": NULLABLE},
    "calculate": {"expression": {"type": "string"}},
    "recall": {"query": NULLABLE},
    "flip_coin": {},
    "end_call": {},
}


def tool(name: str, **extra: Any) -> Tool:
    properties = TOOLS[name] | extra
    return Tool(name=name, parameters={"properties": properties, "required": list(properties)})


ALL = tuple(tool(name) for name in TOOLS)


def clock(zone: ZoneInfo | None) -> datetime:
    return datetime(2026, 11, 20, 14, 5, tzinfo=ZoneInfo("UTC")).astimezone(zone or ZoneInfo("UTC"))


def asked(*texts: str, **chat: Any) -> Answer:
    """The answer to the last of `texts`; user and assistant take turns, the user ends."""
    roles: list[Any] = ["user", "assistant"] * len(texts)
    start = 1 - len(texts) % 2
    messages = [Message(role=r, text=t) for r, t in zip(roles[start:], texts, strict=False)]
    return answer(Chat(messages=tuple(messages), **chat), clock)


def told(name: str, result: Any, said: str = "please do") -> str:
    """What is said after tool `name` gave `result`."""
    content = result if isinstance(result, str) else json.dumps(result)
    call = ToolCall(id="1", name=name, arguments="{}")
    messages = (
        Message(role="user", text=said),
        Message(role="assistant", tool_calls=(call,)),
        Message(role="tool", text=content, tool_call_id="1"),
    )
    return answer(Chat(messages=messages), clock).text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("what is twelve times seven", r"Twelve times seven is 84\."),
        ("what time is it", r"It('s| is) 2:05 in the afternoon\."),
        ("what time is it in tokyo", r"In Tokyo it's 11:05 at night\."),
        ("what day is it", r"Today is Friday.*\."),
        ("what day is tomorrow", r"Tomorrow is Saturday, November 21st\."),
        ("how many kilometers are in five miles", r"5 miles are about 8\.05 kilometers\."),
        ("what is a hundred celsius in fahrenheit", r"100 degrees Celsius is 212 degrees Fah.*"),
        ("convert five miles to kilograms", r"I can't turn miles into kilograms\."),
        ("what is one divided by zero", r"I can't divide by zero\."),
        ("flip a coin", r".*(heads|tails|Heads|Tails).*"),
        ("roll two dice", r"[1-6] and [1-6], that's \d+ in all\."),
        ("set a timer for five minutes", r"I have no timers here.*"),
        ("remember that tea is ready", r"I have nowhere to keep notes.*"),
        ("goodbye", r".*(Goodbye|Bye).*"),
        ("what is the capital of france", r".*I can tell the time.*"),
        ("what is two plus two and what time is it", r"Two plus two is 4\. It.*afternoon\."),
        ("", r".*again.*"),
        ("[BLANK_AUDIO]", r".*again.*"),
        ("uh hmm", r".*again.*"),
        ("so " * 500, r".*one short sentence\."),
    ],
)
def test_without_tools_it_answers_what_it_can(text: str, said: str) -> None:
    reply = asked(text)
    assert re.fullmatch(said, reply.text), reply.text
    assert reply.calls == ()


def test_an_offered_tool_is_called() -> None:
    (call,) = asked("set a tea timer for an hour and a half", tools=ALL).calls
    assert (call.tool, call.arguments) == ("set_timer", {"duration_s": 5400, "label": "tea"})


def test_two_requests_call_two_tools() -> None:
    text = "set a timer for five minutes and tell me the time"
    assert [call.tool for call in asked(text, tools=ALL).calls] == ["set_timer", "get_time"]
    reply = asked(text, tools=ALL, parallel_tool_calls=False)
    assert [call.tool for call in reply.calls] == ["set_timer"]


def test_a_tool_not_offered_is_never_called() -> None:
    assert asked("what is two plus two", tools=(tool("set_timer"),)).calls == ()


def test_a_tool_that_needs_more_than_was_said_is_not_called() -> None:
    demanding = tool("get_time", city={"type": "string"})
    assert asked("what time is it", tools=(demanding,)).calls == ()


def test_arguments_the_tool_does_not_take_are_left_out() -> None:
    bare = Tool(name="set_timer", parameters={"properties": {"duration_s": {"type": "number"}}})
    (call,) = asked("set a ten minute pasta timer", tools=(bare,)).calls
    assert call.arguments == {"duration_s": 600}


def test_a_tool_that_takes_nothing_of_what_was_said_is_not_called() -> None:
    bare = Tool(name="get_time", parameters={})
    reply = asked("what time is it in tokyo", tools=(bare,))
    assert (reply.calls, "Tokyo" in reply.text) == ((), True)
    deaf = Tool(name="cancel_timer", parameters={})
    assert asked("cancel the five minute timer", tools=(deaf,)).calls == ()


def test_tool_choice_none_calls_nothing() -> None:
    assert asked("goodbye", tools=ALL, tool_choice="none").calls == ()


def test_a_named_tool_is_called_when_it_needs_nothing_said() -> None:
    reply = asked("hello", tools=ALL, tool_choice=NamedTool("flip_coin"))
    assert [call.tool for call in reply.calls] == ["flip_coin"]


def test_a_named_tool_whose_arguments_nobody_said_is_not_made_up() -> None:
    assert asked("hello", tools=ALL, tool_choice=NamedTool("set_timer")).calls == ()


@pytest.mark.parametrize(
    ("name", "result", "said"),
    [
        ("get_time", {"time": "00:00"}, r"It('s| is) midnight\."),
        ("get_time", "{'time': '09:00', 'timezone': 'UTC'}", r"It.* 9 o'clock in the morning\."),
        ("get_date", {"date": "2026-11-22", "weekday": "Sunday"}, r"Today is Sunday, Nov.* 22nd.*"),
        ("calculate", {"expression": "12 * 7", "value": 84}, r"Twelve times seven is 84\."),
        ("set_timer", {"label": None, "duration_s": 90.0}, r".*1 minute and 30 seconds.*"),
        ("list_timers", {"timers": []}, r".*no timers running\."),
        ("list_timers", {"timers": [{"label": "tea", "duration_s": 300, "remaining_s": 61}]},
         r"1 minute and 1 second left on your tea timer\."),
        ("cancel_timer", {"cancelled": 0}, r".*no .*timer to cancel\."),
        ("cancel_timer", {"cancelled": 3}, r"All 3 timers are cancelled\."),
        ("roll_dice", {"rolls": [8], "total": 8}, r".* an 8\."),
        ("remember", {"text": "my keys are here"}, r".*: your keys are here\."),
        ("recall", {"notes": ["i parked on level 3"]}, r"You told me: you parked on level 3\."),
        ("recall", {"notes": []}, r"I have no notes yet\."),
        ("end_call", {"ended": True}, r".*[Bb]ye.*"),
        ("calculate", {"error": {"code": "x", "message": "dividing by zero has no result"}},
         r"Sorry, I couldn't work that out: dividing by zero has no result\."),
        ("set_timer", "An internal error occurred",
         r"Sorry, I couldn't set the timer: An internal error occurred\."),
        ("set_timer", {"error": "boom"}, r"Sorry, I couldn't set the timer: boom\."),
        ("get_weather", {"sky": "sunny", "wind_kmh": 12}, r"Sky: sunny, wind kmh: 12\."),
        ("get_weather", "It is sunny.", r"It is sunny\."),
        ("get_weather", "", r"That's done\."),
        ("set_timer", {"unexpected": 1}, r"Unexpected: 1\."),
        ("calculate", {"value": "NaN", "expression": 3}, r"Value: NaN.*"),
        ("end_call", {"ended": False}, r"Ended: no\."),
        ("roll_dice", {"rolls": [1e999], "total": 1}, r"Rolls: .*"),
    ],
)  # fmt: skip
def test_a_result_becomes_a_sentence(name: str, result: Any, said: str) -> None:
    assert re.fullmatch(said, told(name, result)), told(name, result)


def test_several_results_are_all_told() -> None:
    calls = tuple(ToolCall(id=str(i), name="flip_coin", arguments="{}") for i in range(2))
    messages = (
        Message(role="user", text="flip two coins"),
        Message(role="assistant", tool_calls=calls),
        Message(role="tool", text='{"outcome": "heads"}', tool_call_id="0"),
        Message(role="tool", text='{"outcome": "tails"}', tool_call_id="1"),
    )
    text = answer(Chat(messages=messages), clock).text.lower()
    assert text.index("heads") < text.index("tails")


def test_the_question_colours_the_answer() -> None:
    result = {"expression": "144 ** 0.5", "value": 12}
    said = told("calculate", result, said="what is the square root of 144")
    assert said == "The square root of 144 is 12."


def test_repeat_says_the_last_reply_again() -> None:
    assert asked("hi", "Hello there.", "repeat that").text == "Hello there."


def test_a_duration_answers_for_how_long() -> None:
    assert asked("set a timer", tools=ALL).text.lower().endswith("for how long?")
    (call,) = asked("set a timer", "For how long?", "five minutes", tools=ALL).calls
    assert call.arguments == {"duration_s": 300, "label": None}


@pytest.mark.parametrize("role", ["system", "developer"])
def test_a_call_that_starts_with_instructions_is_greeted(role: Any) -> None:
    messages = (
        Message(role="system", text="You are Parley."),
        Message(role=role, text="Greet the user."),
    )
    assert re.match(r"H(ello|i)", answer(Chat(messages=messages), clock).text)


def test_it_has_the_name_its_instructions_give() -> None:
    messages = (
        Message(role="system", text="You are Nora, a voice assistant."),
        Message(role="user", text="who are you"),
    )
    assert "I'm Nora" in answer(Chat(messages=messages), clock).text


def test_the_same_chat_gets_the_same_words() -> None:
    assert asked("thank you") == asked("thank you")
    replies = {asked(*["thank you", "Sure."] * n, "thank you").text for n in range(4)}
    assert len(replies) > 1
