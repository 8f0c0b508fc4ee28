"""A late or broken STT: no word is lost, and who is not heard is told."""

import asyncio

from chassis.ended import EndedReason
from tests.livekit_agent.virtual.broken import (
    LOST_STT,
    MUST_END,
    ONE_MOMENT,
    QUESTION,
    asked,
)
from tests.livekit_agent.virtual.call import TalkingTo


async def test_a_late_transcript_is_asked_to_be_waited_for(talk: TalkingTo) -> None:
    talk.hearing.main.words_s = talk.hearing.main.final_s = 2.8
    async with talk:
        ended_s = await asked(talk)
        excuse = await talk.answer()
        assert excuse.what == ONE_MOMENT
        assert excuse.starts_s - ended_s < 3.0
        await talk.quiet(for_s=3)
        assert talk.turns == [QUESTION]
        assert "All is well" in talk.said_by_agent


async def test_an_stt_that_never_answers_loses_no_word(talk: TalkingTo) -> None:
    talk.hearing.main.answers = False
    async with talk:
        await asked(talk)
        await talk.quiet(for_s=3)
        assert talk.turns == [QUESTION]
        assert talk.hearing.standby.finals == [QUESTION]
        assert talk.events("status")[0]["stage"] == "stt"


async def test_an_stt_lost_in_mid_sentence_loses_no_word(talk: TalkingTo) -> None:
    talk.world.down.add("stt.test")
    async with talk:
        await talk.greeted()
        talk.speak("please tell me how old the moon is today", seconds=3)
        await asyncio.sleep(1.5)
        talk.hearing.lose_main()
        await talk.quiet()
        assert talk.turns == ["please tell me how old the moon is today"]
        assert talk.hearing.standby.sockets == 1


async def test_the_main_stt_is_used_again_but_not_in_mid_sentence(talk: TalkingTo) -> None:
    talk.world.down.add("stt.test")
    talk.hearing.main.is_up = False
    async with talk:
        await asked(talk)
        await talk.quiet()
        talk.speak("please tell me how old the moon is today and how far", seconds=9)
        await asyncio.sleep(1)
        talk.world.down.clear()
        talk.hearing.main.is_up = True
        await asyncio.sleep(7)
        assert talk.hearing.main.sockets == 0
        await talk.quiet(within_s=90)
        assert talk.turns[-1] == "please tell me how old the moon is today and how far"
        await talk.until(lambda: talk.hearing.main.sockets == 1, within_s=60)
        await talk.say("how big is the sea")
        await talk.quiet()
        assert talk.hearing.main.finals == ["how big is the sea"]


async def test_who_cannot_be_heard_is_told_and_at_last_let_go(talk: TalkingTo) -> None:
    async with talk:
        await talk.greeted()
        talk.world.down |= {"stt.test", "standby.test"}
        talk.hearing.lose_main()
        talk.hearing.standby.is_up = False
        said = await talk.say(QUESTION)
        first = await talk.answer()
        assert first.what == LOST_STT
        assert first.starts_s - said.ends_s < 3.0
        for _ in range(3):
            await asyncio.sleep(9)
            await talk.say(QUESTION)
        assert await talk.ended() is EndedReason.NO_STT
        assert talk.heard[-1] == MUST_END


async def test_who_can_be_heard_again_is_answered(talk: TalkingTo) -> None:
    async with talk:
        await talk.greeted()
        talk.world.down |= {"stt.test", "standby.test"}
        talk.hearing.lose_main()
        talk.hearing.standby.is_up = False
        await talk.say(QUESTION)
        await talk.quiet()
        talk.hearing.main.is_up = True
        talk.world.down.clear()
        await talk.until(lambda: QUESTION in talk.turns, within_s=60)  # what was said is not lost
        await talk.until(lambda: "All is well" in talk.said_by_agent)
