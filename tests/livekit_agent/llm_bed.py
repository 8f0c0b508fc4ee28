"""Thinking between two scripted LLMs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from livekit.agents import (
    APIConnectOptions,
    FlushSentinel,
    ModelSettings,
)
from livekit.agents.llm import (
    LLM,
    ChatChunk,
    ChatContext,
    ChoiceDelta,
    FunctionToolCall,
    LLMStream,
)
from pydantic import SecretStr

from livekit_agent.backend_client import BackendClient
from livekit_agent.budgets import Budgets
from livekit_agent.history import History
from livekit_agent.lines import LINES
from livekit_agent.llm import LlmParts, Thinking
from livekit_agent.recollection import Recollection
from livekit_agent.silence import Silence
from livekit_agent.stages import Endpoint, Stage
from livekit_agent.timeline import Timeline

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
        self.timeline = Timeline(fallbacks=list)
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
                timeline=it.timeline,
                max_tokens=77,
            )
        )
        yield it
