"""When the agent takes the turn."""

import asyncio
from typing import Self

import pytest
from livekit import rtc

from livekit_agent.turn_detector import ASKED_AFTER_S
from livekit_agent.turns import Endpointing
from livekit_agent.voice_ending import WITHIN_S
from tests.livekit_agent.virtual.call import TalkingTo
from tests.livekit_agent.virtual.clock import now_s

RULE = Endpointing()
MARGIN_S = 0.15  # first sound of a reply that was prepared, after the turn was taken


async def waited(talk: TalkingTo, words: str) -> float:
    """Silence between the words and the answer."""
    said = await talk.say(words)
    return (await talk.answer()).starts_s - said.ends_s


@pytest.mark.parametrize(
    ("words", "wait_s"),
    [
        ("tell me a short story please", RULE.doubt_s),
        ("how old is the moon?", RULE.doubt_s),
        ("I would like to", RULE.max_s),
        ("turn on the light and", RULE.max_s),
        ("well,", RULE.max_s),
        ("my number is five five one two", RULE.spelling_s),
    ],
)
async def test_words_that_sound_finished_are_answered_sooner(
    talk: TalkingTo, words: str, wait_s: float
) -> None:
    async with talk:
        await talk.greeted()
        assert wait_s <= await waited(talk, words) <= wait_s + MARGIN_S


class Voice:
    """In the place of VoiceEnding: hears what it is told to, after a while."""

    def __init__(self, finished: bool | None) -> None:
        self._finished = finished

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    def push(self, frame: rtc.AudioFrame) -> None:
        pass

    def forget(self) -> None:
        pass

    async def finished(self, language: str) -> bool | None:
        await asyncio.sleep(0.04 if self._finished is not None else WITHIN_S)
        return self._finished


@pytest.mark.parametrize(
    ("words", "finished", "wait_s"),
    [
        ("how old is the moon", True, RULE.min_s),
        ("how old is the moon", False, RULE.doubt_s),
        (
            "how old is the moon",
            None,
            ASKED_AFTER_S + WITHIN_S,
        ),  # 0.35 s for the model, then without it
        ("I would like to", True, RULE.open_s),
        ("I would like to", False, RULE.max_s),
    ],
)
async def test_the_voice_has_a_say_too(
    talk: TalkingTo, words: str, finished: bool | None, wait_s: float
) -> None:
    talk.voice_ending = Voice(finished)
    async with talk.set(turn_detector="v1-mini"):
        await talk.greeted()
        assert wait_s <= await waited(talk, words) <= wait_s + MARGIN_S + 0.05


@pytest.mark.parametrize(
    ("words", "wait_s"),
    [
        ("the red one", RULE.doubt_s + RULE.after_question_s),
        ("yes please", RULE.doubt_s),
    ],
)
async def test_who_answers_a_question_may_think(talk: TalkingTo, words: str, wait_s: float) -> None:
    talk.world.brain.on("choose", "Which one would you like?")
    async with talk:
        await talk.greeted()
        await talk.say("help me choose a car")
        await talk.quiet()
        assert wait_s <= await waited(talk, words) <= wait_s + MARGIN_S


async def test_a_pause_in_an_open_sentence_does_not_end_the_turn(talk: TalkingTo) -> None:
    async with talk:
        await talk.greeted()
        await talk.say("I want to talk about my")
        await asyncio.sleep(1.2)
        assert talk.heard == []
        await talk.say("holidays in the mountains")
        await talk.quiet()
        assert talk.turns == ["I want to talk about my holidays in the mountains"]


async def test_a_number_said_in_groups_is_one_turn(talk: TalkingTo) -> None:
    async with talk:
        await talk.greeted()
        for group in ("five five one", "four two zero", "nine nine"):
            await talk.say(group)
            await asyncio.sleep(0.9)
        await talk.quiet()
        assert talk.turns == ["five five one four two zero nine nine"]


async def test_two_sentences_after_another_are_one_turn(talk: TalkingTo) -> None:
    async with talk:
        await talk.greeted()
        await talk.say("I bought a car last week")
        await asyncio.sleep(0.3)
        await talk.say("it has three wheels")
        await talk.quiet()
        assert talk.turns == ["I bought a car last week it has three wheels"]


async def test_a_noise_is_no_turn(talk: TalkingTo) -> None:
    async with talk:
        await talk.greeted()
        await talk.say("", seconds=0.6)
        await asyncio.sleep(4)
        assert (talk.heard, talk.turns, talk.world.brain.asked) == ([], [], [])


async def test_a_click_is_not_even_heard(talk: TalkingTo) -> None:
    async with talk:
        await talk.greeted()
        await talk.say("", seconds=0.04)
        await asyncio.sleep(2)
        assert (talk.heard, talk.hearing.main.finals) == ([], [])


async def test_a_late_transcript_is_waited_for(talk: TalkingTo) -> None:
    talk.hearing.main.final_s = 1.2
    talk.hearing.main.words_s = 1.2
    async with talk:
        await talk.greeted()
        assert 1.2 < await waited(talk, "how old is the moon") < 2.2
        assert talk.turns == ["how old is the moon"]


async def test_the_last_word_counts_even_when_it_comes_late(talk: TalkingTo) -> None:
    talk.hearing.main.words_s = 0.4
    async with talk:
        await talk.greeted()
        await talk.say("what is the capital of France")
        await talk.quiet()
        assert talk.world.brain.asked[-1].last == "what is the capital of France"


async def test_the_limits_come_from_the_settings(talk: TalkingTo) -> None:
    async with talk.set(endpointing_max_s=0.7):
        await talk.greeted()
        assert 0.7 <= await waited(talk, "I would like to") <= 0.7 + MARGIN_S


async def test_who_often_pauses_is_given_more_time(talk: TalkingTo) -> None:
    async with talk:
        await talk.greeted()
        first_s = await waited(talk, "tell me a story")
        await talk.quiet()
        for _ in range(4):
            await talk.say("so there is this car")
            await asyncio.sleep(0.35)
            await talk.say("that I bought")
            await asyncio.sleep(0.35)
            await talk.say("in the spring")
            await talk.quiet()
        assert await waited(talk, "tell me a story") > first_s


async def test_each_turn_is_answered_once(talk: TalkingTo) -> None:
    async with talk:
        await talk.greeted()
        for words in ("how old is the moon", "how far is the sun", "how big is the sea"):
            await talk.say(words)
            await talk.quiet()
        assert talk.turns == ["how old is the moon", "how far is the sun", "how big is the sea"]
        assert len([role for role, _ in talk.history if role == "assistant"]) == 4


async def test_somebody_who_speaks_at_once_is_heard_whole(talk: TalkingTo) -> None:
    """The VAD needs 50 ms to notice; what came before is sent too."""
    async with talk:
        await talk.greeted()
        at_s = now_s()
        await talk.say("yes", seconds=0.3)
        await talk.quiet()
        assert talk.turns == ["yes"]
        assert talk.loudspeaker.sounds[0].starts_s > at_s
