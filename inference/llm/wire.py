"""Deltas as OpenAI's JSON: whole messages, and the chunks of a stream."""

import json
import secrets
import sys
import time
from array import array
from base64 import b64encode
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chassis.errors import ParleyError
from inference.llm.engine import (
    Delta,
    Embeddings,
    Finish,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
)

Json = dict[str, Any]
DONE = b"data: [DONE]\n\n"
NOTHING = Finish(reason="stop", prompt_tokens=0, completion_tokens=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatWire:
    """The shapes of `/v1/chat/completions`."""

    model: str
    id: str = field(default_factory=lambda: f"chatcmpl-{secrets.token_hex(12)}")
    created: int = field(default_factory=lambda: int(time.time()))

    def whole(self, deltas: Iterable[Delta]) -> Json:
        all_of = _gathered(deltas)
        message: Json = {"role": "assistant", "content": all_of.text, "refusal": None}
        if all_of.reasoning:
            message["reasoning_content"] = all_of.reasoning
        if all_of.calls:
            message["content"] = all_of.text or None
            message["tool_calls"] = [all_of.calls[index] for index in sorted(all_of.calls)]
        finish = all_of.finish
        choice = {
            "index": 0,
            "message": message,
            "finish_reason": finish.reason,
            "logprobs": _chat_logprobs(all_of.logprobs),
        }
        return self._object("chat.completion", [choice]) | {"usage": usage(finish)}

    def first(self) -> list[Json]:
        return [self._chunk({"role": "assistant", "content": ""})]

    def piece(self, delta: Delta) -> Json:
        match delta:
            case TextDelta(text, logprobs):
                return self._chunk({"content": text}, logprobs=logprobs)
            case ReasoningDelta(text):
                return self._chunk({"reasoning_content": text})
            case ToolCallDelta():
                return self._chunk({"tool_calls": [_call_piece(delta)]})
            case Finish(reason=reason):
                return self._chunk({}, reason=reason)

    def usage(self, finish: Finish) -> Json:
        return self._object("chat.completion.chunk", []) | {"usage": usage(finish)}

    def _chunk(
        self, delta: Json, *, reason: str | None = None, logprobs: Sequence[Mapping[str, Any]] = ()
    ) -> Json:
        told = _chat_logprobs(logprobs)
        choice = {"index": 0, "delta": delta, "finish_reason": reason, "logprobs": told}
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
        all_of = _gathered(deltas)
        answer = self._object(all_of.text, all_of.finish.reason, all_of.logprobs)
        return answer | {"usage": usage(all_of.finish)}

    def first(self) -> list[Json]:
        return []

    def piece(self, delta: Delta) -> Json:
        match delta:
            case TextDelta(text, logprobs):
                return self._object(text, None, logprobs)
            case ReasoningDelta():
                return self._object("", None)
            case Finish(reason=reason):
                return self._object("", reason)
            case ToolCallDelta():
                raise TypeError("a completion offers no tools")

    def usage(self, finish: Finish) -> Json:
        return self._object("", None) | {"choices": [], "usage": usage(finish)}

    def _object(
        self, text: str, reason: str | None, logprobs: Sequence[Mapping[str, Any]] = ()
    ) -> Json:
        told = _completion_logprobs(logprobs)
        return {
            "id": self.id,
            "object": "text_completion",
            "created": self.created,
            "model": self.model,
            "choices": [{"index": 0, "text": text, "finish_reason": reason, "logprobs": told}],
        }


Wire = ChatWire | CompletionWire


async def events(
    wire: Wire,
    deltas: AsyncIterator[Delta],
    *,
    with_usage: bool,
    usage_aside: bool = False,
    request_id: str,
) -> AsyncIterator[bytes]:
    """Server-sent events, the last one `[DONE]`; after an error, the last one tells of it.

    `usage_aside`: say the usage in a comment, which clients skip, where they did not ask for it.
    """
    opening = b"".join(map(_event, wire.first()))
    try:
        async for delta in deltas:
            yield opening + _event(wire.piece(delta))
            opening = b""  # it went along with the first: one packet less to wait for
            if isinstance(delta, Finish) and with_usage:
                yield _event(wire.usage(delta))
            elif isinstance(delta, Finish) and usage_aside:
                yield f": {json.dumps({'usage': usage(delta)})}\n\n".encode()
    except ParleyError as exc:
        yield _event({"error": exc.body() | {"request_id": request_id}})
    else:
        yield DONE


def embedded(made: Embeddings, model: str, *, as_base64: bool) -> Json:
    """The answer of `/v1/embeddings`; base64 is of little-endian 32-bit floats."""
    data = [
        {"object": "embedding", "index": index, "embedding": _packed(v) if as_base64 else list(v)}
        for index, v in enumerate(made.vectors)
    ]
    used = {"prompt_tokens": made.prompt_tokens, "total_tokens": made.prompt_tokens}
    return {"object": "list", "data": data, "model": model, "usage": used}


def usage(finish: Finish) -> Json:
    return {
        "prompt_tokens": finish.prompt_tokens,
        "completion_tokens": finish.completion_tokens,
        "total_tokens": finish.prompt_tokens + finish.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": finish.cached_tokens},
    }


@dataclass(slots=True)
class _Whole:
    """All deltas of a reply."""

    text: str = ""
    reasoning: str = ""
    logprobs: list[Mapping[str, Any]] = field(default_factory=list)
    calls: dict[int, Json] = field(default_factory=dict)
    finish: Finish = NOTHING


def _gathered(deltas: Iterable[Delta]) -> _Whole:
    whole = _Whole()
    for delta in deltas:
        match delta:
            case TextDelta(more, logprobs):
                whole.text += more
                whole.logprobs += logprobs
            case ReasoningDelta(more):
                whole.reasoning += more
            case ToolCallDelta(index=index, arguments=arguments):
                function = {"name": delta.name, "arguments": ""}
                opened = {"id": delta.id, "type": "function", "function": function}
                whole.calls.setdefault(index, opened)["function"]["arguments"] += arguments
            case Finish():
                whole.finish = delta
    return whole


def _packed(vector: Sequence[float]) -> str:
    floats = array("f", vector)
    if sys.byteorder == "big":
        floats.byteswap()
    return b64encode(floats.tobytes()).decode()


def _chat_logprobs(of: Sequence[Mapping[str, Any]]) -> Json | None:
    return {"content": list(of), "refusal": None} if of else None


def _completion_logprobs(of: Sequence[Mapping[str, Any]]) -> Json | None:
    """In columns, as completions have them. Some backends send them so, some token by token."""
    if not of:
        return None
    columns: Json = {"tokens": [], "token_logprobs": [], "top_logprobs": [], "text_offset": []}
    for one in of:
        if isinstance(one.get("tokens"), list):
            for name, column in columns.items():
                column += one.get(name) or []
        else:
            tops = one.get("top_logprobs") or []
            columns["tokens"].append(one.get("token"))
            columns["token_logprobs"].append(one.get("logprob"))
            columns["top_logprobs"].append({top["token"]: top["logprob"] for top in tops})
    return columns


def _call_piece(delta: ToolCallDelta) -> Json:
    function = {"name": delta.name} if delta.name else {}
    opening = {"id": delta.id, "type": "function"} if delta.id else {}
    return {"index": delta.index, **opening, "function": function | {"arguments": delta.arguments}}


def _event(chunk: Json) -> bytes:
    return f"data: {json.dumps(chunk)}\n\n".encode()
