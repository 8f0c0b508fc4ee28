"""Whatever bytes arrive at the chat server, the answer is a typed error, never a 500."""

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.processes import running


@pytest.fixture(scope="module")
def server() -> Iterator[httpx2.Client]:
    json_type = {"content-type": "application/json"}
    with (
        running("inference.llm", {}) as base,
        httpx2.Client(base_url=base, headers=json_type, timeout=20, trust_env=False) as http,
    ):
        yield http


def chat(content: str) -> bytes:
    return f'{{"model": "assist", "messages": [{{"role": "user", "content": {content}}}]}}'.encode()


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        (b"", 400, "body"),
        (b"{", 400, "body"),
        (b"[]", 400, "body"),
        (b"\xff\xfe", 400, "body"),
        (b"[" * 100_000, 400, "body"),
        (chat('"\\ud800"'), 400, "messages.0.content"),
        (chat("1" * 10_000), 400, "body"),
        (chat('"hi"')[:-1] + b', "temperature": NaN}', 400, "temperature"),
        (chat('"hi"')[:-1] + b', "temperature": Infinity}', 400, "temperature"),
        (chat('"hi"')[:-1] + b', "max_tokens": 1e400}', 400, "max_tokens"),
        (chat('"hi"')[:-1] + b', "n": 99999999999999999999999999}', 400, "n"),
        (b'{"messages": []}', 400, "model"),
        (b'{"model": "\\u0000", "messages": [{"role": "user", "content": "hi"}]}', 404, "model"),
        (b'"' + b"x" * 5_000_000 + b'"', 413, "body"),
    ],
)  # fmt: skip
def test_broken_bodies_are_refused(
    server: httpx2.Client, body: bytes, status: int, param: str
) -> None:
    response = server.post("/v1/chat/completions", content=body)
    assert response.status_code == status, response.text
    assert response.json()["error"]["param"] == param


def test_a_nul_in_a_message_is_only_a_character(server: httpx2.Client) -> None:
    response = server.post("/v1/chat/completions", content=chat('"what is 12\\u0000 times 7"'))
    assert response.json()["choices"][0]["message"]["content"] == "Twelve times seven is 84."


JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "function", "name", "text", "role"]), inner)
    ),
    max_leaves=6,
)
FIELDS = [
    "model", "messages", "tools", "tool_choice", "stop", "n", "stream", "stream_options",
    "response_format", "temperature", "max_tokens", "logprobs", "functions",
]  # fmt: skip


@settings(deadline=None, max_examples=150)
@given(field=st.sampled_from(FIELDS), value=JSON)
def test_no_value_of_a_field_breaks_the_server(
    server: httpx2.Client, field: str, value: Any
) -> None:
    body = {"model": "assist", "messages": [{"role": "user", "content": "hi"}]} | {field: value}
    response = server.post("/v1/chat/completions", content=json.dumps(body).encode())
    assert response.status_code in (200, 400, 404), (body, response.text)
    if response.status_code != 200:
        assert response.json()["error"]["param"]


@settings(deadline=None, max_examples=150)
@given(text=st.text(max_size=300))
def test_every_text_gets_a_reply(server: httpx2.Client, text: str) -> None:
    response = server.post("/v1/chat/completions", content=chat(json.dumps(text)))
    assert response.status_code == 200, response.text
    assert response.json()["choices"][0]["message"]["content"]


@settings(deadline=None, max_examples=150)
@given(result=JSON.map(json.dumps) | st.text(max_size=100), tool=st.sampled_from(
    ["get_time", "get_date", "calculate", "convert_units", "set_timer", "list_timers",
     "cancel_timer", "flip_coin", "roll_dice", "remember", "recall", "end_call", "other"]
))  # fmt: skip
def test_every_tool_result_gets_a_reply(server: httpx2.Client, result: str, tool: str) -> None:
    call = {"id": "a", "type": "function", "function": {"name": tool, "arguments": "{}"}}
    messages = [
        {"role": "user", "content": "go on"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "a", "content": result},
    ]
    body = json.dumps({"model": "assist", "messages": messages}).encode()
    response = server.post("/v1/chat/completions", content=body)
    assert response.status_code == 200, response.text
    assert response.json()["choices"][0]["message"]["content"]
