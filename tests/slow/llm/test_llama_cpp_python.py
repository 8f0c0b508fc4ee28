"""The package's server: one chat at a time, whole; what it cannot do is refused, not broken."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.processes import until
from tests.slow.llm.servers import PACKAGE, Running, running, stream

TOOL = {
    "type": "function",
    "function": {
        "name": "add",
        "parameters": {
            "type": "object",
            "properties": {"a": {"type": "integer"}},
            "required": ["a"],
        },
    },
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder: Path = tmp_path_factory.mktemp("models")
    with running(folder, backend=PACKAGE) as server:
        yield server


def test_streams_wait_for_each_other_and_none_is_cut_off(server: Running) -> None:
    def whole(_: int) -> Any:
        with stream(server, max_tokens=60) as chunks:
            return list(chunks)[-1]["choices"][0]["finish_reason"]

    with ThreadPoolExecutor(3) as threads:
        assert list(threads.map(whole, range(3))) == ["length"] * 3


def test_streamed_tools_are_refused_where_the_model_chooses(server: Running) -> None:
    refused = server.ask(stream=True, tools=[TOOL])
    assert refused.status_code == 400
    assert refused.json()["error"]["code"] == "unsupported"


def test_a_tool_that_is_named_is_called(server: Running) -> None:
    named = {"type": "function", "function": {"name": "add"}}
    answer = server.ask(tools=[TOOL], tool_choice=named, max_tokens=60)
    assert answer.status_code == 200, answer.text
    (call,) = answer.json()["choices"][0]["message"]["tool_calls"]
    assert call["function"]["name"] == "add"


def test_a_chat_in_which_a_tool_was_called_goes_on(server: Running) -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "add", "arguments": "{}"}}
    messages = [
        {"role": "user", "content": "add"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "5"},
    ]
    assert server.ask(messages=messages).status_code == 200


def test_a_client_that_leaves_lets_the_next_in(server: Running) -> None:
    with stream(server) as chunks:
        next(chunks)
    until(lambda: server.metric('parley_llm_slots_busy{lane="all"}') == 0)
    assert server.ask().status_code == 200
