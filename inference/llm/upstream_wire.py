"""What a backend answers: lines of a stream, and the deltas in their JSON."""

import json
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from inference.llm.engine import (
    Delta,
    Embeddings,
    Finish,
    FinishReason,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
)
from inference.llm.reasoning import Splitter
from inference.model_status import EngineFailed

Json = dict[str, Any]
MAX_LINE_BYTES = 4_000_000  # a whole tool call, or all top log probabilities, in one line
MAX_FLOAT = 3.4e38  # that 32 bits hold, as clients read vectors
MAX_COUNT = 2**53
MAX_STREAM_BYTES = 256_000_000
REASONS: dict[str, FinishReason] = {"length": "length", "tool_calls": "tool_calls"}


class Lines:
    """Bytes as they come, cut into the `data:` of server-sent events."""

    def __init__(self) -> None:
        self._rest = b""
        self._seen = 0

    def push(self, chunk: bytes) -> Iterator[bytes]:
        """The data of each line that is whole; comments and other fields are left out.

        Raises EngineFailed where a line, or everything together, is absurdly long.
        """
        self._seen += len(chunk)
        *lines, self._rest = (self._rest + chunk if self._rest else chunk).split(b"\n")
        if len(self._rest) > MAX_LINE_BYTES or self._seen > MAX_STREAM_BYTES:
            raise EngineFailed("the backend's answer does not end")
        for line in lines:
            if data := data_of(line):
                yield data

    def finish(self) -> Iterator[bytes]:
        """The last line, where nothing ended it."""
        if data := data_of(self._rest):
            yield data


def data_of(line: bytes) -> bytes:
    """What comes after `data:`, or after the `error:` of older llama.cpp."""
    name, _, value = line.partition(b":")
    return value.strip() if name in (b"data", b"error") else b""


def parsed(data: bytes) -> Json:
    """Raises EngineFailed for what is no JSON object."""
    try:
        answer = json.loads(data)
    except (ValueError, RecursionError) as exc:
        raise EngineFailed("the backend answered something that is not JSON") from exc
    if not isinstance(answer, dict):
        raise EngineFailed("the backend answered JSON that is not an object")
    return answer


@dataclass(slots=True)
class _Call:
    """A tool call on its way. Nothing of it is told before its name is known."""

    index: int
    id: str | None
    name: str = ""
    waiting: str = ""
    is_told: bool = False


@dataclass(slots=True)
class ToolCalls:
    """Pieces of tool calls as backends send them: some without index, some with the same for all,
    some that name the call again and again."""

    _calls: list[_Call] = field(default_factory=list)
    _by_index: dict[int, _Call] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self._calls)

    def push(self, pieces: object) -> Iterator[ToolCallDelta]:
        for piece in pieces if isinstance(pieces, list) else []:
            if isinstance(piece, dict) and (told := self._piece(piece)):
                yield told

    def finish(self) -> Iterator[ToolCallDelta]:
        """Calls that never got a name."""
        if any(not call.is_told for call in self._calls):
            raise EngineFailed("the backend called a tool without naming it")
        yield from ()

    def _piece(self, piece: Mapping[str, Any]) -> ToolCallDelta | None:
        function = piece.get("function")
        function = function if isinstance(function, dict) else {}
        call = self._call_of(piece, function)
        arguments = function.get("arguments")
        if not isinstance(arguments, str):  # some send the object itself
            arguments = "" if arguments is None else json.dumps(arguments)
        if call.is_told:
            return ToolCallDelta(index=call.index, arguments=arguments) if arguments else None
        call.name, call.waiting = call.name or _text(function, "name"), call.waiting + arguments
        if not call.name:
            return None
        call.is_told = True
        return ToolCallDelta(
            index=call.index,
            id=call.id or f"call_{secrets.token_hex(12)}",
            name=call.name,
            arguments=call.waiting,
        )

    def _call_of(self, piece: Mapping[str, Any], function: Mapping[str, Any]) -> _Call:
        id_, index = _text(piece, "id") or None, piece.get("index")
        known = self._by_index.get(index) if isinstance(index, int) else None
        if known is None and not isinstance(index, int) and self._calls:
            known = self._calls[-1]
        is_another = known and known.is_told and id_ and id_ != known.id and function.get("name")
        if known is None or is_another:
            known = _Call(index=len(self._calls), id=id_)
            self._calls.append(known)
            if isinstance(index, int):
                self._by_index[index] = known
        known.id = known.id or id_
        return known


class Reading:
    """The chunks of one answer, as deltas. The Finish comes last, when the usage is known."""

    def __init__(self, splitter: Splitter | None) -> None:
        """`splitter`: None for a bare completion, whose text is all reply."""
        self.splitter = splitter
        self._calls = ToolCalls()
        self.reason: FinishReason | None = None
        self._usage: Json | None = None
        self._logprobs: list[Json] = []  # of text that still waits for what it is
        self._deltas = 0  # stands for the tokens where the backend does not count them

    @property
    def is_done(self) -> bool:
        """Nothing that matters comes any more."""
        return self.reason is not None and self._usage is not None

    def push(self, chunk: Json) -> Iterator[Delta]:
        if isinstance(usage := chunk.get("usage"), dict):
            self._usage = usage
        choices = chunk.get("choices")
        for choice in choices if isinstance(choices, list) else []:
            if isinstance(choice, dict):
                yield from self._choice(choice)

    def finish(self) -> Iterator[Delta]:
        """What was waiting, and the Finish. Raises EngineFailed where the answer broke off."""
        if self.reason is None:
            raise EngineFailed("the backend broke off in the middle of its answer")
        if self.splitter:
            yield from self._told(self.splitter.finish())
        yield from self._calls.finish()
        reason = "tool_calls" if self._calls and self.reason == "stop" else self.reason
        usage = self._usage or {}
        details = usage.get("prompt_tokens_details")
        yield Finish(
            reason=reason,
            prompt_tokens=_count(usage, "prompt_tokens", 0),
            completion_tokens=_count(usage, "completion_tokens", self._deltas),
            cached_tokens=_count(details, "cached_tokens", 0),
        )

    def _choice(self, choice: Mapping[str, Any]) -> Iterator[Delta]:
        said = choice.get("delta") or choice.get("message") or {}
        content = _text(said, "content") or _text(choice, "text")
        if thought := _text(said, "reasoning_content") or _text(said, "reasoning"):
            self._deltas += 1
            yield ReasoningDelta(thought)
        if content:
            self._deltas += 1
            self._logprobs += _logprobs(choice.get("logprobs"))
            whole = [TextDelta(content)]
            yield from self._told(self.splitter.push(content) if self.splitter else whole)
        for delta in self._calls.push(said.get("tool_calls") if isinstance(said, dict) else None):
            self._deltas += 1
            yield delta
        if reason := _text(choice, "finish_reason"):
            self.reason = REASONS.get(reason, "stop")

    def _told(self, parts: Iterable[Delta]) -> Iterator[Delta]:
        """With the log probabilities of the reply's tokens; those of thoughts are not told."""
        for part in parts:
            if isinstance(part, TextDelta) and self._logprobs:
                part = TextDelta(part.text, tuple(self._logprobs))
            self._logprobs.clear()
            yield part


def vectors_of(answer: Json, count: int) -> Embeddings:
    """`count` vectors in the order of their texts. Raises EngineFailed for any other answer."""
    data = answer.get("data")
    found = {
        _count(one, "index", at): one.get("embedding")
        for at, one in enumerate(data if isinstance(data, list) else [])
        if isinstance(one, dict)
    }
    vectors = [found.get(at) for at in range(count)]
    if not all(_is_vector(vector) for vector in vectors):
        raise EngineFailed("the backend answered something that is no list of embeddings")
    prompt_tokens = _count(answer.get("usage"), "prompt_tokens", 0)
    return Embeddings(vectors=tuple(v for v in vectors if v), prompt_tokens=prompt_tokens)


def _is_vector(value: object) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(one, int | float) and -MAX_FLOAT < one < MAX_FLOAT for one in value)
    )


def _logprobs(told: object) -> tuple[Json, ...]:
    """Of a chat as OpenAI has them; those of a completion, in columns, as one object."""
    if not isinstance(told, dict):
        return ()
    content = told.get("content")
    if isinstance(content, list):
        return tuple(one for one in content if isinstance(one, dict))
    return (told,) if told.get("tokens") else ()


def _text(of: object, name: str) -> str:
    value = of.get(name) if isinstance(of, dict) else None
    return value if isinstance(value, str) else ""


def _count(of: object, name: str, default: int) -> int:
    value = of.get(name) if isinstance(of, dict) else None
    return value if isinstance(value, int) and 0 <= value < MAX_COUNT else default
