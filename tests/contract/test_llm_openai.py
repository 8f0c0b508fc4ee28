"""The chat server as the stock openai client speaks to it."""

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletionToolParam

from tests.processes import running

KEY = "contract-key-of-the-chat-server-0123456789"
TIMER: ChatCompletionToolParam = {
    "type": "function",
    "function": {
        "name": "set_timer",
        "description": "Set a timer",
        "strict": True,
        "parameters": {
            "type": "object",
            "properties": {
                "duration_s": {"type": "number"},
                "label": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            },
            "required": ["duration_s", "label"],
            "additionalProperties": False,
        },
    },
}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running("inference.llm", {"LLM_API_KEY": KEY, "LLM_TIMEZONE": "Europe/Paris"}) as base:
        yield f"{base}/v1"


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=url, api_key=KEY, max_retries=0) as opened:
        yield opened


def user(text: str) -> Any:
    return [{"role": "user", "content": text}]


def test_a_whole_reply(client: openai.OpenAI) -> None:
    reply = client.chat.completions.create(model="gpt-4.1", messages=user("what is 12 times 7"))
    assert reply.model == "assist"
    assert reply.choices[0].message.content == "Twelve times seven is 84."
    assert reply.choices[0].message.tool_calls is None
    assert reply.choices[0].finish_reason == "stop"
    assert reply.usage is not None
    assert (reply.usage.completion_tokens, reply.usage.prompt_tokens) == (6, 8)


def test_a_streamed_reply_is_the_whole_one_in_small_pieces(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(
        model="assist",
        messages=user("what is 12 times 7"),
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = list(stream)
    assert chunks[0].choices[0].delta.role == "assistant"
    pieces = [c.choices[0].delta.content or "" for c in chunks if c.choices]
    assert "".join(pieces) == "Twelve times seven is 84."
    assert max(map(len, pieces)) <= 10
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.total_tokens == 14


def test_usage_is_streamed_only_when_asked_for(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(model="assist", messages=user("hi"), stream=True)
    assert all(chunk.usage is None and chunk.choices for chunk in stream)


def test_a_tool_is_called_and_its_result_told(client: openai.OpenAI) -> None:
    messages = user("set a tea timer for five minutes")
    with client.chat.completions.stream(
        model="gpt-4o-mini", messages=messages, tools=[TIMER]
    ) as stream:
        reply = stream.get_final_completion().choices[0]
    assert reply.finish_reason == "tool_calls"
    (call,) = reply.message.tool_calls or []
    assert call.function.name == "set_timer"
    assert json.loads(call.function.arguments) == {"duration_s": 300, "label": "tea"}
    messages += [
        {"role": "assistant", "content": None, "tool_calls": [call.model_dump()]},
        {
            "role": "tool",
            "tool_call_id": call.id,
            "content": json.dumps({"label": "tea", "duration_s": 300}),
        },
    ]
    told = client.chat.completions.create(model="gpt-4o-mini", messages=messages, tools=[TIMER])
    assert "tea timer" in (told.choices[0].message.content or "")
    assert "5 minutes" in (told.choices[0].message.content or "")


def test_tool_choice_none_is_kept(client: openai.OpenAI) -> None:
    reply = client.chat.completions.create(
        model="assist",
        messages=user("set a timer for five minutes"),
        tools=[TIMER],
        tool_choice="none",
    )
    assert reply.choices[0].message.tool_calls is None
    assert reply.choices[0].message.content


def test_max_tokens_cuts_the_reply_and_says_so(client: openai.OpenAI) -> None:
    limits: list[dict[str, Any]] = [{"max_tokens": 2}, {"max_completion_tokens": 2}]
    for limit in limits:
        reply = client.chat.completions.create(
            model="assist", messages=user("what is 12 times 7"), **limit
        )
        assert reply.choices[0].message.content == "Twelve times"
        assert reply.choices[0].finish_reason == "length"
        assert reply.usage is not None
        assert reply.usage.completion_tokens == 2


def test_half_a_tool_call_is_never_sent(client: openai.OpenAI) -> None:
    reply = client.chat.completions.create(
        model="assist", messages=user("timer for five minutes"), tools=[TIMER], max_tokens=3
    )
    assert reply.choices[0].message.tool_calls is None
    assert reply.choices[0].finish_reason == "length"


def test_stop_ends_the_reply_before_the_mark(client: openai.OpenAI) -> None:
    reply = client.chat.completions.create(
        model="assist", messages=user("what is 12 times 7"), stop=["seven", "!"]
    )
    assert reply.choices[0].message.content == "Twelve times"
    assert reply.choices[0].finish_reason == "stop"


def test_messages_in_every_form_are_understood(client: openai.OpenAI) -> None:
    messages: Any = [
        {"role": "developer", "content": "You are Nora."},
        {"role": "user", "content": "hello", "name": "anna"},
        {"role": "assistant", "content": [{"type": "text", "text": "Hi."}]},
        {
            "role": "user",
            "content": [{"type": "text", "text": "who are"}, {"type": "text", "text": "you"}],
        },
    ]
    reply = client.chat.completions.create(
        model="assist",
        messages=messages,
        reasoning_effort="low",
        parallel_tool_calls=False,
        temperature=0,
        seed=1,
        user="u",
        metadata={"a": "b"},
    )
    assert "Nora" in (reply.choices[0].message.content or "")


def test_completions_streamed_and_whole(client: openai.OpenAI) -> None:
    whole = client.completions.create(model="gpt-4o", prompt="what is two plus two")
    stream = client.completions.create(model="assist", prompt=["what is two plus two"], stream=True)
    assert whole.choices[0].text == "Two plus two is 4."
    assert "".join(chunk.choices[0].text for chunk in stream) == whole.choices[0].text


def test_the_model_is_listed(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["assist"]


def test_embeddings_are_refused_by_name(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        client.embeddings.create(model="assist", input="hello")
    assert (refused.value.code, refused.value.param) == ("unsupported", "model")


def test_an_unknown_model_is_not_found(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as refused:
        client.chat.completions.create(model="claude-9", messages=user("hi"))
    assert (refused.value.code, refused.value.param) == ("model_not_found", "model")


def test_a_wrong_key_is_refused(url: str) -> None:
    stranger = openai.OpenAI(base_url=url, api_key="wrong", max_retries=0)
    with pytest.raises(openai.AuthenticationError):
        stranger.chat.completions.create(model="assist", messages=user("hi"))


def named(name: str) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name}}


IMAGE = [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}]


@pytest.mark.parametrize(
    ("changed", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "user", "content": IMAGE}]}, "messages.0.content"),
        ({"messages": [{"role": "user", "content": None}]}, "messages.0.content"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages.0.content"),
        ({"messages": [{"role": "robot", "content": "hi"}]}, "messages.0.role"),
        ({"messages": [{"role": "tool", "content": "hi"}]}, "messages.0.tool_call_id"),
        ({"messages": user("x" * 400_001)}, "messages"),
        ({"n": 2}, "n"),
        ({"temperature": 2.5}, "temperature"),
        ({"temperature": "hot"}, "temperature"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_completion_tokens": -1}, "max_completion_tokens"),
        ({"stop": ["a", "b", "c", "d", "e"]}, "stop"),
        ({"stream": "yes"}, "stream"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"response_format": {"type": "poem"}}, "response_format.type"),
        ({"tools": [named("no spaces")]}, "tools.0.function.name"),
        ({"tools": [TIMER, TIMER]}, "tools.1.function.name"),
        ({"tools": [{"type": "retrieval"}]}, "tools.0.type"),
        ({"tool_choice": "maybe"}, "tool_choice"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"tools": [TIMER], "tool_choice": named("x")}, "tool_choice"),
        ({"logprobs": True}, "logprobs"),
        ({"functions": [{"name": "f"}]}, "functions"),
    ],
)  # fmt: skip
def test_a_bad_request_names_its_field(
    client: openai.OpenAI, changed: dict[str, Any], param: str
) -> None:
    body: dict[str, Any] = {"model": "assist", "messages": user("hi")} | changed
    with pytest.raises(openai.BadRequestError) as refused:
        client.chat.completions.create(**body)
    assert refused.value.param == param
