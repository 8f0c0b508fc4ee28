"""The embedded assistant as a chat engine: needs no model file and answers in milliseconds.

It serves by itself, and as the last resort when the main model is away (`standing_in`): then it
says so once in a chat. A server offers that as a model of its own, STANDBY_MODEL, so that a client
can ask for it.

It has no tokeniser: one token is one word or one mark, in `usage` and for `max_tokens` alike.
"""

import asyncio
import json
import re
import secrets
from collections.abc import AsyncGenerator, Sequence
from typing import Self

from chassis.errors import InvalidRequest
from inference.assist.mind import Answer, answer
from inference.assist.skills import local_clock
from inference.llm.engine import (
    Abilities,
    Chat,
    Completion,
    Delta,
    Embeddings,
    Finish,
    FinishReason,
    Message,
    TextDelta,
    ToolCallDelta,
)
from inference.model_status import EngineFailed

MODEL = "assist"
STANDBY_MODEL = "assist-standby"
SLOTS = 8  # an answer takes milliseconds
TOKEN = re.compile(r"\s*(?:\w+(?:['\N{RIGHT SINGLE QUOTATION MARK}]\w+)*|[^\w\s])")
TOKENS_PER_MESSAGE = 3  # what chat templates spend around each message


class AssistEngine:
    """The assistant's decisions, each in a thread, so that no chat can hold up the others."""

    slots = SLOTS
    abilities = Abilities(
        json=False,
        streamed_tools=True,
        logprobs=False,
        completions=True,
        embeddings=False,
        context_tokens=None,
    )

    def __init__(self, *, timezone: str | None, standing_in: bool = False) -> None:
        """`timezone`: IANA name, None for this machine's. `standing_in`: for a better model."""
        self.model = STANDBY_MODEL if standing_in else MODEL
        self._clock = local_clock(timezone)
        self._standing_in = standing_in

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    async def chat(self, chat: Chat) -> AsyncGenerator[Delta]:
        for delta in await asyncio.to_thread(self._deltas, chat):
            yield delta

    async def complete(self, completion: Completion) -> AsyncGenerator[Delta]:
        """A completion is a chat of one message."""
        said = Message(role="user", text=completion.prompt)
        async for delta in self.chat(Chat(messages=(said,), sampling=completion.sampling)):
            yield delta

    async def embed(self, texts: Sequence[str]) -> Embeddings:
        raise InvalidRequest(
            f"the model {self.model} makes no embeddings", param="model", code="unsupported"
        )

    async def infer(self) -> None:
        """Uses the templates and the units: what loads slowly is loaded before anyone asks."""
        said = Message(role="user", text="how many kilometers are in five miles")
        if len(await asyncio.to_thread(self._deltas, Chat(messages=(said,)))) <= 1:
            raise EngineFailed("the assistant wrote nothing")

    def _deltas(self, chat: Chat) -> list[Delta]:
        decided = answer(chat, self._clock, standing_in=self._standing_in)
        text, stopped = _until_stop(decided.text.strip(), chat.sampling.stop)
        tokens: list[str] = TOKEN.findall(text)
        said = tokens if chat.sampling.max_tokens is None else tokens[: chat.sampling.max_tokens]
        deltas: list[Delta] = [TextDelta(token) for token in said]
        used = len(said)
        reason: FinishReason = "stop" if len(said) == len(tokens) else "length"
        if decided.calls and reason == "stop" and not stopped:
            calls = _calls(decided)
            cost = sum(_count(call.arguments) + 1 for call in calls)
            if chat.sampling.max_tokens is None or used + cost <= chat.sampling.max_tokens:
                deltas += calls
                used, reason = used + cost, "tool_calls"
            else:  # half a call is worse than none
                reason = "length"
        prompt = sum(_count(message.text) + TOKENS_PER_MESSAGE for message in chat.messages)
        return [*deltas, Finish(reason=reason, prompt_tokens=prompt, completion_tokens=used)]


def _calls(decided: Answer) -> list[ToolCallDelta]:
    return [
        ToolCallDelta(
            index=index,
            id=f"call_{secrets.token_hex(12)}",
            name=call.tool,
            arguments=json.dumps(dict(call.arguments)),
        )
        for index, call in enumerate(decided.calls)
    ]


def _until_stop(text: str, stop: tuple[str, ...]) -> tuple[str, bool]:
    found = [at for at in (text.find(mark) for mark in stop) if at >= 0]
    return (text[: min(found)], True) if found else (text, False)


def _count(text: str) -> int:
    return sum(1 for _ in TOKEN.finditer(text))
