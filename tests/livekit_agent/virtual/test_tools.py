"""What the agent does for somebody in the middle of a talk."""

import asyncio
import json
from typing import Any

import pytest

from chassis.ended import EndedReason
from livekit_agent.lines import LINES
from tests.fakes.chat_chunks import tool_call
from tests.fakes.openai_backend import Pause, Reply, Request
from tests.livekit_agent.virtual.call import PERSONA, TalkingTo
from tests.livekit_agent.virtual.clock import now_s
from tests.livekit_agent.virtual.engines import thought


@pytest.fixture
async def helper(talk: TalkingTo) -> TalkingTo:
    """With tools. In what follows the words of a rule are those of a tool's result too."""
    talk.remembers()
    return talk


def results(talk: TalkingTo) -> list[str]:
    """What tools answered, as the LLM was last told."""
    return [text for role, text in talk.world.brain.asked[-1].said if role == "tool"]


async def test_the_screen_knows_who_answers_and_whether_with_the_internet(
    helper: TalkingTo,
) -> None:
    async with helper:
        await helper.greeted()
        assert helper.events("agent") == [
            {"v": 1, "type": "agent", "persona": PERSONA["id"], "internet": False}
        ]


async def test_a_tools_result_is_what_is_said(helper: TalkingTo) -> None:
    helper.world.brain.on("twelve", tool_call("calculate", '{"expression": "12 * 7"}'))
    helper.world.brain.on("84", "Twelve times seven is 84.")
    async with helper:
        await helper.greeted()
        await helper.say("what is twelve times seven")
        await helper.quiet()
        assert helper.said_by_agent == "Twelve times seven is 84."
        states = [event["state"] for event in helper.events("tool")]
        assert states == ["started", "finished"]


async def test_a_search_is_told_before_its_result(
    helper: TalkingTo, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = helper.world._answer

    def searched(host: str, asked: Request) -> tuple[Any, Reply]:
        if host == "search.test":
            return None, Reply(steps=[Pause(2.5), b'{"results": []}'])
        return answer(host, asked)

    monkeypatch.setattr(helper.world, "_answer", searched)
    helper.world.brain.on("results", "There is nothing about it.")
    helper.world.brain.on("the web", tool_call("web_search", '{"query": "boats"}'))
    async with helper.set(search_url="http://search.test"):
        await helper.greeted()
        saying = await helper.say("look for boats on the web")
        told = await helper.answer()
        assert told.starts_s - saying.ends_s < 1.0  # not when the result is there
        await helper.quiet(for_s=4)
        assert helper.said_by_agent == "Let me look that up. There is nothing about it."


async def test_a_tool_runs_once_though_its_turn_was_prepared(helper: TalkingTo) -> None:
    helper.world.brain.on("milk to", tool_call("add_to_list", '{"item": "milk"}'))
    helper.world.brain.on("added", "Milk is on your list.")
    helper.world.brain.on("what is on", tool_call("read_list", '{"list": "shopping"}'))
    helper.world.brain.on("items", "Just milk.")
    async with helper:
        await helper.greeted()
        await helper.say("please add milk to my")  # an open end: there is time to prepare
        await asyncio.sleep(0.7)
        await helper.say("shopping list")
        await helper.quiet()
        await helper.say("what is on it now")
        await helper.quiet()
        assert json.loads(results(helper)[-1])["items"] == ["milk"]


async def test_nothing_is_done_before_the_turn_is_over(helper: TalkingTo) -> None:
    helper.world.brain.on("milk to", tool_call("add_to_list", '{"item": "milk"}'))
    helper.world.brain.on("never mind", "All right, I leave it.")
    async with helper:
        await helper.greeted()
        await helper.say("please add milk to my")
        await asyncio.sleep(1.0)
        assert helper.events("tool") == []


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (tool_call("no_such_tool", "{}"), "no_such_tool"),
        (tool_call("calculate", '{"wrong": 1}'), "expression"),
        (tool_call("calculate", "not json"), ""),
        (tool_call("calculate", '{"expression": "1 / 0"}'), "zero"),
    ],
)
async def test_a_tool_that_fails_is_answered_for(helper: TalkingTo, call: Reply, told: str) -> None:
    answers = [call, thought("I could not do that.")]
    helper.world.brain.broken = lambda r: answers[1 if "tool" in _roles(r) else 0]
    async with helper:
        await helper.greeted()
        await helper.say("do it for me")
        await helper.quiet()
        assert helper.said_by_agent == "I could not do that."
        assert told in results(helper)[-1]


def _roles(request: Request) -> list[str]:
    return [message["role"] for message in request.body["messages"]]


async def test_a_model_that_only_calls_tools_is_stopped(helper: TalkingTo) -> None:
    calls = iter(range(10_000))
    helper.world.brain.broken = lambda _: tool_call("flip_coin", "{}", id_=f"call_{next(calls)}")
    async with helper:
        await helper.greeted()
        await helper.say("flip it for me")
        await asyncio.sleep(30)
        asked = len(helper.world.brain.asked)
        assert asked <= 20
        await asyncio.sleep(30)
        assert len(helper.world.brain.asked) == asked
        assert helper.heard  # something is said, not nothing


async def test_two_tools_of_one_reply_both_run(helper: TalkingTo) -> None:
    first = tool_call("calculate", '{"expression": "2 + 2"}', id_="a")
    helper.world.brain.on("four things", first)
    helper.world.brain.on('"2 + 2"', tool_call("flip_coin", "{}", id_="b"))
    helper.world.brain.on("outcome", "Both are done.")
    async with helper:
        await helper.greeted()
        await helper.say("do four things")
        await helper.quiet()
        assert helper.said_by_agent == "Both are done."
        assert len(results(helper)) == 2


async def test_a_timer_speaks_up_when_it_is_due(helper: TalkingTo) -> None:
    helper.world.brain.on("my tea", tool_call("set_timer", '{"duration_s": 120, "label": "tea"}'))
    helper.world.brain.on("duration_s", "Two minutes for the pot, starting now.")
    async with helper.set(silence_prompt_s=0):
        await helper.greeted()
        await helper.say("set a timer for my tea, two minutes")
        await helper.quiet()
        began_s, count = now_s(), len(helper.heard)
        await helper.until(lambda: len(helper.heard) > count, within_s=130)
        assert 110 < now_s() - began_s < 125
        await helper.quiet()
        assert "tea" in helper.heard[-1]


@pytest.mark.parametrize("heard_s", [0.0, 0.3])
async def test_a_timer_that_was_talked_over_is_told_once_more(
    helper: TalkingTo, heard_s: float
) -> None:
    helper.shows_words = True
    helper.world.brain.on("my tea", tool_call("set_timer", '{"duration_s": 20, "label": "tea"}'))
    helper.world.brain.on("duration_s", "Starting now.")
    helper.world.brain.on("weather", "It is sunny.")
    async with helper.set(silence_prompt_s=0):
        await helper.greeted()
        await helper.say("set a timer for my tea")
        await helper.quiet()
        asked = len(helper.world.throat.asked)
        await helper.until(lambda: len(helper.world.throat.asked) > asked, within_s=25)
        await asyncio.sleep(heard_s)
        await helper.say("now tell me about the weather of today")
        await helper.quiet(for_s=5)
        assert helper.heard[-2:] == ["It is sunny.", "Your tea timer is done."]
        count = len(helper.heard)
        await asyncio.sleep(60)
        assert len(helper.heard) == count


async def test_a_timer_that_is_due_in_mid_sentence_waits_for_the_answer(helper: TalkingTo) -> None:
    helper.world.brain.on("my tea", tool_call("set_timer", '{"duration_s": 20, "label": "tea"}'))
    helper.world.brain.on("duration_s", "Starting now.")
    helper.world.brain.on("weather", "It is sunny.")
    async with helper.set(silence_prompt_s=0):
        await helper.greeted()
        await helper.say("set a timer for my tea")
        due_s = now_s() + 20
        await asyncio.sleep(due_s - now_s() - 1)
        await helper.say("now tell me about the weather of today and of all this week")
        await helper.quiet(for_s=3)
        assert helper.heard[-2:] == ["It is sunny.", "Your tea timer is done."]


async def test_who_waits_for_a_timer_is_not_asked_for(helper: TalkingTo) -> None:
    helper.world.brain.on("my tea", tool_call("set_timer", '{"duration_s": 90, "label": "tea"}'))
    helper.world.brain.on("duration_s", "The timer is set.")
    async with helper.set(silence_prompt_s=20, silence_hangup_s=10):
        await helper.greeted()
        await helper.say("set a timer for my tea")
        await asyncio.sleep(80)
        assert LINES["en"]["still_there"] not in helper.heard
        assert helper.events("ended") == []


async def test_a_goodbye_is_said_before_the_line_is_cut(helper: TalkingTo) -> None:
    helper.world.brain.on("goodbye", tool_call("end_call", "{}"))
    helper.world.brain.on("ended", "Goodbye, and have a nice day.")
    async with helper:
        await helper.greeted()
        await helper.say("thank you, goodbye")
        assert await helper.ended() is EndedReason.AGENT_HUNG_UP
        assert "Goodbye" in helper.said_by_agent
        assert helper.loudspeaker.sounds[-1].ends_s <= now_s() + 0.05


async def test_who_speaks_over_the_goodbye_is_not_cut_off(helper: TalkingTo) -> None:
    helper.world.brain.on("goodbye", tool_call("end_call", "{}"))
    helper.world.brain.on("ended", "Goodbye, and have a nice day, wherever you may be.")
    helper.world.brain.on("question", "What would you like to know?")
    async with helper:
        await helper.greeted()
        await helper.say("thank you, goodbye")
        await helper.answer()
        await asyncio.sleep(0.5)
        await helper.say("oh wait I have one more question")
        await helper.quiet(for_s=2)
        assert helper.heard[-1] == "What would you like to know?"
        assert not helper.call._end.is_over


async def test_the_voice_changes_by_voice(helper: TalkingTo) -> None:
    helper.world.brain.on("echo", tool_call("set_voice", '{"voice": "Echo"}'))
    helper.world.brain.on('"voice"', "This is how I sound now.")
    async with helper:
        await helper.greeted()
        await helper.say("speak like echo from now on")
        await helper.quiet()
        assert helper.world.throat.asked[-1].request.body["voice"] == "echo"


async def test_a_slow_answer_after_a_tool_is_excused(helper: TalkingTo) -> None:
    helper.world.brain.on("twelve", tool_call("calculate", '{"expression": "12 * 7"}'))
    helper.world.brain.on("84", thought("It is 84.", ttft_s=4.0))
    async with helper:
        await helper.greeted()
        said = await helper.say("what is twelve times seven")
        assert (await helper.answer()).starts_s - said.ends_s < 3.0
        await helper.quiet(for_s=4)
        assert helper.heard == [LINES["en"]["one_moment"], "It is 84."]


async def test_words_before_a_tool_are_heard_while_it_runs(helper: TalkingTo) -> None:
    call = tool_call("calculate", '{"expression": "12 * 7"}')
    steps = [*thought("Let me see what that is. ").steps[:-2], *call.steps]
    helper.world.brain.on("twelve", Reply(steps=steps))
    helper.world.brain.on("84", Reply(steps=[Pause(1.0), *thought("It is 84.").steps]))
    async with helper:
        await helper.greeted()
        await helper.say("what is twelve times seven")
        await helper.quiet(for_s=3)
        assert helper.said_by_agent == "Let me see what that is. It is 84."


async def test_speaking_over_a_tools_answer_stops_it(helper: TalkingTo) -> None:
    helper.world.brain.on("twelve", tool_call("calculate", '{"expression": "12 * 7"}'))
    helper.world.brain.on("84", "It is 84. " + "And that is a very nice number. " * 2 + "The end.")
    helper.world.brain.on("enough", "Fine.")
    async with helper:
        await helper.greeted()
        await helper.say("what is twelve times seven")
        await helper.answer()
        await asyncio.sleep(1)
        await helper.say("that is enough for me")
        await helper.quiet()
        assert helper.heard[-1] == "Fine."
        assert "The end." not in helper.said_by_agent
