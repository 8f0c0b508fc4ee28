"""A late or broken LLM: something true is heard in time, and the call goes on."""

import pytest

from chassis.ended import EndedReason
from tests.fakes.chat_chunks import pieces
from tests.fakes.openai_backend import Pause, Reply, Reset
from tests.livekit_agent.virtual.broken import (
    LOST_LLM,
    MUST_END,
    ONE_MOMENT,
    QUESTION,
    Broken,
    asked,
    fails,
    hangs,
    resets,
    says_nothing,
    web_page,
)
from tests.livekit_agent.virtual.call import TalkingTo
from tests.livekit_agent.virtual.engines import thought


async def test_a_slow_llm_is_excused_once_and_then_heard(talk: TalkingTo) -> None:
    talk.world.brain.on("moon", thought("It is very old.", ttft_s=4.5))
    async with talk:
        ended_s = await asked(talk)
        excuse = await talk.answer()
        assert excuse.what == ONE_MOMENT
        assert excuse.starts_s - ended_s < 3.0
        await talk.quiet(for_s=4)
        assert talk.heard == [ONE_MOMENT, "It is very old."]
        assert talk.history[-1][0] == "assistant"


async def test_a_fast_llm_needs_no_excuse(talk: TalkingTo) -> None:
    talk.world.brain.on("moon", thought("It is very old.", ttft_s=1.2))
    async with talk:
        await asked(talk)
        await talk.quiet()
        assert talk.heard == ["It is very old."]


@pytest.mark.parametrize("broken", [hangs, fails, resets, web_page, says_nothing])
async def test_another_llm_answers_for_a_broken_one(talk: TalkingTo, broken: Broken) -> None:
    talk.world.brain.broken = broken
    talk.world.down.add("llm.test")
    async with talk:
        ended_s = await asked(talk)
        first = await talk.answer()
        assert first.starts_s - ended_s < 3.0
        await talk.quiet(for_s=4)
        assert talk.heard[-1] == "The small one answers here."
        assert talk.events("status")[-1]["state"] == "fallback"
        assert talk.events("turn")[-1]["fallbacks"] == ["llm"]


async def test_the_main_llm_is_asked_again_once_it_is_well(talk: TalkingTo) -> None:
    talk.world.brain.broken = fails
    talk.world.down.add("llm.test")
    async with talk:
        await asked(talk)
        await talk.quiet()
        talk.world.brain.broken = None
        talk.world.down.clear()
        await talk.until(lambda: talk.events("status")[-1]["state"] == "recovered", within_s=40)
        await talk.say(QUESTION)
        await talk.quiet()
        assert "All is well" in talk.said_by_agent


async def test_without_any_llm_it_says_so_and_at_last_ends_the_call(talk: TalkingTo) -> None:
    talk.world.brain.broken = talk.world.spare_brain.broken = fails
    talk.world.down |= {"llm.test", "standby.test"}
    async with talk:
        await asked(talk)
        for _ in range(2):
            await talk.quiet()
            assert talk.heard[-1] == LOST_LLM
            await talk.say(QUESTION)
        assert await talk.ended() is EndedReason.NO_LLM
        assert talk.heard[-1] == MUST_END
        assert talk.events("ended")[-1]["reason"] == "no_llm"
        assert talk.room_deleted


async def test_half_a_reply_is_ended_with_the_truth(talk: TalkingTo) -> None:
    steps = [*pieces("It ", "is ", "very ", "old. ", "And ", "it ", "is "), Reset()]
    talk.world.brain.on("moon", Reply(steps=steps))
    async with talk:
        await asked(talk)
        await talk.quiet()
        assert talk.heard[0] == "It is very old."
        assert talk.heard[-1].endswith(LOST_LLM)
        assert talk.world.spare_brain.asked == []  # it would begin again


async def test_an_llm_that_stops_in_mid_reply_is_not_waited_for(talk: TalkingTo) -> None:
    talk.world.brain.on("moon", Reply(steps=[*pieces("It ", "is ", "very ", "old. "), Pause()]))
    async with talk:
        await asked(talk)
        await talk.quiet(for_s=4)
        assert talk.heard[-1] == LOST_LLM
        assert talk.world.brain.asked[-1].is_over == "left"


async def test_an_llm_in_a_loop_is_cut(talk: TalkingTo) -> None:
    talk.world.brain.on("moon", "The moon is older than the sea. " * 60)
    async with talk:
        await asked(talk)
        await talk.quiet()
        assert len(talk.heard) < 8
        assert talk.world.brain.asked[-1].is_over == "left"


async def test_its_excuses_are_not_told_to_the_llm(talk: TalkingTo) -> None:
    talk.world.brain.on("moon", thought("It is very old.", ttft_s=4.0))
    async with talk:
        await asked(talk)
        await talk.quiet(for_s=4)
        assert talk.heard[0] == ONE_MOMENT
        assert talk.history[-1] == ("assistant", f"{ONE_MOMENT} It is very old.")
        await talk.say("how big is it then")
        await talk.quiet()
        assert ONE_MOMENT not in str(talk.world.brain.asked[-1].said)
