"""What the LLM is given: as much as fits, and less when that was too much."""

import json

from livekit_agent.lines import LINES
from tests.fakes.openai_backend import Reply, Request
from tests.livekit_agent.virtual.call import TalkingTo
from tests.livekit_agent.virtual.engines import thought

LONG = "This is answer {n}: " + "11 * 12 = 132; " * 12 + "that is all. "


def overflow(needed: int, limit: int) -> Reply:
    error = {
        "message": f"request ({needed} tokens) exceeds the available context size ({limit} tokens)",
        "code": "context_length_exceeded",
        "n_prompt_tokens": needed,
        "n_ctx": limit,
    }
    body = json.dumps({"error": error}).encode()
    return Reply(status=400, steps=[body], headers={"content-type": "application/json"})


async def talk_much(talk: TalkingTo, turns: int) -> None:
    await talk.greeted()
    for n in range(turns):
        talk.world.brain.usual = LONG.format(n=n)
        await talk.say(f"tell me thing number {n} of many")
        await talk.quiet()


async def test_all_that_fits_is_given(talk: TalkingTo) -> None:
    async with talk:
        await talk_much(talk, 3)
        roles = [role for role, _ in talk.world.brain.asked[-1].said]
        assert roles == ["assistant", *["user", "assistant"] * 2, "user"]


async def test_a_small_window_keeps_the_newest(talk: TalkingTo) -> None:
    async with talk.set(context_tokens=1024):
        await talk_much(talk, 8)
        said = talk.world.brain.asked[-1].said
        assert said[-1] == ("user", "tell me thing number 7 of many")
        assert len(said) < 14
        assert said[0][0] == "user"
        assert len(json.dumps(talk.world.brain.asked[-1].request.body["messages"])) < 4500


async def test_the_servers_own_window_counts(talk: TalkingTo) -> None:
    talk.world.context_tokens = 1024
    async with talk.set(context_tokens=100_000):
        await talk_much(talk, 8)
        assert len(talk.world.brain.asked[-1].said) < 14


async def test_what_leaves_is_summarised_by_the_way(talk: TalkingTo) -> None:
    summary = {"choices": [{"message": {"content": "They spoke of many things."}}]}
    talk.world.background.broken = lambda _: Reply(
        steps=[json.dumps(summary).encode()], headers={"content-type": "application/json"}
    )
    async with talk.set(context_tokens=1024):
        await talk_much(talk, 9)
        messages = json.dumps(talk.world.brain.asked[-1].request.body["messages"])
        assert "They spoke of many things." in messages


async def test_an_overflow_is_asked_again_with_less_and_nobody_notices(talk: TalkingTo) -> None:
    def small(request: Request) -> Reply:
        size = len(json.dumps(request.body["messages"]))
        return overflow(4000, 900) if size > 3000 else thought("That one fits.")

    async with talk.set(context_tokens=100_000):
        await talk_much(talk, 6)
        talk.world.brain.broken = small
        said = await talk.say("and how old is the moon")
        answer = await talk.answer()
        assert answer.what == "That one fits."
        assert answer.starts_s - said.ends_s < 1.5
        assert talk.world.spare_brain.asked == []
        await talk.quiet()
        count = len(talk.world.brain.asked)
        await talk.say("and how big is it")
        await talk.quiet()
        assert len(talk.world.brain.asked) - count == 1  # it has learnt
        assert talk.events("status") == []


async def test_what_never_fits_goes_to_the_other_engine(talk: TalkingTo) -> None:
    talk.world.brain.broken = lambda _: overflow(4000, 10)
    talk.world.down.add("llm.test")
    async with talk:
        await talk.greeted()
        await talk.say("how old is the moon")
        await talk.quiet()
        assert talk.heard == ["The small one answers here."]


async def test_another_refusal_is_no_overflow(talk: TalkingTo) -> None:
    talk.world.brain.broken = lambda _: Reply(status=400, steps=[b'{"error": {"message": "no"}}'])
    talk.world.down.add("llm.test")
    async with talk:
        await talk.greeted()
        await talk.say("how old is the moon")
        await talk.quiet()
        assert talk.heard == ["The small one answers here."]
        assert len(talk.world.brain.asked) == 1


async def test_memories_that_bear_on_the_question_go_with_it(talk: TalkingTo) -> None:
    talk.world.memory.memories = [{"id": "1", "text": "Their cat is called Tom.", "kind": "fact"}]
    async with talk:
        await talk.greeted()
        await talk.say("what was my cat called again")
        await talk.quiet()
        messages = json.dumps(talk.world.brain.asked[-1].request.body["messages"])
        assert "Their cat is called Tom." in messages
        assert "Tom" not in str(talk.history)


async def test_memories_that_are_late_are_left_out(talk: TalkingTo) -> None:
    talk.world.memory.memories = [{"id": "1", "text": "Their cat is called Tom.", "kind": "fact"}]
    async with talk:
        await talk.greeted()
        talk.world.memory.delay_s = 1.0
        said = await talk.say("what was the name of my cat")
        answer = await talk.answer()
        assert answer.starts_s - said.ends_s < 0.7
        assert "Tom" not in json.dumps(talk.world.brain.asked[-1].request.body["messages"])


async def test_somebody_who_dictates_a_book_is_still_answered(talk: TalkingTo) -> None:
    words = " ".join(f"word{n}" for n in range(400))
    async with talk.set(context_tokens=1024):
        await talk.greeted()
        await talk.say(words, seconds=40)
        await talk.quiet()
        assert "All is well" in talk.said_by_agent
        assert LINES["en"]["lost_llm"] not in talk.heard
