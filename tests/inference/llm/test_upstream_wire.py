"""Whatever a backend sends, reading it ends in deltas or in an error of ours."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import ParleyError
from inference.llm.engine import Delta, Finish, ToolCallDelta
from inference.llm.reasoning import Splitter
from inference.llm.upstream_errors import in_band, refusal
from inference.llm.upstream_wire import Lines, Reading, parsed, vectors_of
from inference.model_status import EngineFailed

NAMES = [
    "choices", "delta", "message", "content", "text", "reasoning_content", "tool_calls", "index",
    "id", "function", "name", "arguments", "finish_reason", "usage", "prompt_tokens", "logprobs",
    "completion_tokens", "prompt_tokens_details", "cached_tokens", "error", "code", "type", "param",
    "detail", "data", "embedding", "tokens", "n_ctx", "n_prompt_tokens",
]  # fmt: skip
JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
    ),
    max_leaves=12,
)
CHOICE = st.dictionaries(st.sampled_from(NAMES), JSON, max_size=4)
CHUNK = st.dictionaries(st.sampled_from(NAMES), JSON, max_size=4) | st.builds(
    lambda choices, usage: {"choices": choices, "usage": usage}, st.lists(CHOICE, max_size=2), JSON
)
CALL = st.fixed_dictionaries(
    {},
    optional={
        "index": st.integers(0, 3) | st.none(),
        "id": st.sampled_from(["a", "b", "", None]),
        "function": st.fixed_dictionaries(
            {}, optional={"name": st.sampled_from(["f", "", None]), "arguments": JSON}
        ),
    },
)


def read(chunks: list[Any]) -> list[Delta]:
    reading = Reading(Splitter())
    return [*(delta for chunk in chunks for delta in reading.push(chunk)), *reading.finish()]


@given(chunks=st.lists(CHUNK, max_size=4))
def test_any_chunks(chunks: list[Any]) -> None:
    try:
        deltas = read(chunks)
    except EngineFailed:
        return
    assert isinstance(deltas[-1], Finish)
    json.dumps([str(delta) for delta in deltas])


@given(pieces=st.lists(st.lists(CALL, max_size=3), max_size=5))
def test_any_tool_calls_are_numbered_from_zero_and_named_first(pieces: list[Any]) -> None:
    chunks = [{"choices": [{"delta": {"tool_calls": one}}]} for one in pieces]
    end = {"choices": [{"delta": {}, "finish_reason": "stop"}]}
    calls: list[ToolCallDelta] = []
    with suppress(EngineFailed):  # a call without any name
        calls = [delta for delta in read([*chunks, end]) if isinstance(delta, ToolCallDelta)]
    known: list[int] = []
    for call in calls:
        if call.index not in known:
            assert call.name
            assert call.id
            known.append(call.index)
    assert sorted(known) == list(range(len(known)))


@given(parts=st.lists(st.binary(max_size=40) | st.sampled_from([b"data: ", b"\n", b"{}", b"\r\n"])))
def test_any_bytes(parts: list[bytes]) -> None:
    lines = Lines()
    found = [data for part in parts for data in lines.push(part)] + list(lines.finish())
    for data in found:
        assert b"\n" not in data
        with suppress(EngineFailed):
            assert isinstance(parsed(data), dict)


@given(status=st.integers(300, 599), content=JSON.map(json.dumps).map(str.encode) | st.binary())
def test_any_refusal(status: int, content: bytes) -> None:
    error = refusal(status, {"retry-after": "soon"}, content)
    assert isinstance(error, ParleyError | EngineFailed)
    assert str(error).isprintable()
    assert len(str(error)) < 500


@given(error=JSON, answer=st.dictionaries(st.sampled_from(NAMES), JSON))
def test_any_error_in_a_stream_and_any_embeddings(error: Any, answer: Any) -> None:
    assert isinstance(in_band(error), ParleyError | EngineFailed)
    with suppress(EngineFailed):
        assert len(vectors_of(answer, 1).vectors) == 1


def test_numbers_beyond_all_measure_are_no_vector() -> None:
    for number in (10**400, float("nan"), float("inf"), 1e39):
        with pytest.raises(EngineFailed):
            vectors_of({"data": [{"index": 0, "embedding": [number]}]}, 1)
