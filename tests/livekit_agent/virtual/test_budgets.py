"""Late and broken engines: something true is heard in time, and the call goes on."""

import asyncio
from collections.abc import Callable

import pytest

from chassis.ended import EndedReason
from livekit_agent.lines import LINES
from tests.fakes.chat_chunks import pieces
from tests.fakes.openai_backend import Pause, Reply, Request, Reset
from tests.livekit_agent.virtual.call import TalkingTo
from tests.livekit_agent.virtual.clock import now_s
from tests.livekit_agent.virtual.engines import PCM, thought
from tests.livekit_agent.virtual.sound import voice_pcm

ONE_MOMENT = LINES["en"]["one_moment"]
LOST_LLM = LINES["en"]["lost_llm"]
LOST_STT = LINES["en"]["lost_stt"]
LOST_TTS = LINES["en"]["lost_tts"]
MUST_END = LINES["en"]["must_end"]
QUESTION = "how old is the moon"

Broken = Callable[[Request], Reply]


def hangs(_: Request) -> Reply:
    return Reply(steps=[Pause()])


def fails(_: Request) -> Reply:
    return Reply(status=500, steps=[b"{}"])


def resets(_: Request) -> Reply:
    return Reply(steps=[Reset()])


def web_page(_: Request) -> Reply:
    return Reply(steps=[b"<html>hello</html>"], headers={"content-type": "text/html"})


def says_nothing(_: Request) -> Reply:
    return thought("")


async def asked(talk: TalkingTo, words: str = QUESTION) -> float:
    """When the person stopped."""
    await talk.greeted()
    return (await talk.say(words)).ends_s


# --- the LLM


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


# --- the STT


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


# --- the TTS


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


# --- nobody speaks


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
        assert talk.heard[-1] == MUST_END
