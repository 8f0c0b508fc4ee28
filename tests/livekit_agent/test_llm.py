"""Thinking: a reply by whichever engine gives one, and words where none does."""

import asyncio

import pytest
from livekit.agents import (
    APIConnectionError,
    APIStatusError,
    ModelSettings,
)
from livekit.agents.llm import (
    ChatChunk,
    ChatContext,
    ChatItem,
    ChatMessage,
    CompletionUsage,
)

from livekit_agent.lines import LINES
from livekit_agent.llm import without_lines
from tests.livekit_agent.llm_bed import LOST, ONE_MOMENT, Script, Step, bed, call
from tests.livekit_agent.virtual.clock import in_virtual_time, now_s


@in_virtual_time
async def test_a_reply_comes_as_it_is_thought() -> None:
    async with bed(["It ", 0.1, "is ", "old."]) as it:
        assert await it.reply() == ["It ", "is ", "old."]
        assert (it.changes, it.thinking.failed_replies) == ([], 0)
        assert it.main.extra == [{"max_completion_tokens": 77}]


@in_virtual_time
async def test_the_personas_temperature_goes_along() -> None:
    async with bed(["Yes."]) as it:
        it.temperature = 0.0
        await it.reply()
        assert it.main.extra[0]["temperature"] == 0.0


@pytest.mark.parametrize(
    ("steps", "after_s"),
    [
        ([60.0, "late"], 5.0),
        ([APIConnectionError("refused")], 0.0),
        ([0.5, APIStatusError("boom", status_code=500)], 0.5),
        ([APIStatusError("slow down", status_code=429)], 0.0),
        ([], 0.0),
        (["", " ", ""], 0.0),
        ([1.0, "", 60.0], 5.0),
    ],
)
def test_the_standby_answers_where_the_main_engine_does_not(
    steps: list[Step], after_s: float
) -> None:
    @in_virtual_time
    async def check() -> None:
        async with bed(steps) as it:
            pieces = [piece for piece in await it.reply() if piece.strip()]
            assert pieces[-1] == "Spare."
            assert round(now_s(), 3) == after_s
            assert it.changes == ["fallback"]
            assert it.main.closed == 1
            await it.reply()
            assert len(it.main.asked) == 1  # the standby is on duty now

    check()


@in_virtual_time
async def test_a_tool_call_is_an_answer() -> None:
    async with bed([call("x")]) as it:
        assert await it.reply() == ["call"]
        assert it.changes == []


@in_virtual_time
async def test_but_not_where_words_are_wanted() -> None:
    async with bed([call("x")]) as it:
        assert (await it.reply(choice="none"))[-1] == "Spare."


@in_virtual_time
async def test_a_tool_that_was_called_is_not_called_again_by_another_engine() -> None:
    broken: list[Step] = ["One. ", call("x"), APIConnectionError("reset")]
    late: list[Step] = [call("x"), 60.0]
    for steps in (broken, late):
        async with bed(steps) as it:
            assert (await it.reply())[-1] == "call"
            assert it.standby.asked == []
            assert it.changes == ["fallback"]


@in_virtual_time
async def test_half_a_reply_is_closed_with_the_truth() -> None:
    async with bed(["It is", APIConnectionError("reset")]) as it:
        assert await it.reply() == ["It is", f"… {LOST}"]
        assert it.standby.asked == []


@in_virtual_time
async def test_a_whole_sentence_needs_no_dots() -> None:
    async with bed(["It is old. ", 60.0, "x"]) as it:
        assert await it.reply() == ["It is old. ", f" {LOST}"]
        assert now_s() == 3.0


@in_virtual_time
async def test_without_engines_it_says_so_and_counts() -> None:
    broken = APIConnectionError("refused")
    async with bed([broken], [broken]) as it:
        assert await it.reply() == [LOST]
        assert await it.reply() == [LOST]  # another one prepared for the same turn
        assert it.thinking.failed_replies == 1
        it.timeline.turns += 1
        assert await it.reply() == [LOST]
        it.timeline.turns += 1
        assert await it.reply() == [LINES["en"]["must_end"]]
        assert it.thinking.failed_replies == 3
        assert it.stage.state == "down"


@in_virtual_time
async def test_a_reply_forgives_those_that_failed() -> None:
    broken = APIConnectionError("refused")
    async with bed(Script([broken], ["Back."]), [broken]) as it:
        await it.reply()
        assert it.thinking.failed_replies == 1
        assert (await it.reply())[-1] == "Back."
        assert it.thinking.failed_replies == 0


@in_virtual_time
async def test_patience_is_asked_for_once_while_somebody_waits() -> None:
    async with bed([4.0, "Old."]) as it:
        it.silence.turn_taken()
        assert [p.strip() for p in await it.reply()] == [ONE_MOMENT, "|", "Old."]


@in_virtual_time
async def test_a_reply_prepared_in_silence_asks_for_nothing() -> None:
    async with bed([4.0, "Old."]) as it:
        assert await it.reply() == ["Old."]


@in_virtual_time
async def test_a_reply_that_repeats_itself_is_cut() -> None:
    async with bed(["The moon is very old. "] * 50) as it:
        assert len(await it.reply()) < 6
        assert it.main.closed == 1


@in_virtual_time
async def test_a_reply_that_never_ends_is_cut() -> None:
    words: list[Step] = [f"This is sentence number {n}. " for n in range(1000)]
    async with bed(words) as it:
        assert len(" ".join(await it.reply()).split()) < 330


@in_virtual_time
async def test_an_overflow_is_asked_again_with_less() -> None:
    overflow = APIStatusError(
        "this model's maximum context length is 500 tokens",
        status_code=400,
        body={"code": "context_length_exceeded"},
    )
    async with bed(Script([overflow], ["It fits."])) as it:
        assert await it.reply(*(f"{n} {'word ' * 40}" for n in range(20))) == ["It fits."]
        first, second = it.main.asked
        assert len(second) < len(first)
        assert second[-1] == first[-1]
        assert it.changes == []


@in_virtual_time
async def test_an_overflow_of_one_word_is_the_engines_fault() -> None:
    overflow = APIStatusError("prompt is too long", status_code=400, body=None)
    async with bed([overflow]) as it:
        assert await it.reply("hi") == ["Spare."]


@in_virtual_time
async def test_what_the_server_counts_is_learnt() -> None:
    usage = CompletionUsage(completion_tokens=1, prompt_tokens=4321, total_tokens=4322)
    async with bed(["Yes.", ChatChunk(id="1", usage=usage)]) as it:
        await it.reply()
        assert it.history.counter.overhead(0) > 4000


@in_virtual_time
async def test_who_stops_listening_closes_the_request() -> None:
    async with bed(["a ", 60.0, "b"]) as it:
        context = ChatContext.empty()
        context.add_message(role="user", content="hello")
        reply = it.thinking.reply(context, [], ModelSettings())
        await anext(reply)
        await reply.aclose()
        await asyncio.sleep(0.1)
        assert it.main.closed == 1
        assert it.changes == []


@in_virtual_time
async def test_cancelling_before_the_first_word_closes_it_too() -> None:
    async with bed([60.0, "b"]) as it:
        asking = asyncio.create_task(it.reply())
        await asyncio.sleep(1)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        assert asking.cancelled()
        assert (it.main.closed, it.changes) == (1, [])


def said(*texts: str) -> list[ChatItem]:
    return [ChatMessage(role="assistant", content=[text]) for text in texts]


def test_lines_are_left_out_of_what_the_llm_reads() -> None:
    items = said(ONE_MOMENT, f"{ONE_MOMENT} It is old.", f"It is… {LOST}", "Old.")
    texts = [i.text_content for i in without_lines(items) if isinstance(i, ChatMessage)]
    assert texts == ["It is old.", "It is…", "Old."]


def test_what_the_user_says_is_never_left_out() -> None:
    items: list[ChatItem] = [ChatMessage(role="user", content=[ONE_MOMENT])]
    assert without_lines(items) == items
