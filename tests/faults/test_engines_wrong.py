"""An engine is late, cut, endless or talks rubbish: none of that is spoken, the turn is saved.

The numbers of the rows are those of docs/faults.md.
"""

import asyncio
import json
import re
import signal

import pytest

from parley.caller import Caller
from tests.fakes import chat_chunks, scripted_hearing
from tests.fakes.chat_chunks import delta, end, pieces, reply, tool_call
from tests.fakes.faults import Answer, Latency, Refuse
from tests.fakes.openai_backend import Json, Pause, Reply, Reset, refused
from tests.faults.calls import (
    ANSWERED_WITHIN_S,
    HEARD_WITHIN_S,
    MAIN_REPLY,
    QUESTION,
    STANDBY_REPLY,
    TRUTHS,
    Moment,
    ask,
    calling,
    hears,
    hears_the_truth,
    is_answered,
    is_told,
    write,
)
from tests.faults.processes import send
from tests.faults.rig import Rig
from tests.processes import until

pytestmark = pytest.mark.e2e

RUBBISH = ("<", "{", "gateway", "nonsense")
HTML = b"<html><body>502 Bad gateway</body></html>"
TEN_MB = 10_000_000
FIRST = "The first sentence is whole."
MAX_SPOKEN_CHARS = 10_000  # ten minutes of speech: nobody asked for it
EXCEEDED: Json = {
    "code": 400,
    "message": "the request exceeds the available context size",
    "type": "exceed_context_size_error",
    "n_prompt_tokens": 40_000,
    "n_ctx": 32_768,
}


def spoken_since(rig: Rig, mark: int) -> str:
    return " ".join(rig.main.spoken[mark:])


async def next_turn_is_whole(caller: Caller, what: str, *, aloud: bool = False) -> None:
    await caller.until_quiet()
    await is_answered(caller, f"after {what}", aloud=aloud)


# --- hearing


async def test_a_slow_stt_costs_no_words(rig: Rig) -> None:
    """Row 2."""
    async with calling(rig) as caller:
        with rig.broken("stt", Latency(5.0)):
            since = await ask(caller)
            await hears_the_truth(caller, since, "2: STT 5 s late")
            await is_told(caller, since, "stt")
            await caller.until(
                lambda r: QUESTION in since.understood_since(r).lower(),
                ANSWERED_WITHIN_S,
                "every word is understood by the standby",
            )


async def test_an_stt_lost_in_mid_sentence_costs_no_words(rig: Rig) -> None:
    """Rows 2 and 4."""
    async with calling(rig) as caller:
        before = Moment.now(caller)
        speaking = asyncio.create_task(ask(caller))
        await caller.until(lambda r: len(r.lines) > before.lines, 15, "the first interim words")
        with rig.broken("stt", Refuse()):
            since = await speaking
            await hears_the_truth(caller, since, "2: STT lost in mid-sentence")
            await caller.until(
                lambda r: QUESTION in since.understood_since(r).lower(),
                ANSWERED_WITHIN_S,
                "every word is understood by the standby",
            )


def only(message: str) -> scripted_hearing.Completed:
    return lambda _id, _text: [message]


def enormous(item_id: str, _text: str) -> list[str]:
    return scripted_hearing.completed(item_id, "nonsense " * (TEN_MB // 9))


@pytest.mark.parametrize(
    "completed",
    [
        only("<html>"),
        only("[5]"),
        only(json.dumps({"type": f"{scripted_hearing.PREFIX}.completed", "transcript": 5})),
        enormous,
    ],
    ids=["html", "list", "no text", "10 MB"],
)
async def test_what_is_no_transcript_is_not_taken_for_one(
    rig: Rig, completed: scripted_hearing.Completed
) -> None:
    """Row 5."""
    rig.main.stt.completed = completed
    async with calling(rig) as caller:
        since = await ask(caller)
        await hears_the_truth(caller, since, "5: STT sends rubbish")
        assert len(since.understood_since(caller.record)) < 200
        assert not any("nonsense" in text for _, text in rig.main.conversation())


# --- thinking

NO_CHOICES = b'data: {"foo": "nonsense"}\n\ndata: [DONE]\n\n'
SSE = "text/event-stream"


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=200, body=HTML, content_type="text/html"),
        Answer(status=200, body=HTML * (TEN_MB // len(HTML)), content_type="text/html"),
        Answer(status=200, body=b"", content_type=SSE),
        Answer(status=200, body=NO_CHOICES, content_type=SSE),
        Answer(status=200, body=b"data: {nonsense\n\n", content_type=SSE),
    ],
    ids=["html", "10 MB html", "empty", "wrong schema", "bad SSE"],
)
async def test_what_is_no_reply_is_not_spoken(rig: Rig, answer: Answer) -> None:
    """Rows 5 and 9."""
    spoken = len(rig.main.spoken)
    async with calling(rig) as caller:
        with rig.broken("llm", answer, only="/v1/chat"):
            since = await write(caller)
            await hears_the_truth(caller, since, "5: LLM sends rubbish")
            assert not any(word in spoken_since(rig, spoken) for word in RUBBISH)
        await next_turn_is_whole(caller, "rubbish")


async def test_a_reply_cut_in_mid_sentence_is_not_begun_again(rig: Rig) -> None:
    """Row 7."""
    rig.main.llm.reply = lambda _: Reply(
        steps=[*pieces(f"{FIRST} ", "The second one sto"), Reset()]
    )
    spoken, asked = len(rig.main.spoken), len(rig.main.llm.requests)
    async with calling(rig) as caller:
        since = await write(caller)
        await hears(caller, since, {FIRST}, 3.5, "the first sentence")
        await caller.until(
            lambda r: any("still here" in line for line in since.said_since(r)),
            ANSWERED_WITHIN_S,
            "a polite end",
        )
        await caller.until_quiet()
        assert spoken_since(rig, spoken).count(FIRST) == 1, "said twice"
        assert len(rig.main.llm.requests) - asked == 1, "asked again after sound was out"
        assert STANDBY_REPLY not in " ".join(since.said_since(caller.record)), (
            "begun again elsewhere"
        )
        rig.main.llm.reply = rig.main.llm.usual
        await is_answered(caller, "after a cut reply")
        history = rig.main.conversation()
        assert any(role == "assistant" and FIRST in text for role, text in history)


async def test_a_reply_that_stalls_is_closed(rig: Rig) -> None:
    """Row 8."""
    rig.main.llm.reply = lambda _: Reply(steps=[*pieces(f"{FIRST} ", "And then"), Pause(30.0)])
    async with calling(rig) as caller:
        since = await write(caller)
        await hears(caller, since, {FIRST}, 3.5, "the first sentence")
        await is_told(caller, since, "llm")
        await caller.until(
            lambda r: any("still here" in line for line in since.said_since(r)),
            ANSWERED_WITHIN_S,
            "a polite end",
        )
        rig.main.llm.reply = rig.main.llm.usual
        await next_turn_is_whole(caller, "a stall")


async def test_an_endless_reply_is_stopped(rig: Rig) -> None:
    """Row 8: by its length, long before it is all spoken."""
    again = [delta(content="again and again. ")] * 200_000
    rig.main.llm.reply = lambda _: Reply(steps=[*pieces(), *again, *end()])
    left, spoken = rig.main.llm.left, len(rig.main.spoken)
    async with calling(rig) as caller:
        since = await write(caller)
        await hears(caller, since, {"again"}, 3.5, "its beginning")
        await asyncio.to_thread(until, lambda: rig.main.llm.left > left, 20)
        rig.main.llm.reply = rig.main.llm.usual
        await is_answered(caller, "after an endless reply")
        assert len(spoken_since(rig, spoken)) < MAX_SPOKEN_CHARS


@pytest.mark.parametrize(
    "wrong",
    [
        tool_call("calculate", '{"expression": 12 *'),
        tool_call("calculate", '{"expression": ["nonsense"]}'),
        tool_call("open_the_gate", "{}"),
    ],
    ids=["bad JSON", "bad arguments", "unknown tool"],
)
async def test_a_tool_called_wrongly_is_told_to_the_model_once(rig: Rig, wrong: Reply) -> None:
    """Row 9."""
    replies = iter([wrong])
    rig.main.llm.reply = lambda _: next(replies, reply(MAIN_REPLY))
    asked = len(rig.main.llm.requests)
    async with calling(rig) as caller:
        since = await write(caller)
        await hears(caller, since, {MAIN_REPLY}, 3.5, "a plain answer")
        assert len(rig.main.llm.requests) - asked == 2
        told = rig.main.llm.requests[-1].body["messages"][-1]
        assert told["role"] == "tool"
        assert re.search("error|unknown", chat_chunks.words_of(told), re.IGNORECASE)


async def test_a_model_that_only_calls_tools_is_stopped(rig: Rig) -> None:
    """Row 9: the step cap; something is said all the same."""
    rig.main.llm.reply = lambda _: tool_call("calculate", '{"expression": "12 * 7"}')
    asked = len(rig.main.llm.requests)
    async with calling(rig) as caller:
        since = await write(caller)
        await caller.until(
            lambda r: r.first_loud_after(since.at_s) and since.said_since(r),
            ANSWERED_WITHIN_S,
            "words after all",
        )
        assert len(rig.main.llm.requests) - asked <= 8
        rig.main.llm.reply = rig.main.llm.usual
        await next_turn_is_whole(caller, "a loop of tools")


async def test_a_tool_that_hangs_is_given_up_and_the_answer_comes_without_it(rig: Rig) -> None:
    """Row 9: the memory is asked for at a backend that stands still."""
    replies = iter([tool_call("recall", '{"query": "keys"}')])
    rig.main.llm.reply = lambda _: next(replies, reply(MAIN_REPLY))
    async with calling(rig) as caller:
        send(rig.backend.pid, signal.SIGSTOP)
        try:
            since = await write(caller)
            await hears(caller, since, {MAIN_REPLY, *TRUTHS}, HEARD_WITHIN_S, "words all the same")
            await hears(caller, since, {MAIN_REPLY}, ANSWERED_WITHIN_S, "a plain answer")
        finally:
            send(rig.backend.pid, signal.SIGCONT)


async def test_a_context_too_long_is_trimmed_and_asked_once_more(rig: Rig) -> None:
    """Row 10."""
    async with calling(rig) as caller:
        for _ in range(2):
            await is_answered(caller, "a turn to trim")
        replies = iter([refused(400, **EXCEEDED)])
        rig.main.llm.reply = lambda _: next(replies, reply(MAIN_REPLY))
        asked = len(rig.main.llm.requests)
        since = await write(caller)
        await hears(caller, since, {MAIN_REPLY}, 3.5, "an answer")
        first, second = rig.main.llm.requests[asked:]
        assert len(json.dumps(second.body)) < len(json.dumps(first.body))
        assert not since.states_since(caller.record, "llm"), "nothing was wrong with the engine"


async def test_a_context_that_is_always_too_long_ends_in_words(rig: Rig) -> None:
    """Row 10: never a loop."""
    rig.main.llm.reply = lambda _: refused(400, **EXCEEDED)
    asked = len(rig.main.llm.requests)
    async with calling(rig) as caller:
        since = await write(caller)
        await hears_the_truth(caller, since, "10: context always too long")
        assert len(rig.main.llm.requests) - asked <= 3
