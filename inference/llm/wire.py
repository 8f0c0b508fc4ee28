"""Deltas as OpenAI's JSON: whole messages, and the chunks of a stream."""

import json
import secrets
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Any

from inference.llm.engine import Delta, Finish, ReasoningDelta, TextDelta, ToolCallDelta

Json = dict[str, Any]
DONE = b"data: [DONE]\n\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatWire:
    """The shapes of `/v1/chat/completions`."""

    model: str
    id: str = field(default_factory=lambda: f"chatcmpl-{secrets.token_hex(12)}")
    created: int = field(default_factory=lambda: int(time.time()))

    def whole(self, deltas: Iterable[Delta]) -> Json:
        text, calls, finish = _gathered(deltas)
        message: Json = {"role": "assistant", "content": text or None, "refusal": None}
        if calls:
            message["tool_calls"] = calls
        else:
            message["content"] = text
        choice = {"index": 0, "message": message, "finish_reason": finish.reason, "logprobs": None}
        return self._object("chat.completion", [choice]) | {"usage": usage(finish)}

    def first(self) -> list[Json]:
        return [self._chunk({"role": "assistant", "content": ""})]

    def piece(self, delta: Delta) -> Json:
        match delta:
            case TextDelta(text):
                return self._chunk({"content": text})
            case ReasoningDelta(text):
                return self._chunk({"reasoning_content": text})
            case ToolCallDelta():
                return self._chunk({"tool_calls": [_call_piece(delta)]})
            case Finish(reason=reason):
                return self._chunk({}, reason)

    def usage(self, finish: Finish) -> Json:
        return self._object("chat.completion.chunk", []) | {"usage": usage(finish)}

    def _chunk(self, delta: Json, reason: str | None = None) -> Json:
        choice = {"index": 0, "delta": delta, "finish_reason": reason, "logprobs": None}
        return self._object("chat.completion.chunk", [choice])

    def _object(self, kind: str, choices: list[Json]) -> Json:
        return {
            "id": self.id,
            "object": kind,
            "created": self.created,
            "model": self.model,
            "choices": choices,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletionWire:
    """The shapes of `/v1/completions`."""

    model: str
    id: str = field(default_factory=lambda: f"cmpl-{secrets.token_hex(12)}")
    created: int = field(default_factory=lambda: int(time.time()))

    def whole(self, deltas: Iterable[Delta]) -> Json:
        text, _, finish = _gathered(deltas)
        return self._object(text, finish.reason) | {"usage": usage(finish)}

    def first(self) -> list[Json]:
        return []

    def piece(self, delta: Delta) -> Json:
        match delta:
            case TextDelta(text):
                return self._object(text, None)
            case ReasoningDelta():
                return self._object("", None)
            case Finish(reason=reason):
                return self._object("", reason)
            case ToolCallDelta():
                raise TypeError("a completion offers no tools")

    def usage(self, finish: Finish) -> Json:
        return self._object("", None) | {"choices": [], "usage": usage(finish)}

    def _object(self, text: str, reason: str | None) -> Json:
        return {
            "id": self.id,
            "object": "text_completion",
            "created": self.created,
            "model": self.model,
            "choices": [{"index": 0, "text": text, "finish_reason": reason, "logprobs": None}],
        }


Wire = ChatWire | CompletionWire


async def events(
    wire: Wire, deltas: AsyncIterator[Delta], with_usage: bool
) -> AsyncIterator[bytes]:
    """Server-sent events, the last one `[DONE]`."""
    for chunk in wire.first():
        yield _event(chunk)
    async for delta in deltas:
        yield _event(wire.piece(delta))
        if isinstance(delta, Finish) and with_usage:
            yield _event(wire.usage(delta))
    yield DONE


def usage(finish: Finish) -> Json:
    return {
        "prompt_tokens": finish.prompt_tokens,
        "completion_tokens": finish.completion_tokens,
        "total_tokens": finish.prompt_tokens + finish.completion_tokens,
    }


def _gathered(deltas: Iterable[Delta]) -> tuple[str, list[Json], Finish]:
    text = ""
    calls: dict[int, Json] = {}
    finish = Finish(reason="stop", prompt_tokens=0, completion_tokens=0)
    for delta in deltas:
        match delta:
            case TextDelta(more):
                text += more
            case ToolCallDelta(index=index, arguments=arguments):
                call = calls.setdefault(
                    index,
                    {"id": delta.id, "type": "function"}
                    | {"function": {"name": delta.name, "arguments": ""}},
                )
                call["function"]["arguments"] += arguments
            case Finish():
                finish = delta
    return text, [calls[index] for index in sorted(calls)], finish


def _call_piece(delta: ToolCallDelta) -> Json:
    function = {"name": delta.name} if delta.name else {}
    opening = {"id": delta.id, "type": "function"} if delta.id else {}
    return {"index": delta.index, **opening, "function": function | {"arguments": delta.arguments}}


def _event(chunk: Json) -> bytes:
    return f"data: {json.dumps(chunk)}\n\n".encode()
