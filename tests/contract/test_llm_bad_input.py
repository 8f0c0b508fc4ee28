"""Whatever bytes arrive at the chat server, the answer is a typed error, never a 500."""

import gzip
import json
import socket
import urllib.parse
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
        (b'{"model": "assist"}', 400, "messages"),
        (b'{"model": "assist", "messages": [], "messages": 5}', 400, "messages"),
        (chat('"hi"')[:-1] + b', "seed": 1e3}', 400, "seed"),
        (chat('"hi"')[:-1] + b', "seed": 99999999999999999999}', 400, "seed"),
        (chat('"hi"')[:-1] + b', "logit_bias": {"1": 5}}', 400, "logit_bias"),
        (chat('"hi"')[:-1] + b', "top_logprobs": 3}', 400, "top_logprobs"),
        (chat('"hi"')[:-1] + b', "reasoning_effort": "a lot"}', 400, "reasoning_effort"),
        (chat('"hi"')[:-1] + b', "modalities": ["audio"]}', 400, "modalities"),
        (chat('"hi"')[:-1] + b', "stop": "\\ud800"}', 400, "stop.0"),
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


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        ("completions", b'{"prompt": "hi", "echo": true}', "echo"),
        ("completions", b'{"prompt": "hi", "suffix": "x"}', "suffix"),
        ("completions", b'{"prompt": "hi", "best_of": 2}', "best_of"),
        ("completions", b'{"prompt": "hi", "logprobs": 6}', "logprobs"),
        ("completions", b'{"prompt": ["a", "b"]}', "prompt"),
        ("completions", b'{"prompt": [1, 2]}', "prompt"),
        ("completions", b"{}", "prompt"),
        ("embeddings", b"{}", "input"),
        ("embeddings", b'{"input": 5}', "input"),
        ("embeddings", b'{"input": {"a": 1}}', "input"),
        ("embeddings", b'{"input": "a", "encoding_format": "hex"}', "encoding_format"),
    ],
)  # fmt: skip
def test_broken_bodies_of_the_other_endpoints_are_refused(
    server: httpx2.Client, path: str, body: bytes, param: str
) -> None:
    response = server.post(f"/v1/{path}", content=body)
    assert response.status_code == 400, response.text
    assert response.json()["error"]["param"] == param


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": "\ud800"}},
        {"type": "array"},
        {"type": "object", "required": "a"},
        {"type": "object", "x": float("nan")},
        [],
    ],
)
def test_schemas_that_cannot_be_passed_on_are_refused(server: httpx2.Client, schema: Any) -> None:
    tool = {"type": "function", "function": {"name": "f", "parameters": schema}}
    body = {"messages": [{"role": "user", "content": "hi"}], "tools": [tool]}
    response = server.post("/v1/chat/completions", content=json.dumps(body).encode())
    assert response.status_code == 400, response.text
    assert response.json()["error"]["param"].startswith("tools.0.function.parameters")


def test_a_body_in_chunks_is_cut_at_the_limit(server: httpx2.Client) -> None:
    def endless() -> Iterator[bytes]:
        yield b'{"messages": [{"role": "user", "content": "'
        for _ in range(100):
            yield b"x" * 100_000

    response = server.post("/v1/chat/completions", content=endless())
    assert response.status_code == 413
    assert response.json()["error"]["param"] == "body"


def test_a_compressed_body_is_not_opened(server: httpx2.Client) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    headers = {"content-encoding": "gzip"}
    response = server.post("/v1/chat/completions", content=bomb, headers=headers)
    assert response.status_code == 400
    assert response.json()["error"]["param"] == "body"


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data", "application/xml", ""])
def test_what_is_not_sent_as_json_is_refused(server: httpx2.Client, kind: str) -> None:
    body = chat('"hi"')
    response = server.post("/v1/chat/completions", content=body, headers={"content-type": kind})
    assert response.status_code == 400
    assert response.json()["error"]["param"] == "body"


@pytest.mark.parametrize("model", ["../../etc/passwd", "%2e%2e%2fx", "/etc/passwd", "a\\b", "\x00"])
def test_names_of_models_never_reach_the_disk(server: httpx2.Client, model: str) -> None:
    quoted = urllib.parse.quote(model, safe="")
    for method, path in [
        ("GET", f"/v1/models/{quoted}"),
        ("POST", f"/v1/models/{quoted}/load"),
        ("DELETE", f"/v1/models/{quoted}"),
    ]:
        response = server.request(method, path)
        assert response.status_code in (400, 404), response.text
        assert response.json()["error"]["param"] in ("model", "path")
    body = {"model": model, "messages": [{"role": "user", "content": "hi"}]}
    response = server.post("/v1/chat/completions", content=json.dumps(body).encode())
    assert response.status_code == 404


def test_clients_that_leave_at_any_moment_leave_nothing_behind(server: httpx2.Client) -> None:
    port = server.base_url.port
    assert port is not None
    body = chat('"what is 12 times 7"')[:-1] + b', "stream": true}'
    head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    whole = head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    for cut in range(0, len(whole) + 1, 3):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
            client.sendall(whole[:cut])
    response = server.post("/v1/chat/completions", content=chat('"what is 12 times 7"'))
    assert response.status_code == 200
    metrics = server.get("/metrics").text
    assert 'parley_llm_slots_busy{lane="all"} 0.0' in metrics
    assert 'parley_llm_queue_depth{lane="all"} 0.0' in metrics


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
    "response_format", "temperature", "max_tokens", "logprobs", "functions", "seed",
    "top_logprobs", "logit_bias", "reasoning_effort", "parallel_tool_calls", "modalities",
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
