"""What stock clients ask of a real llama-server, through the chat server."""

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import openai
import pytest
from livekit.agents import function_tool
from livekit.agents.llm import ChatContext
from livekit.agents.types import APIConnectOptions
from livekit.plugins import openai as openai_plugin

from tests.fakes.gguf_model import CALLER
from tests.slow.llm.servers import Running, running

HI: Any = [{"role": "user", "content": "hi"}]
TOOLS: Any = [
    {
        "type": "function",
        "function": {
            "name": name,
            "strict": True,
            "parameters": {
                "type": "object",
                "properties": {"x": {"enum": ["a", "b"]}},
                "required": ["x"],
                "additionalProperties": False,
            },
        },
    }
    for name in ("f", "g")
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A model that calls the tools it is offered."""
    folder = tmp_path_factory.mktemp("models")
    with running(folder, shape=CALLER, slots="2", ctx_size="1024", threads="1") as server:
        yield server


@pytest.fixture(scope="module")
def client(server: Running) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="x", max_retries=0) as opened:
        yield opened


def ask(client: openai.OpenAI, **more: Any) -> Any:
    return client.chat.completions.create(
        **{"model": "tiny", "messages": HI, "max_tokens": 200, "seed": 7, **more}
    )


def called(chunks: Any) -> tuple[dict[str, Any], str | None]:
    """The calls of a stream by name, and how it finished."""
    names: dict[int, str] = {}
    arguments: dict[int, str] = {}
    finish = None
    for chunk in chunks:
        for choice in chunk.choices:
            finish = choice.finish_reason or finish
            for call in choice.delta.tool_calls or []:
                names.setdefault(call.index, call.function.name)
                arguments[call.index] = arguments.get(call.index, "") + call.function.arguments
    return {names[at]: json.loads(arguments[at]) for at in names}, finish


def named(name: str) -> Any:
    return {"type": "function", "function": {"name": name}}


@pytest.mark.parametrize("parallel", [True, False])
@pytest.mark.parametrize(
    ("choice", "names"),
    [("auto", "fg"), ("required", "fg"), (named("f"), "f"), (named("g"), "g")],
)
def test_tools_are_called_whole_and_streamed(
    client: openai.OpenAI, choice: Any, names: str, parallel: bool
) -> None:
    asked = {"tools": TOOLS, "tool_choice": choice, "parallel_tool_calls": parallel}
    message = ask(client, **asked).choices[0].message
    whole = {call.function.name: json.loads(call.function.arguments) for call in message.tool_calls}
    streamed, finish = called(ask(client, stream=True, **asked))
    assert finish == "tool_calls"
    for calls in (whole, streamed):
        assert set(calls) <= set(names)
        assert all(arguments["x"] in ("a", "b") for arguments in calls.values())
        assert len(calls) == 1 or parallel


def test_a_schema_is_kept_to(client: openai.OpenAI) -> None:
    schema = {
        "type": "object",
        "properties": {"colour": {"enum": ["red", "green"]}},
        "required": ["colour"],
        "additionalProperties": False,
    }
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    text = ask(client, response_format=wanted).choices[0].message.content
    assert json.loads(text)["colour"] in ("red", "green")


def test_a_prefix_is_read_once(client: openai.OpenAI) -> None:
    asked = {"messages": [{"role": "user", "content": "the same words again " * 10}]}
    first = ask(client, max_tokens=2, **asked).usage
    again = ask(client, max_tokens=2, **asked).usage
    assert again.prompt_tokens == first.prompt_tokens
    assert again.prompt_tokens_details.cached_tokens > first.prompt_tokens // 2


def test_a_seed_says_the_same_again(client: openai.OpenAI) -> None:
    replies = {
        ask(client, seed=5, temperature=1.5, max_tokens=20).choices[0].message.content
        for _ in range(3)
    }
    assert len(replies) == 1


def test_log_probabilities_come_token_by_token(client: openai.OpenAI) -> None:
    for stream in (False, True):
        answer = ask(client, max_tokens=4, logprobs=True, top_logprobs=2, stream=stream)
        told = [
            token
            for choice in ([c.choices[0] for c in answer] if stream else answer.choices)
            if choice.logprobs
            for token in choice.logprobs.content
        ]
        assert len(told) == 4
        assert all(len(token.top_logprobs) == 2 and token.logprob <= 0 for token in told)
    completion = client.completions.create(
        model="tiny", prompt="hi", max_tokens=4, logprobs=2, seed=7
    )
    scored = completion.choices[0].logprobs
    assert scored is not None
    assert scored.tokens  # up to four: bytes of one character are told together
    assert len(scored.tokens) == len(scored.token_logprobs or []) <= 4


def test_what_does_not_fit_is_told_with_numbers(client: openai.OpenAI) -> None:
    long = "hello " * 2_000
    with pytest.raises(openai.BadRequestError, match=r"of \d+ tokens .* context of 1024") as chat:
        ask(client, messages=[{"role": "user", "content": long}], stream=True)
    with pytest.raises(openai.BadRequestError) as completion:
        client.completions.create(model="tiny", prompt=long)
    for refused, param in ((chat, "messages"), (completion, "prompt")):
        assert (refused.value.code, refused.value.param) == ("context_length_exceeded", param)


def schema(schema: Any) -> dict[str, Any]:
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    return {"response_format": wanted}


@pytest.mark.parametrize(
    "odd",
    [
        schema({"type": "poem"}),
        schema({"type": 7}),
        schema({"type": "object", "properties": 5}),
        schema({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}),
        schema({"type": "array", "minItems": 100_000, "items": {"type": "string"}}),
        {"tools": [{"type": "function", "function": {"name": "f", "parameters": {"x": "$ref"}}}]},
        {"messages": [{"role": "tool", "tool_call_id": "a", "content": "1"}]},
        {"messages": [*HI, {"role": "assistant", "content": "a"}] * 3},
        {"messages": [{"role": "system", "content": "a"}]},
        {"messages": [*HI, {"role": "developer", "content": "a"}]},
        {"messages": [{"role": "user", "content": "<|im_end|>\u0000</think>"}]},
        {"messages": [{"role": "user", "content": ""}]},
        {"max_tokens": 10**12, "stop": ["a", "e", " "]},
        {"seed": -(2**63)},
        {"temperature": 0, "top_p": 0},
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_odd_requests_are_answered_or_refused_but_never_break_it(
    client: openai.OpenAI, odd: dict[str, Any], stream: bool
) -> None:
    with suppress(openai.BadRequestError):
        answer = ask(client, **{"max_tokens": 8, "stream": stream, **odd})
        assert list(answer) if stream else answer.choices
    assert ask(client, max_tokens=2).choices


async def test_the_livekit_plugin_calls_a_tool(server: Running) -> None:
    @function_tool
    async def set_light(room: str | None = None) -> str:
        """Switch a light on."""
        return room or ""

    context = ChatContext.empty()
    context.add_message(role="system", content="Be brief.")
    context.add_message(role="user", content="light please")
    context.add_message(role="developer", content="Now.")
    http = openai.AsyncClient(base_url=f"{server.url}/v1", api_key="x", max_retries=0)
    llm = openai_plugin.LLM(model="gpt-4.1", client=http)
    once = APIConnectOptions(max_retry=0, timeout=30.0)
    async with llm.chat(chat_ctx=context, tools=[set_light], conn_options=once) as stream:
        response = await stream.collect()
    assert [call.name for call in response.tool_calls] == ["set_light"]
    assert response.usage is not None
    assert response.usage.prompt_tokens > 0
