"""A reply begun before the turn is surely over: used if it is, thrown away if not."""

import asyncio

from livekit_agent.turns import Endpointing
from tests.livekit_agent.virtual.call import TalkingTo
from tests.livekit_agent.virtual.clock import now_s


async def test_the_prepared_reply_is_the_one_that_is_heard(talk: TalkingTo) -> None:
    async with talk:
        await talk.greeted()
        said = await talk.say("how old is the moon")
        answer = await talk.answer()
        assert len(talk.world.brain.asked) == 1
        assert talk.world.brain.asked[-1].at_s < said.ends_s + 0.3
        assert answer.starts_s - said.ends_s < 0.65
        await talk.quiet()
        turn = talk.events("turn")[-1]
        assert turn["preemptive"] is True
        assert turn["first_sound_at_s"] < 0.65


async def test_its_speech_is_made_ahead_too(talk: TalkingTo) -> None:
    async with talk:
        await talk.greeted()
        said = await talk.say("turn on the light and")  # an open end: 1.6 s
        await asyncio.sleep(1.2)
        assert talk.heard == []
        assert [a for a in talk.world.throat.asked if a.at_s > said.ends_s]
        assert (await talk.answer()).starts_s - said.ends_s < 1.7


async def test_it_is_thrown_away_when_the_person_goes_on(talk: TalkingTo) -> None:
    async with talk:
        await talk.greeted()
        await talk.say("I want to talk about my")
        await asyncio.sleep(0.9)
        begun = len(talk.world.brain.asked)
        assert begun >= 1
        await talk.say("holidays")
        await talk.quiet()
        assert talk.turns == ["I want to talk about my holidays"]
        assert talk.world.brain.asked[-1].last == "I want to talk about my holidays"
        assert len(talk.world.brain.asked) > begun
        assert talk.events("turn")[-1]["discarded"] >= 1


async def test_what_is_thrown_away_stops_at_the_engines(talk: TalkingTo) -> None:
    talk.world.brain.on("my", " ".join(["word"] * 400) + ".")
    async with talk:
        await talk.greeted()
        await talk.say("I want to talk about my")
        await asyncio.sleep(0.6)
        assert talk.world.brain.asked[-1].is_over == ""
        place = len(talk.world.brain.asked) - 1
        talk.speak("holidays in the mountains")
        await talk.until(lambda: talk.world.brain.asked[place].is_over == "left", within_s=2.0)


async def test_nothing_is_begun_ahead_where_that_is_switched_off(talk: TalkingTo) -> None:
    async with talk.set(preemptive_after_s=0):
        await talk.greeted()
        said = await talk.say("how old is the moon")
        await talk.answer()
        assert len(talk.world.brain.asked) == 1
        assert talk.world.brain.asked[0].at_s >= said.ends_s + Endpointing().doubt_s
        await talk.quiet()
        assert talk.events("turn")[-1]["preemptive"] is False


async def test_a_final_transcript_that_says_something_else_is_what_counts(
    talk: TalkingTo,
) -> None:
    talk.hearing.main.misheard = {"how old is the moon": "how old is the spoon"}
    talk.world.brain.on("spoon", "Spoons are older than forks.")
    async with talk:
        await talk.greeted()
        await talk.say("how old is the moon")
        await talk.quiet()
        assert talk.said_by_agent == "Spoons are older than forks."
        assert talk.turns == ["how old is the spoon"]


async def test_punctuation_that_comes_late_discards_nothing(talk: TalkingTo) -> None:
    talk.hearing.main.misheard = {"how old is the moon": "How old is the moon?"}
    async with talk:
        await talk.greeted()
        await talk.say("how old is the moon")
        await talk.quiet()
        assert [asked.last for asked in talk.world.brain.asked] == ["how old is the moon"]
        assert talk.events("turn")[-1]["preemptive"] is True
        assert talk.events("turn")[-1]["discarded"] == 0


async def test_the_screen_hears_of_one_turn_only(talk: TalkingTo) -> None:
    async with talk:
        await talk.greeted()
        count = len(talk.events("turn"))
        await talk.say("I want to talk about my")
        await asyncio.sleep(0.9)
        await talk.say("holidays and")
        await asyncio.sleep(0.9)
        await talk.say("my work")
        await talk.quiet()
        assert len(talk.events("turn")) == count + 1
        assert len(talk.history) == 3


async def test_a_person_who_stops_and_starts_does_not_cost_a_reply_each_time(
    talk: TalkingTo,
) -> None:
    async with talk:
        await talk.greeted()
        for words in ["and then", "we went to", "the house of", "my aunt and", "my uncle and"] * 3:
            await talk.say(words)
            await asyncio.sleep(0.35)
        await talk.quiet()
        assert len(talk.world.brain.asked) <= 8
        assert talk.heard


async def test_an_engine_that_is_slower_than_the_turn_loses_nothing(talk: TalkingTo) -> None:
    talk.world.throat.ttfb_s = 0.8
    async with talk:
        await talk.greeted()
        said = await talk.say("how old is the moon")
        answer = await talk.answer()
        assert 1.0 < answer.starts_s - said.ends_s < 1.5
        assert now_s() - said.ends_s < 1.5
