"""A late or broken TTS: another voice speaks, or a clip."""

import asyncio

import pytest

from chassis.ended import EndedReason
from tests.fakes.openai_backend import Pause, Reply, Request, Reset
from tests.livekit_agent.virtual.broken import (
    LOST_TTS,
    MUST_END,
    ONE_MOMENT,
    QUESTION,
    Broken,
    fails,
    hangs,
    resets,
    web_page,
)
from tests.livekit_agent.virtual.call import TalkingTo
from tests.livekit_agent.virtual.engines import PCM
from tests.livekit_agent.virtual.sound import voice_pcm


async def test_a_slow_voice_is_excused(talk: TalkingTo) -> None:
    async with talk:
        await talk.greeted()
        talk.world.throat.ttfb_s = 2.9
        said = await talk.say(QUESTION)
        excuse = await talk.answer()
        assert excuse.what == ONE_MOMENT
        assert excuse.starts_s - said.ends_s < 3.0
        await talk.quiet(for_s=4)
        assert talk.heard.count(ONE_MOMENT) == 1
        assert "here today." in talk.said_by_agent


@pytest.mark.parametrize("broken", [hangs, fails, resets, web_page])
async def test_another_voice_speaks_for_a_broken_one(talk: TalkingTo, broken: Broken) -> None:
    async with talk:
        await talk.greeted()
        talk.world.down.add("tts.test")
        talk.world.throat.broken = broken
        said = await talk.say(QUESTION)
        first = await talk.answer()
        assert first.starts_s - said.ends_s < 3.0
        await talk.quiet(for_s=4)
        spoken = [sound for sound in talk.heard if sound != ONE_MOMENT]
        assert spoken == ["(All is well)", "(here today.)", "(What can I do for you now?)"]
        assert talk.events("status")[-1]["stage"] == "tts"


async def test_the_other_voice_stays_even_when_the_first_is_well_again(talk: TalkingTo) -> None:
    async with talk:
        await talk.greeted()
        talk.world.throat.broken = fails
        talk.world.down.add("tts.test")
        await talk.say(QUESTION)
        await talk.quiet()
        talk.world.throat.broken = None
        talk.world.down.clear()
        await asyncio.sleep(35)
        await talk.say(QUESTION)
        await talk.quiet()
        assert talk.heard[-1].startswith("(")


async def test_a_voice_cut_in_mid_phrase_is_gone_on_for_from_a_whole_word(
    talk: TalkingTo,
) -> None:
    talk.world.brain.on("moon", "The moon is about four and a half thousand million years old.")

    def cut(request: Request) -> Reply:
        text = str(request.body["input"])
        level = talk.loudspeaker.level_of(text)
        return Reply(steps=[Pause(0.1), voice_pcm(level, 0.6), Reset()], headers=PCM)

    async with talk:
        await talk.greeted()
        talk.world.throat.broken = cut
        talk.world.down.add("tts.test")
        await talk.say(QUESTION)
        await talk.quiet()
        rest = talk.world.spare_throat.texts[0]
        whole = talk.world.throat.texts[-1]
        assert whole.endswith(rest)
        assert rest in (whole, whole[whole.index(rest) :])
        assert whole[: -len(rest)].endswith(" ") or rest == whole
        assert 0 < len(whole) - len(rest) < len(whole)


async def test_without_any_voice_a_clip_says_so_and_the_call_ends(talk: TalkingTo) -> None:
    async with talk:
        await talk.greeted()
        talk.world.throat.broken = talk.world.spare_throat.broken = fails
        talk.world.down |= {"tts.test", "standby.test"}
        for _ in range(2):
            await talk.say(QUESTION)
            await talk.quiet()
            assert talk.heard[-1] == LOST_TTS
        await talk.say(QUESTION)
        assert await talk.ended() is EndedReason.NO_TTS
        assert talk.heard[-1] == MUST_END
