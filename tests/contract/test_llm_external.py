"""A foreign OpenAI-compatible backend behind the chat server, as stock clients see it."""

import json
import time
from collections.abc import Iterator
from contextlib import aclosing
from typing import Any

import httpx2
import openai
import pytest
from livekit.agents import APIConnectionError, APIStatusError, function_tool
from livekit.agents.llm import ChatContext
from livekit.agents.types import APIConnectOptions
from livekit.plugins import openai as openai_plugin
from pydantic import BaseModel

from tests.fakes import openai_backend
from tests.fakes.openai_backend import (
    Backend,
    Pause,
    Reply,
    Reset,
    answered,
    delta,
    ended,
    refused,
    said,
    tool_piece,
)
from tests.processes import running

KEY = "key-of-the-external-backend-0123456789ab"
ONCE = APIConnectOptions(max_retry=0, timeout=10.0)
TOOLS: Any = [
    {
        "type": "function",
        "function": {
            "name": name,
            "strict": True,
            "parameters": {"type": "object", "properties": {"x": {"type": "number"}}},
        },
    }
    for name in ("f", "g")
]


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Backend, str]]:
    """One backend, and our server before it."""
    with openai_backend.running() as backend:
        environment = {
            "LLM_BACKEND": "external",
            "LLM_BASE_URL": backend.url,
            "LLM_BASE_URL_KEY": KEY,
            "LLM_INTER_TOKEN_S": "2",
        }
        with running("inference.llm", environment) as url:
            yield backend, url


@pytest.fixture
def backend(served: tuple[Backend, str]) -> Iterator[Backend]:
    backend, _ = served
    backend.reply = said("Hello", " there.")
    backend.requests.clear()
    while not backend.leavings.empty():
        backend.leavings.get()
    yield backend
    backend.reply = said("Hello", " there.")


@pytest.fixture(scope="module")
def client(served: tuple[Backend, str]) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{served[1]}/v1", api_key="local", max_retries=0) as opened:
        yield opened


@pytest.fixture
def llm(served: tuple[Backend, str]) -> openai_plugin.LLM:
    http = openai.AsyncClient(base_url=f"{served[1]}/v1", api_key="local", max_retries=0)
    return openai_plugin.LLM(model="gpt-4.1", client=http)


def user(text: str = "hi") -> Any:
    return [{"role": "user", "content": text}]


def streamed(client: openai.OpenAI, **more: Any) -> Any:
    return client.chat.completions.create(
        model="gpt-4.1",
        messages=user(),
        stream=True,
        stream_options={"include_usage": True},
        **more,
    )


def test_its_model_is_listed_and_answers(backend: Backend, client: openai.OpenAI) -> None:
    serving = next(iter(client.models.list())).id
    assert client.chat.completions.create(model=serving, messages=user()).model == "tiny"
    reply = client.chat.completions.create(model="tiny", messages=user())
    assert reply.choices[0].message.content == "Hello there."
    assert reply.model == "tiny"
    assert reply.usage is not None
    assert reply.usage.prompt_tokens_details is not None
    assert reply.usage.prompt_tokens_details.cached_tokens == 5
    assert backend.last.headers["authorization"] == f"Bearer {KEY}"


def test_a_reply_is_streamed_as_it_comes(backend: Backend, client: openai.OpenAI) -> None:
    backend.reply = Reply(steps=[delta(content="Hel"), Pause(0.5), delta(content="lo"), *ended()])
    came_s: list[float] = []
    text = ""
    for chunk in streamed(client):
        if chunk.choices and (more := chunk.choices[0].delta.content):
            came_s.append(time.monotonic())
            text += more
        last = chunk
    assert text == "Hello"
    assert came_s[1] - came_s[0] > 0.3
    assert last.usage.total_tokens == 10


@pytest.mark.parametrize(
    "choice", ["auto", "required", {"type": "function", "function": {"name": "f"}}]
)
def test_tools_are_called_in_a_stream(backend: Backend, client: openai.OpenAI, choice: Any) -> None:
    pieces = [
        tool_piece(0, "", id="a", name="f"),
        tool_piece(0, '{"x"'),
        tool_piece(0, ": 1}"),
        tool_piece(1, "{}", id="b", name="g"),
    ]
    backend.reply = Reply(
        steps=[*(delta(tool_calls=[one]) for one in pieces), *ended("tool_calls")]
    )
    with client.chat.completions.stream(
        model="tiny", messages=user(), tools=TOOLS, tool_choice=choice
    ) as stream:
        choice_ = stream.get_final_completion().choices[0]
    assert choice_.finish_reason == "tool_calls"
    calls = choice_.message.tool_calls or []
    assert [(call.function.name, json.loads(call.function.arguments)) for call in calls] == [
        ("f", {"x": 1}),
        ("g", {}),
    ]
    assert "strict" not in json.dumps(backend.last.body["tools"])
    assert backend.last.body["tool_choice"] == choice


class Answer(BaseModel):
    number: int


def test_a_schema_goes_to_the_backend_and_its_answer_comes_back(
    backend: Backend, client: openai.OpenAI
) -> None:
    backend.reply = said('{"num', 'ber": 42}')
    reply = client.chat.completions.parse(model="tiny", messages=user(), response_format=Answer)
    assert reply.choices[0].message.parsed == Answer(number=42)
    schema = backend.last.body["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["number"]["type"] == "integer"


@pytest.mark.parametrize(
    "reply",
    [
        said("<think>Hm", "m.</th", "ink>\n", "Hello."),
        Reply(steps=[delta(reasoning_content="Hmm."), delta(content="Hello."), *ended()]),
        Reply(steps=[delta(reasoning="Hmm."), delta(content="Hello."), *ended()]),
    ],
)
def test_reasoning_is_never_in_the_content(
    backend: Backend, client: openai.OpenAI, reply: Reply
) -> None:
    backend.reply = reply
    whole = client.chat.completions.create(model="tiny", messages=user()).choices[0].message
    assert (whole.content, getattr(whole, "reasoning_content", None)) == ("Hello.", "Hmm.")
    chunks = [chunk.choices[0].delta for chunk in streamed(client) if chunk.choices]
    assert "".join(one.content or "" for one in chunks) == "Hello."
    assert "".join(getattr(one, "reasoning_content", None) or "" for one in chunks) == "Hmm."


def test_embeddings_come_as_the_client_asks(backend: Backend, client: openai.OpenAI) -> None:
    backend.reply = answered(
        {"data": [{"index": 0, "embedding": [0.5, -0.25]}], "usage": {"prompt_tokens": 2}}
    )
    made = client.embeddings.create(model="text-embedding-3-small", input="hi")  # asks for base64
    assert made.data[0].embedding == [0.5, -0.25]
    assert made.usage.total_tokens == 2


def test_completions_are_streamed(backend: Backend, client: openai.OpenAI) -> None:
    def reply(request: openai_backend.Request) -> Reply:
        chunk = {"choices": [{"index": 0, "text": "abc", "finish_reason": None}]}
        end = {"choices": [{"index": 0, "text": "", "finish_reason": "stop"}]}
        return Reply(steps=[openai_backend.event(chunk), openai_backend.event(end)])

    backend.reply = reply
    stream = client.completions.create(model="tiny", prompt="x", stream=True)
    assert "".join(chunk.choices[0].text for chunk in stream) == "abc"


def test_a_context_that_is_too_small_is_told_as_openai_does(
    backend: Backend, client: openai.OpenAI
) -> None:
    backend.reply = refused(
        400, message="too long", type="exceed_context_size_error", n_prompt_tokens=99, n_ctx=9
    )
    for ask in (streamed, lambda c: c.chat.completions.create(model="tiny", messages=user())):
        with pytest.raises(openai.BadRequestError) as failure:
            ask(client)
        assert failure.value.code == "context_length_exceeded"
        assert "99" in failure.value.message


def test_a_busy_backend_is_a_429_with_its_delay(backend: Backend, client: openai.OpenAI) -> None:
    backend.reply = refused(429, headers={"retry-after": "9"}, message="slow down")
    with pytest.raises(openai.RateLimitError) as failure:
        streamed(client)
    assert failure.value.response.headers["retry-after"] == "9"


@pytest.mark.parametrize(
    "reply", [refused(500, message="/srv/x broke"), Reply(steps=[Reset()]), Reply(steps=[b"<p>"])]
)
def test_a_broken_backend_is_a_503(backend: Backend, client: openai.OpenAI, reply: Reply) -> None:
    backend.reply = reply
    for ask in (streamed, lambda c: c.chat.completions.create(model="tiny", messages=user())):
        with pytest.raises(openai.InternalServerError) as failure:
            ask(client)
        assert failure.value.status_code == 503
        assert failure.value.code == "engine_failed"
        assert "/srv" not in failure.value.message


def broken_off() -> Reply:
    return Reply(steps=[delta(content="Hel"), Pause(0.05), Reset()])


def test_the_client_raises_what_breaks_mid_stream(backend: Backend, client: openai.OpenAI) -> None:
    backend.reply = broken_off()
    heard: list[str] = []

    def listen() -> None:
        heard.extend(chunk.choices[0].delta.content or "" for chunk in streamed(client))

    with pytest.raises(openai.APIError) as failure:
        listen()
    assert "".join(heard) == "Hel"
    assert failure.value.code == "engine_failed"


def test_a_pause_beyond_the_limit_is_told_in_the_stream(
    backend: Backend, client: openai.OpenAI
) -> None:
    backend.reply = Reply(steps=[delta(content="Hel"), Pause()])
    with pytest.raises(openai.APIError) as failure:
        list(streamed(client))
    assert failure.value.code == "llm_inter_token_timeout"


async def test_the_plugin_raises_what_breaks_mid_stream_and_does_not_ask_again(
    backend: Backend, llm: openai_plugin.LLM
) -> None:
    backend.reply = broken_off()
    heard: list[str] = []

    async def listen() -> None:
        often = APIConnectOptions(max_retry=3)
        async with llm.chat(chat_ctx=asking(), conn_options=often) as stream:
            async for chunk in stream:
                heard.append((chunk.delta and chunk.delta.content) or "")

    with pytest.raises(APIConnectionError):
        await listen()
    assert "".join(heard) == "Hel"
    assert len(backend.requests) == 1


async def test_the_plugin_gets_tools_and_usage(backend: Backend, llm: openai_plugin.LLM) -> None:
    @function_tool
    async def f(x: int | None = None) -> str:
        """Does f."""
        return str(x)

    pieces = [tool_piece(0, '{"x"', id="a", name="f"), tool_piece(0, ": 1}")]
    backend.reply = Reply(
        steps=[*(delta(tool_calls=[one]) for one in pieces), *ended("tool_calls")]
    )
    async with llm.chat(chat_ctx=asking(), tools=[f], conn_options=ONCE) as stream:
        response = await stream.collect()
    assert [(call.name, call.arguments) for call in response.tool_calls] == [("f", '{"x": 1}')]
    assert response.usage is not None
    assert response.usage.prompt_cached_tokens == 5


async def test_the_plugin_is_told_of_a_503_at_once(
    backend: Backend, llm: openai_plugin.LLM
) -> None:
    backend.reply = refused(500, message="broke")
    with pytest.raises(APIStatusError) as failure:
        async with llm.chat(chat_ctx=asking(), conn_options=ONCE) as stream:
            await stream.collect()
    assert failure.value.status_code == 503


def asking() -> ChatContext:
    context = ChatContext.empty()
    context.add_message(role="system", content="Be brief.")
    context.add_message(role="user", content="hi")
    return context


@pytest.mark.parametrize("steps", [[delta(content="Hel"), Pause()], [Pause()]])
@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_leaves_is_left_for_at_the_backend(
    backend: Backend, served: tuple[Backend, str], steps: Any, stream: bool
) -> None:
    backend.reply = Reply(steps=steps)
    body = {"messages": user(), "stream": stream}
    with httpx2.Client(timeout=0.5, trust_env=False) as http, pytest.raises(httpx2.ReadTimeout):
        http.post(f"{served[1]}/v1/chat/completions", json=body)
    assert backend.left_after_s(time.monotonic()) < 1


async def test_the_plugin_s_barge_in_is_heard_at_the_backend(
    backend: Backend, llm: openai_plugin.LLM
) -> None:
    backend.reply = Reply(steps=[delta(content="Hel"), Pause()])
    stream = llm.chat(chat_ctx=asking(), conn_options=ONCE)
    async with aclosing(stream):
        await anext(aiter(stream))
        left_s = time.monotonic()
    assert backend.left_after_s(left_s) < 1


def test_a_hundred_clients_that_leave_cost_nobody_a_slot(
    backend: Backend, served: tuple[Backend, str], client: openai.OpenAI
) -> None:
    backend.reply = Reply(steps=[delta(content="Hel"), Pause()])
    body = {"messages": user(), "stream": True}
    for _ in range(100):
        with (
            httpx2.Client(timeout=5, trust_env=False) as http,
            http.stream("POST", f"{served[1]}/v1/chat/completions", json=body) as response,
        ):
            next(response.iter_bytes())
    for _ in range(100):
        backend.left_after_s(time.monotonic())
    backend.reply = said("Still", " here.")
    reply = client.chat.completions.create(model="tiny", messages=user())
    assert reply.choices[0].message.content == "Still here."


def test_a_backend_that_comes_later_or_not_leaves_the_assistant() -> None:
    environment = {"LLM_BACKEND": "external", "LLM_BASE_URL": "http://127.0.0.1:9/v1"}
    with running("inference.llm", environment) as url:
        state = httpx2.get(f"{url}/health/ready").json()["model"]
        assert state["serving"].startswith("assist")
        assert "nothing answers" in next(iter(state["failed"].values()))
