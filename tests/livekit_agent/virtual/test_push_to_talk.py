"""A key, not silence, says when a turn is over."""

import asyncio

from tests.livekit_agent.virtual.call import TalkingTo
from tests.livekit_agent.virtual.clock import now_s

STORY = "Once there was a car with three wheels. It drove over the hills. And then it came home."


async def press(talk: TalkingTo, pressed: bool | None) -> None:
    await talk.room.press("push_to_talk", pressed=pressed)


async def say_with_key(talk: TalkingTo, words: str, *, hold_s: float = 0.3) -> None:
    await press(talk, True)
    await asyncio.sleep(0.2)
    await talk.say(words)
    await asyncio.sleep(hold_s)
    await press(talk, False)


async def test_letting_go_ends_the_turn_at_once(talk: TalkingTo) -> None:
    async with talk:
        await talk.greeted()
        await say_with_key(talk, "I would like to know about my")  # open: 1.6 s without a key
        let_go_s = now_s()
        assert (await talk.answer()).starts_s - let_go_s < 0.8
        assert talk.turns == ["I would like to know about my"]


async def test_who_holds_the_key_may_be_silent(talk: TalkingTo) -> None:
    async with talk:
        await talk.greeted()
        await press(talk, True)
        await talk.say("I would like to know")
        await asyncio.sleep(5)
        assert talk.heard == []
        await talk.say("how old the moon is")
        await asyncio.sleep(3)
        assert talk.heard == []
        await press(talk, False)
        await talk.quiet()
        assert talk.turns == ["I would like to know how old the moon is"]


async def test_letting_go_in_mid_word_loses_nothing_of_the_next_turn(talk: TalkingTo) -> None:
    """The VAD has not seen the end of the first one."""
    async with talk:
        await talk.greeted()
        await say_with_key(talk, "how old is the moon", hold_s=0.0)
        await talk.quiet()
        await say_with_key(talk, "how far is the sun", hold_s=0.0)
        await talk.quiet()
        assert talk.turns == ["how old is the moon", "how far is the sun"]


async def test_the_key_stops_the_agent(talk: TalkingTo) -> None:
    talk.world.brain.on("story", STORY)
    async with talk:
        await talk.greeted()
        await say_with_key(talk, "tell me a story")
        await talk.answer()
        await asyncio.sleep(1)
        await press(talk, True)
        pressed_s = now_s()
        await asyncio.sleep(0.5)
        assert talk.loudspeaker.sounds[-1].ends_s - pressed_s < 0.1
        await talk.say("tell me about boats")
        await asyncio.sleep(0.3)
        await press(talk, False)
        await talk.quiet()
        assert talk.turns == ["tell me a story", "tell me about boats"]


async def test_the_key_stops_even_a_persona_that_is_not_to_be_stopped(talk: TalkingTo) -> None:
    talk.remembers(tools=[], interruption_mode="off")
    talk.world.brain.on("story", STORY)
    async with talk:
        await talk.greeted()
        await say_with_key(talk, "tell me a story")
        await talk.answer()
        await asyncio.sleep(1)
        await say_with_key(talk, "tell me about boats")
        await talk.quiet()
        assert talk.turns == ["tell me a story", "tell me about boats"]


async def test_a_key_that_nobody_speaks_under_is_no_turn(talk: TalkingTo) -> None:
    async with talk:
        await talk.greeted()
        await press(talk, True)
        await asyncio.sleep(1)
        await press(talk, False)
        await asyncio.sleep(5)
        assert (talk.turns, talk.heard) == ([], [])


async def test_what_is_said_without_the_key_is_not_heard(talk: TalkingTo) -> None:
    async with talk:
        await talk.greeted()
        await say_with_key(talk, "how old is the moon")
        await talk.quiet()
        talk.loudspeaker.sounds.clear()
        await talk.say("this is only for the dog")
        await asyncio.sleep(4)
        assert talk.turns == ["how old is the moon"]
        assert talk.heard == []


async def test_once_the_key_is_put_away_silence_ends_turns_again(talk: TalkingTo) -> None:
    async with talk:
        await talk.greeted()
        await say_with_key(talk, "how old is the moon")
        await talk.quiet()
        await press(talk, None)
        await talk.say("how far is the sun")
        await talk.quiet()
        assert talk.turns == ["how old is the moon", "how far is the sun"]
