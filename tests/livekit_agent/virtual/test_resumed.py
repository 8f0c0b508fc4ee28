"""How a call begins: with a greeting, or where the last one ended."""

import asyncio
import json

import pytest

from livekit_agent.lines import LINES
from tests.livekit_agent.virtual.call import PERSONA, TalkingTo
from tests.livekit_agent.virtual.clock import now_s

TURNS = [
    {"role": "user", "text": "my boat is called Anna", "at": "2026-11-20T10:00:00Z"},
    {"role": "assistant", "text": "What a nice name.", "at": "2026-11-20T10:00:05Z"},
]


async def test_a_new_call_is_greeted_once(talk: TalkingTo) -> None:
    async with talk:
        await talk.until(lambda: talk.heard)
        await asyncio.sleep(10)
        assert talk.heard == ["Hello there."]


async def test_the_greeting_has_the_users_name(talk: TalkingTo) -> None:
    talk.remembers(tools=[])["user"]["preferred_name"] = "Ann"
    async with talk:
        await talk.until(lambda: talk.heard)
        await asyncio.sleep(3)
        assert talk.said_by_agent == "Hello Ann there."


async def test_a_persona_greets_in_its_own_way(talk: TalkingTo) -> None:
    talk.remembers(tools=[], greeting="Ahoy sailor.", voice="echo", temperature=0.2)
    async with talk:
        await talk.greeted()
        assert talk.world.throat.asked[0].request.body["voice"] == "echo"
        assert talk.world.throat.texts[0] == "Ahoy sailor."
        await talk.say("how old is the moon")
        await talk.quiet()
        assert talk.world.brain.asked[-1].request.body["temperature"] == 0.2


async def test_a_voice_chosen_for_the_call_goes_before_the_personas(talk: TalkingTo) -> None:
    talk.remembers(tools=[], voice="echo")
    talk.chosen_voice = "nova"
    async with talk:
        await talk.greeted()
        assert talk.world.throat.asked[0].request.body["voice"] == "nova"


async def test_a_conversation_that_goes_on_is_not_greeted_again(talk: TalkingTo) -> None:
    context = talk.remembers(tools=[])
    context |= {"resumed": True, "turns": TURNS, "summary": "They like the sea."}
    async with talk:
        await asyncio.sleep(10)
        assert talk.heard == []
        await talk.say("what was my boat called")
        await talk.quiet()
        said = talk.world.brain.asked[-1].said
        assert ("user", "my boat is called Anna") in said
        assert ("assistant", "What a nice name.") in said
        assert "They like the sea." in json.dumps(talk.world.brain.asked[-1].request.body)


async def test_who_was_only_greeted_before_is_greeted_again(talk: TalkingTo) -> None:
    context = talk.remembers(tools=[])
    context |= {"resumed": True, "turns": [TURNS[1]]}  # it spoke to nobody, and was lost
    talk.resume = True
    async with talk:
        await talk.greeted()


async def test_a_replaced_agent_excuses_itself_and_goes_on(talk: TalkingTo) -> None:
    context = talk.remembers(tools=[])
    context |= {"resumed": True, "turns": TURNS}
    talk.resume, talk.room_age_s = True, 60.0
    async with talk:
        await talk.until(lambda: talk.heard)
        await asyncio.sleep(4)
        assert talk.heard == [LINES["en"]["back_again"]]
        await talk.say("what was my boat called")
        await talk.quiet()
        assert "Anna" in str(talk.world.brain.asked[-1].said)
        assert LINES["en"]["back_again"] not in str(talk.world.brain.asked[-1].said)


@pytest.mark.parametrize("delay_s", [5.0, None])
async def test_a_backend_that_is_late_or_away_is_not_waited_for(
    talk: TalkingTo, delay_s: float | None
) -> None:
    if delay_s is None:
        talk.world.memory.context = None
    talk.world.memory.delay_s = delay_s or 0.0
    async with talk:
        await talk.until(lambda: talk.heard)
        assert now_s() < 1.5
        assert talk.heard == ["Hello there."]


async def test_what_is_known_of_the_user_is_told_to_the_llm(talk: TalkingTo) -> None:
    context = talk.remembers(tools=[], prompt="You are a pirate.", style="Gruff.")
    context["memories"] = [{"id": "1", "text": "They own a parrot.", "kind": "fact"}]
    async with talk:
        await talk.greeted()
        await talk.say("how old is the moon")
        await talk.quiet()
        system = json.dumps(talk.world.brain.asked[-1].request.body["messages"][0])
        for told in ("You are a pirate.", "Gruff.", "They own a parrot."):
            assert told in system


async def test_a_new_question_during_the_greeting_stops_it(talk: TalkingTo) -> None:
    talk.remembers(tools=[], greeting="Hello and welcome. " + "I have a lot to tell you. " * 5)
    async with talk:
        await talk.answer()
        await asyncio.sleep(1)
        await talk.say("stop it and tell me about the moon")
        await talk.quiet()
        assert talk.turns == ["stop it and tell me about the moon"]
        assert talk.heard[-1] == "What can I do for you now?"
        assert PERSONA["name"] == "Parley"
