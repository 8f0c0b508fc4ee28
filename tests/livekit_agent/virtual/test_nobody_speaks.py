"""A silent person, and a call that lasts too long."""

import asyncio

from chassis.ended import EndedReason
from livekit_agent.lines import LINES
from tests.livekit_agent.virtual.broken import asked
from tests.livekit_agent.virtual.call import TalkingTo
from tests.livekit_agent.virtual.clock import now_s


async def test_a_silent_person_is_asked_for_and_let_go(talk: TalkingTo) -> None:
    async with talk.set(silence_prompt_s=20, silence_hangup_s=10):
        await talk.greeted()
        begun_s = now_s()
        asked_for = await talk.answer()
        assert asked_for.what == LINES["en"]["still_there"]
        assert 18 < asked_for.starts_s - begun_s < 22
        assert await talk.ended() is EndedReason.USER_SILENT
        assert talk.heard[-1] == LINES["en"]["going_silent"]


async def test_who_answers_is_not_let_go(talk: TalkingTo) -> None:
    async with talk.set(silence_prompt_s=20, silence_hangup_s=10):
        await talk.greeted()
        await talk.answer()
        await talk.say("yes I am here")
        await talk.quiet()
        await asyncio.sleep(12)
        assert talk.events("ended") == []
        assert "All is well" in talk.said_by_agent


async def test_who_listens_to_a_long_answer_is_not_silent(talk: TalkingTo) -> None:
    talk.world.brain.on("moon", " ".join(f"It is number {n} of many things." for n in range(20)))
    async with talk.set(silence_prompt_s=10, silence_hangup_s=5):
        await asked(talk)
        await talk.answer()
        await asyncio.sleep(25)
        assert LINES["en"]["still_there"] not in talk.heard


async def test_the_longest_call_ends_with_a_word(talk: TalkingTo) -> None:
    async with talk.set(max_call_s=30, silence_prompt_s=0):
        await talk.greeted()
        assert await talk.ended() is EndedReason.MAX_DURATION
        assert 29 < now_s() < 35
        assert talk.heard[-1] == LINES["en"]["time_is_up"]
