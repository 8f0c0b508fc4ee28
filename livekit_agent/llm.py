"""Context to reply tokens: by the engine on duty, by the next one when it fails."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from livekit.agents import APIConnectOptions, APIError, APIStatusError, FlushSentinel, ModelSettings
from livekit.agents.llm import (
    LLM,
    ChatChunk,
    ChatContext,
    ChatItem,
    ChatMessage,
    LLMStream,
    Tool,
)
from livekit.agents.types import NOT_GIVEN

from chassis.logs import get_logger
from livekit_agent.budgets import Budgets
from livekit_agent.failed_turns import FailedTurns
from livekit_agent.history import History
from livekit_agent.lines import LINES, LineKey, line
from livekit_agent.overflow import overflow_of
from livekit_agent.recollection import Recollection
from livekit_agent.reply_limits import ReplyLimits
from livekit_agent.silence import Silence
from livekit_agent.stages import Endpoint, EngineFailure, Stage
from livekit_agent.timeline import Timeline
from livekit_agent.tool_schemas import ToolSchemas
from livekit_agent.tools.fence import fence

READ_MARGIN_S = 1.0  # the client's own limits only catch what ours missed
GIVE_UP = 3  # replies in a row that no engine would give
FIXED = tuple(text for lines in LINES.values() for text in lines.values())

log = get_logger(__name__)

Piece = ChatChunk | str | FlushSentinel


class ContextTooLong(Exception):
    """The engine cannot take this much text. `items`: a shorter conversation to ask with."""

    def __init__(self, items: list[ChatItem] | None) -> None:
        super().__init__("the conversation does not fit the model")
        self.items = items


@dataclass(frozen=True, slots=True, kw_only=True)
class LlmParts:
    """What thinking needs."""

    stage: Stage
    models: Mapping[str, LLM[Any]]  # by the endpoint's name
    budgets: Budgets
    silence: Silence
    language: Callable[[], str]
    temperature: Callable[[], float | None]
    history: History
    recollection: Recollection
    timeline: Timeline
    max_tokens: int


class Thinking:
    """The LLM of one call."""

    def __init__(self, parts: LlmParts) -> None:
        self._parts = parts
        self._schemas = ToolSchemas()
        self._failed = FailedTurns(parts.timeline)

    @property
    def failed_replies(self) -> int:
        """In a row, with every engine."""
        return self._failed.count

    @property
    def budgets(self) -> Budgets:
        return self._parts.budgets

    async def reply(
        self, context: ChatContext, tools: list[Tool], settings: ModelSettings
    ) -> AsyncGenerator[Piece]:
        """The reply's pieces, by whichever engine; an apology when none is left. Never raises."""
        self._parts.timeline.reply_begun(context)
        offered, fixed_chars = self._schemas.of(tools)
        items = self._parts.history.fit(without_lines(context.items), fixed_chars=fixed_chars)
        items = await self._with_memories(items)
        for endpoint in self._parts.stage.order():
            request = _Request(self._parts, endpoint, items, offered, settings)
            try:
                async with aclosing(self._from(request)) as pieces:
                    async for piece in pieces:
                        yield piece
                self._failed.worked()
                return
            except EngineFailure as failure:
                self._parts.stage.failed(endpoint, failure)
                if request.called:
                    return  # the tool runs: another engine would call it a second time
                if request.said:
                    # Half a reply was heard: another engine would begin it again.
                    yield request.closing() + self._line("lost_llm")
                    return
        self._failed.failed()
        yield self._line("must_end" if self.failed_replies >= GIVE_UP else "lost_llm")

    async def _from(self, request: "_Request") -> AsyncGenerator[Piece]:
        one_moment = self._line("one_moment")
        try:
            async with aclosing(request.pieces(one_moment)) as pieces:
                async for piece in pieces:
                    yield piece
        except ContextTooLong as exc:
            log.info("context_too_long", items=len(request.items), again=exc.items is not None)
            if exc.items is None:
                raise EngineFailure(str(exc)) from exc
            request.items = exc.items
            try:
                async with aclosing(request.pieces(one_moment)) as pieces:
                    async for piece in pieces:
                        yield piece
            except ContextTooLong as again:
                raise EngineFailure("even a shortened conversation does not fit") from again

    async def _with_memories(self, items: list[ChatItem]) -> list[ChatItem]:
        """What is remembered that bears on the question goes before it; it is not kept."""
        question = items[-1] if items else None
        if not isinstance(question, ChatMessage) or question.role != "user":
            return items
        known = await self._parts.recollection.relevant(question.text_content or "")
        if not known:
            return items
        told = fence("\n".join(known), source="what the user told you on other days")
        return [*items[:-1], ChatMessage(role="system", content=[told]), question]

    def _line(self, key: LineKey) -> str:
        return line(key, self._parts.language())


class _Request:
    """One reply asked of one engine."""

    def __init__(
        self,
        parts: LlmParts,
        endpoint: Endpoint,
        items: list[ChatItem],
        tools: list[Tool],
        settings: ModelSettings,
    ) -> None:
        self._parts = parts
        self._endpoint = endpoint
        self.items = items
        self._tools = tools
        self._settings = settings
        self._text = ""
        self.called = False  # a tool

    @property
    def said(self) -> bool:
        """Whether the caller may have heard a part."""
        return bool(self._text.strip())

    def closing(self) -> str:
        """What ends a sentence that was cut."""
        return " " if self._text.rstrip().endswith((".", "!", "?")) else "… "

    async def pieces(self, one_moment: str) -> AsyncGenerator[Piece]:
        """Raises EngineFailure, ContextTooLong."""
        budgets = self._parts.budgets
        limits = ReplyLimits()
        stream = self._open()
        ends_at = _now() + budgets.reply_s
        try:
            chunks = aiter(stream)
            async with aclosing(self._first(chunks, one_moment)) as first:
                async for piece in first:
                    yield piece
            while _now() < ends_at:
                chunk = await self._next(chunks, budgets.token_s)
                if chunk is None:
                    return
                yield chunk
                if not limits.allows(self._note(chunk)):
                    log.warning("reply_cut", reason="it would not end by itself")
                    return
        except APIStatusError as exc:
            raise self._refused(exc) from exc
        except APIError as exc:
            raise EngineFailure(f"{type(exc).__name__}: {exc.message}") from exc
        finally:
            await stream.aclose()

    def _open(self) -> LLMStream:
        choice = self._settings.tool_choice
        extra: dict[str, Any] = {"max_completion_tokens": self._parts.max_tokens}
        if (temperature := self._parts.temperature()) is not None:
            extra["temperature"] = temperature
        return self._parts.models[self._endpoint.name].chat(
            chat_ctx=ChatContext(self.items),
            tools=self._tools,
            tool_choice=choice if choice is not None else NOT_GIVEN,
            conn_options=APIConnectOptions(
                max_retry=0, timeout=self._parts.budgets.llm_s + READ_MARGIN_S
            ),
            extra_kwargs=extra,
        )

    async def _first(
        self, chunks: AsyncIterator[ChatChunk], one_moment: str
    ) -> AsyncGenerator[Piece]:
        """Up to the first piece that says or does something, within the budget."""
        ends_at = _now() + self._parts.budgets.llm_s
        patience = asyncio.create_task(
            self._parts.silence.lasts(self._parts.budgets.filler_s, "thinking")
        )
        coming = asyncio.ensure_future(anext(chunks, None))
        try:
            while True:
                await asyncio.wait(
                    {coming, patience} if not patience.done() else {coming},
                    timeout=max(0.0, ends_at - _now()),
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if coming.done():
                    chunk = coming.result()
                    if chunk is None:
                        raise EngineFailure("the reply is empty")
                    yield chunk
                    self._note(chunk)
                    if self.said or self.called:
                        self._parts.timeline.first_token()
                        self._parts.stage.worked(self._endpoint)
                        return
                    coming = asyncio.ensure_future(anext(chunks, None))
                elif _now() >= ends_at:
                    raise EngineFailure(f"no token within {self._parts.budgets.llm_s:g} s")
                elif patience.done() and self._parts.silence.told():
                    yield f"{one_moment} "  # the screen shows it before the reply
                    yield FlushSentinel()
        finally:
            for task in (patience, coming):
                task.cancel()
            await asyncio.gather(patience, coming, return_exceptions=True)

    async def _next(self, chunks: AsyncIterator[ChatChunk], within_s: float) -> ChatChunk | None:
        try:
            async with asyncio.timeout(within_s):
                return await anext(chunks, None)
        except TimeoutError as exc:
            raise EngineFailure(f"no token for {within_s:g} s in mid-reply") from exc

    def _note(self, chunk: ChatChunk) -> str:
        """The text of `chunk`, remembered."""
        if chunk.usage is not None:
            self._parts.history.counter.learn(self.items, chunk.usage.prompt_tokens)
        if chunk.delta is None:
            return ""
        # A call where only words are wanted, after too many steps, is not answered by anything.
        calls = bool(chunk.delta.tool_calls) and self._settings.tool_choice != "none"
        self.called = self.called or calls
        text = chunk.delta.content or ""
        self._text += text
        return text

    def _refused(self, exc: APIStatusError) -> EngineFailure | ContextTooLong:
        if overflow_of(exc) is not None:
            return ContextTooLong(self._parts.history.overflowed(self.items, exc))
        return EngineFailure(f"refused with {exc.status_code}: {exc.message}")


def without_lines(items: list[ChatItem]) -> list[ChatItem]:
    """The conversation without what the agent only said to fill or excuse a silence: an LLM that
    reads its own "one moment" learns to say it."""
    kept: list[ChatItem] = []
    for item in items:
        if isinstance(item, ChatMessage) and item.role == "assistant":
            said = item.text_content or ""
            words = said
            for text in FIXED:
                words = words.replace(text, "")
            if not words.strip(" …"):
                continue
            if words != said:
                item = item.model_copy(update={"content": [words.strip()]})
        kept.append(item)
    return kept


def _now() -> float:
    return asyncio.get_running_loop().time()
