"""Speaking over the agent: what stops it, what does not, and what it remembers of it."""

import asyncio

import pytest
from livekit.agents.voice.room_io import TextInputEvent

from livekit_agent.session_options import typed
from tests.livekit_agent.virtual.call import TalkingTo
from tests.livekit_agent.virtual.clock import now_s
from tests.livekit_agent.virtual.engines import CHARS_PER_S
from tests.livekit_agent.virtual.sound import Saying

STORY = (
    "Once upon a time there was a car with three wheels. It drove over the hills and far away. "
    "Nobody knew where it went. In the end it came back home to its small garage."
)
CHESS = "There is chess and there is poker. Shall we play a game of chess?"
SILENT_WITHIN_S = 0.3
MURMURS = ["mm-hm", "yeah", "okay", "uh-huh", "right", "oh I see", "yeah yeah"]
COMMANDS = ["no wait", "stop please", "hold on a second", "what about the boats", "yeah but why"]


@pytest.fixture(autouse=True)
def words_are_shown(talk: TalkingTo) -> None:
    """What was heard of a reply is told by them."""
    talk.shows_words = True


async def hears_story(talk: TalkingTo, for_s: float = 2.0) -> None:
    """The agent has been telling the story for a while."""
    talk.world.brain.on("story", STORY)
    await talk.greeted()
    await talk.say("tell me a story")
    await talk.answer()
    await asyncio.sleep(for_s)


def silent_after_s(talk: TalkingTo, saying: Saying) -> float:
    """How long the agent went on after the person began to speak."""
    begun = [s for s in talk.loudspeaker.sounds if s.starts_s < saying.starts_s]
    return max(0.0, begun[-1].ends_s - saying.starts_s)


@pytest.mark.parametrize("words", COMMANDS)
async def test_real_words_stop_the_agent_for_good(talk: TalkingTo, words: str) -> None:
    async with talk:
        await hears_story(talk)
        saying = await talk.say(words)
        assert silent_after_s(talk, saying) <= SILENT_WITHIN_S
        await talk.quiet()
        assert talk.turns == ["tell me a story", words]
        assert "garage" not in talk.said_by_agent
        assert "All is well" in talk.said_by_agent


@pytest.mark.parametrize("words", MURMURS)
async def test_a_murmur_does_not_stop_the_agent(talk: TalkingTo, words: str) -> None:
    async with talk:
        await hears_story(talk)
        await talk.say(words, seconds=0.4)
        await talk.quiet(for_s=3.0)
        assert talk.said_by_agent.endswith("small garage.")
        assert talk.turns == ["tell me a story"]
        assert not talk.history[-1][1].endswith("…")
        assert talk.counted("interruptions", kind="backchannel") == 1


async def test_a_murmur_between_turns_is_a_turn(talk: TalkingTo) -> None:
    """ "Yes" is an answer, unless somebody else is speaking."""
    async with talk:
        await talk.greeted()
        await talk.say("yeah")
        await talk.quiet()
        assert talk.turns == ["yeah"]


async def test_a_noise_stops_the_agent_only_for_a_moment(talk: TalkingTo) -> None:
    async with talk:
        await hears_story(talk)
        noise = await talk.say("", seconds=0.4)
        await talk.quiet(for_s=3.0)
        assert silent_after_s(talk, noise) <= SILENT_WITHIN_S
        pauses = [
            b.starts_s - a.ends_s
            for a, b in zip(talk.loudspeaker.sounds, talk.loudspeaker.sounds[1:], strict=False)
        ]
        assert 0.2 < max(pauses) < 1.5  # the STT's verdict, not a timeout, gives the word back
        assert talk.said_by_agent.endswith("small garage.")
        assert talk.turns == ["tell me a story"]


async def test_what_no_engine_hears_gives_the_word_back_too(talk: TalkingTo) -> None:
    """A false interruption whose transcript never comes."""
    async with talk:
        await hears_story(talk)
        talk.hearing.main.answers = False
        talk.hearing.standby.answers = False
        await talk.say("", seconds=0.4)
        await talk.until(lambda: "garage" in talk.said_by_agent, within_s=40)


async def test_a_click_does_not_even_pause_it(talk: TalkingTo) -> None:
    async with talk:
        await hears_story(talk)
        await talk.say("", seconds=0.04)
        await talk.quiet(for_s=3.0)
        gaps = zip(talk.loudspeaker.sounds, talk.loudspeaker.sounds[1:], strict=False)
        assert max(b.starts_s - a.ends_s for a, b in gaps) < 0.1


async def test_what_nobody_waits_for_any_more_is_cancelled(talk: TalkingTo) -> None:
    talk.world.brain.on("long", " ".join(f"This is sentence number {n} of it." for n in range(99)))
    talk.world.throat.ttfb_s = 0.3
    async with talk:
        await talk.greeted()
        await talk.say("tell me something long")
        await talk.answer()
        await asyncio.sleep(2)
        begun_s = now_s()
        assert talk.world.brain.asked[-1].is_over == ""
        await talk.say("no wait stop")
        await talk.until(lambda: talk.world.brain.asked[-1].is_over == "left", within_s=1.0)
        count = len(talk.world.throat.asked)
        assert now_s() - begun_s < 2.0
        await asyncio.sleep(0.3)
        assert len(talk.world.throat.asked) == count


async def test_history_keeps_only_what_was_heard(talk: TalkingTo) -> None:
    async with talk:
        await hears_story(talk, for_s=4.0)
        await talk.say("no wait")
        await talk.quiet()
        told = next(text for role, text in talk.history if text.startswith("Once"))
        assert told in STORY
        assert "wheels" in told
        assert "garage" not in told
        asked = talk.world.brain.asked[-1]
        assert ("assistant", told) in asked.said
        assert asked.last == "no wait"
        assert talk.events("turn")[-2]["interrupted"] is True


async def test_more_words_before_any_sound_join_the_turn(talk: TalkingTo) -> None:
    """They thought the agent was done listening; it had not begun to speak."""
    talk.world.throat.ttfb_s = 1.5
    async with talk:
        await talk.greeted()
        await talk.say("tell me about cars")
        await asyncio.sleep(1.0)
        await talk.say("and about boats too")
        await talk.quiet()
        assert talk.world.brain.asked[-1].last.endswith("and about boats too")
        assert "tell me about cars" in " ".join(talk.turns)


async def test_nothing_stops_a_persona_that_is_not_to_be_stopped(talk: TalkingTo) -> None:
    talk.remembers(tools=[], interruption_mode="off")
    async with talk:
        await hears_story(talk)
        await talk.say("no wait stop that now")
        await talk.quiet(for_s=2.0)
        gaps = zip(talk.loudspeaker.sounds, talk.loudspeaker.sounds[1:], strict=False)
        story = [pair for pair in gaps if "All is" not in pair[1].what]
        assert max(b.starts_s - a.ends_s for a, b in story) < 0.1
        assert "small garage." in talk.said_by_agent


@pytest.mark.parametrize(("words", "stops"), [("boats", False), ("tell me about boats", True)])
async def test_so_many_words_stop_a_persona_that_wants_them(
    talk: TalkingTo, words: str, stops: bool
) -> None:
    talk.remembers(tools=[], interruption_mode="words", interruption_words=3)
    async with talk:
        await hears_story(talk)
        await talk.say(words)
        await asyncio.sleep(12)
        assert ("small garage." not in talk.said_by_agent) is stops


async def test_a_persona_brings_its_manners_in_mid_call(talk: TalkingTo) -> None:
    talk.world.memory.personas["teacher"] = {
        "id": "t", "name": "Teacher", "prompt": "You teach.", "interruption_mode": "off"
    }  # fmt: skip
    async with talk:
        await talk.greeted()
        await talk.room.press("set_persona", persona="Teacher")
        talk.loudspeaker.sounds.clear()
        talk.world.brain.on("story", STORY)
        await talk.say("tell me a story")
        await talk.answer()
        await asyncio.sleep(2)
        await talk.say("no wait stop")
        await talk.quiet(for_s=2.0)
        assert "small garage." in talk.said_by_agent
        prompt = talk.world.brain.asked[-1].request.body["messages"][0]["content"]
        assert "You teach." in str(prompt)


async def test_the_screen_can_stop_it(talk: TalkingTo) -> None:
    async with talk:
        await hears_story(talk)
        await talk.room.press("interrupt")
        pressed_s = now_s()
        await asyncio.sleep(3)
        assert talk.loudspeaker.sounds[-1].ends_s - pressed_s < 0.1
        assert not talk.is_speaking


async def test_a_button_stops_even_a_persona_that_is_not_to_be_stopped(talk: TalkingTo) -> None:
    talk.remembers(tools=[], interruption_mode="off")
    async with talk:
        await hears_story(talk)
        await talk.room.press("interrupt")
        await asyncio.sleep(1)
        assert not talk.is_speaking


async def test_what_is_typed_is_answered_by_a_persona_that_is_not_to_be_stopped(
    talk: TalkingTo,
) -> None:
    talk.remembers(tools=[], interruption_mode="off")
    talk.world.brain.on("boats", "Boats float on water.")
    async with talk:
        await hears_story(talk)
        await typed(talk.session, TextInputEvent("  "))
        await typed(talk.session, TextInputEvent("tell me about boats"))
        await talk.until(lambda: talk.heard[-1] == "Boats float on water.")
        assert talk.turns == ["tell me a story", "tell me about boats"]


async def test_a_muted_person_stops_nothing(talk: TalkingTo) -> None:
    async with talk:
        await hears_story(talk)
        await talk.room.press("mute", muted=True)
        await talk.say("no wait stop")
        await talk.quiet(for_s=2.0)
        assert talk.said_by_agent.endswith("small garage.")
        await talk.room.press("mute", muted=False)
        await talk.say("how old is the moon")
        await talk.quiet()
        assert talk.turns[-1] == "how old is the moon"


async def test_a_new_question_over_the_answer_is_answered(talk: TalkingTo) -> None:
    talk.world.brain.on("boats", "Boats float on water.")
    async with talk:
        await hears_story(talk)
        await talk.say("actually tell me about boats")
        await talk.quiet()
        assert talk.heard[-1] == "Boats float on water."


async def test_a_murmur_and_then_real_words_stop_it(talk: TalkingTo) -> None:
    async with talk:
        await hears_story(talk)
        await talk.say("mm-hm", seconds=0.3)
        await asyncio.sleep(1.5)
        await talk.say("no wait")
        await talk.quiet()
        assert talk.turns == ["tell me a story", "no wait"]
        assert "garage" not in talk.said_by_agent


async def asked_for_chess(talk: TalkingTo) -> float:
    """The agent begins a reply that ends in a question; when it will have said it."""
    talk.world.brain.on("bored", CHESS)
    await talk.greeted()
    await talk.say("i am bored")
    return (await talk.answer()).starts_s + len(CHESS) / CHARS_PER_S


async def test_a_yes_before_the_questions_last_sound_is_the_answer(talk: TalkingTo) -> None:
    async with talk:
        await talk.reach(await asked_for_chess(talk) - 0.4)
        await talk.say("yes", seconds=0.4)
        await talk.quiet()
        assert talk.turns == ["i am bored", "yes"]


async def test_a_yes_long_before_it_is_a_murmur(talk: TalkingTo) -> None:
    async with talk:
        await asked_for_chess(talk)
        await asyncio.sleep(0.5)
        await talk.say("yes", seconds=0.4)
        await talk.quiet()
        assert talk.turns == ["i am bored"]
        assert talk.said_by_agent.endswith("chess?")


async def test_a_french_murmur_is_one_in_french(talk: TalkingTo) -> None:
    talk.hearing.main.language = "fr"
    async with talk.set(language="fr"):
        await hears_story(talk)
        await talk.say("d'accord", seconds=0.4)
        await talk.quiet(for_s=3.0)
        assert talk.said_by_agent.endswith("small garage.")
