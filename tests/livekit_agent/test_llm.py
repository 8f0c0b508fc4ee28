"""Thinking: a reply by whichever engine gives one, and words where none does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from livekit.agents import (
    APIConnectionError,
    APIConnectOptions,
    APIStatusError,
    FlushSentinel,
    ModelSettings,
)
from livekit.agents.llm import (
    LLM,
    ChatChunk,
    ChatContext,
    ChatItem,
    ChatMessage,
    ChoiceDelta,
    CompletionUsage,
    FunctionToolCall,
    LLMStream,
)
from pydantic import SecretStr

from livekit_agent.backend_client import BackendClient
from livekit_agent.budgets import Budgets
from livekit_agent.history import History
from livekit_agent.lines import LINES
from livekit_agent.llm import LlmParts, Thinking, without_lines
from livekit_agent.recollection import Recollection
from livekit_agent.silence import Silence
from livekit_agent.stages import Endpoint, Stage
from livekit_agent.timeline import Timeline
from tests.livekit_agent.virtual.clock import in_virtual_time, now_s

Step = str | float | Exception | ChatChunk
LOST = LINES["en"]["lost_llm"]
ONE_MOMENT = LINES["en"]["one_moment"]
BUDGETS = Budgets(llm_s=5.0, token_s=3.0, filler_s=2.0)


class Script(LLM[Any]):
    """Words, pauses in seconds and failures; one list a request, the last again and again."""

    def __init__(self, *replies: list[Step]) -> None:
        super().__init__()
        self._replies = list(replies)
        self.asked: list[list[str]] = []
        self.extra: list[dict[str, Any]] = []
        self.closed = 0

    def chat(  # type: ignore[override]  # the rest is not looked at
        self,
        *,
        chat_ctx: ChatContext,
        conn_options: APIConnectOptions,
        extra_kwargs: Any = None,
        **_: Any,
    ) -> LLMStream:
        self.asked.append([str(getattr(i, "text_content", i.type)) for i in chat_ctx.items])
        self.extra.append(extra_kwargs)
        steps = self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]
        return _Stream(self, steps, chat_ctx, conn_options)


class _Stream(LLMStream):
    def __init__(
        self, llm: Script, steps: list[Step], context: ChatContext, options: APIConnectOptions
    ) -> None:
        self._steps = steps
        self._script = llm
        super().__init__(llm, chat_ctx=context, tools=[], conn_options=options)

    async def _run(self) -> None:
        try:
            for step in self._steps:
                if isinstance(step, float):
                    await asyncio.sleep(step)
                elif isinstance(step, Exception):
                    raise step
                else:
                    self._event_ch.send_nowait(chunk(step) if isinstance(step, str) else step)
        finally:
            self._script.closed += 1


def chunk(text: str) -> ChatChunk:
    return ChatChunk(id="1", delta=ChoiceDelta(role="assistant", content=text))


def call(name: str) -> ChatChunk:
    tool = FunctionToolCall(name=name, arguments="{}", call_id="1")
    return ChatChunk(id="1", delta=ChoiceDelta(role="assistant", tool_calls=[tool]))


class Bed:
    def __init__(self, main: Script, standby: Script) -> None:
        self.main, self.standby = main, standby
        self.changes: list[str] = []
        self.silence = Silence()
        self.history = History(8000)
        self.temperature: float | None = None
        self.stage: Stage
        self.thinking: Thinking

    async def reply(
        self, *said: str, choice: Any = None, context: ChatContext | None = None
    ) -> list[str]:
        """The pieces that say something; "|" is a flush, "call" a tool's call."""
        context = context or ChatContext.empty()
        for text in said or ("hello",):
            context.add_message(role="user", content=text)
        found = []
        async for piece in self.thinking.reply(context, [], ModelSettings(tool_choice=choice)):
            if isinstance(piece, FlushSentinel):
                found.append("|")
            elif isinstance(piece, str):
                found.append(piece)
            elif piece.delta is not None and piece.delta.tool_calls:
                found.append("call")
            elif piece.delta is not None and piece.delta.content:
                found.append(piece.delta.content)
        return found


@asynccontextmanager
async def bed(main: list[Step] | Script, standby: list[Step] | None = None) -> AsyncIterator[Bed]:
    it = Bed(main if isinstance(main, Script) else Script(main), Script(standby or ["Spare."]))
    endpoints = [
        Endpoint(name=name, base_url="http://x.test/v1", model="m", api_key=SecretStr("k"))
        for name in ("main", "standby")
    ]

    async def probe(_: Endpoint) -> bool:
        return False

    async with Stage(
        "llm", endpoints, probe=probe, on_change=lambda c: it.changes.append(c.state)
    ) as it.stage:
        it.thinking = Thinking(
            LlmParts(
                stage=it.stage,
                models={"main": it.main, "standby": it.standby},
                budgets=BUDGETS,
                silence=it.silence,
                language=lambda: "en",
                temperature=lambda: it.temperature,
                history=it.history,
                recollection=Recollection(BackendClient(None), None),
                timeline=Timeline(fallbacks=list),
                max_tokens=77,
            )
        )
        yield it


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
        assert await it.reply() == [LOST]
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
        await reply.aclose()  # type: ignore[attr-defined]
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
