"""Any OpenAI-compatible backend, well-behaved or not, behind the engine's seam."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest

from chassis.errors import InvalidRequest, NotFound, ParleyError, RateLimited, Unavailable
from chassis.http import pooled_client
from chassis.metrics import Metrics
from inference.llm.engine import (
    Abilities,
    Chat,
    Completion,
    ContextTooLong,
    Delta,
    EngineSilent,
    Finish,
    JsonFormat,
    Message,
    NamedTool,
    ReasoningDelta,
    Sampling,
    TextDelta,
    Tool,
    ToolCall,
    ToolCallDelta,
)
from inference.llm.upstream import Upstream
from inference.llm.upstream_body import Dialect
from inference.llm.upstream_http import Patience
from inference.model_status import EngineFailed
from tests.fakes import openai_backend
from tests.fakes.openai_backend import (
    DONE,
    Backend,
    Pause,
    Reply,
    Reset,
    Step,
    answered,
    delta,
    ended,
    event,
    refused,
    said,
    tool_piece,
    usage,
)

ABLE = Abilities(
    json=True,
    streamed_tools=True,
    logprobs=True,
    completions=True,
    embeddings=True,
    context_tokens=None,
)
CHAT = Chat(messages=(Message(role="user", text="hi"),))
TOOL = Tool(name="f", description="does f", parameters={"type": "object", "properties": {}})


@pytest.fixture
def backend() -> Iterator[Backend]:
    with openai_backend.running() as backend:
        yield backend


@asynccontextmanager
async def upstream(backend: Backend, **options: Any) -> AsyncIterator[Upstream]:
    known: dict[str, Any] = {"model": "tiny", "abilities": ABLE, "patience": Patience()}
    async with pooled_client(metrics=Metrics("test"), base_url=f"{backend.url}/") as client:
        yield Upstream(client, **(known | options))


async def reply_of(backend: Backend, chat: Chat = CHAT, **options: Any) -> list[Delta]:
    async with upstream(backend, **options) as engine, aclosing(engine.chat(chat)) as deltas:
        return [delta async for delta in deltas]


def text_of(deltas: list[Delta]) -> str:
    return "".join(delta.text for delta in deltas if isinstance(delta, TextDelta))


async def test_a_reply_comes_piece_by_piece_and_ends_with_what_it_took(backend: Backend) -> None:
    assert await reply_of(backend) == [
        TextDelta("Hello"),
        TextDelta(" there."),
        Finish(reason="stop", prompt_tokens=7, completion_tokens=3, cached_tokens=5),
    ]


async def test_a_connection_serves_many_replies(backend: Backend) -> None:
    async with upstream(backend) as engine:
        for _ in range(5):
            assert text_of([delta async for delta in engine.chat(CHAT)]) == "Hello there."
    assert backend.connections == 1


async def test_lines_may_be_cut_anywhere_and_hold_comments(backend: Backend) -> None:
    steps = [b": keep-alive\r\n\r\n", *said("Hé", "llo").steps]
    whole = b"".join(step for step in steps if isinstance(step, bytes)).replace(b"\n", b"\r\n")
    for size in (1, 7, 64):
        pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
        backend.reply = Reply(steps=pieces)
        assert text_of(await reply_of(backend)) == "Héllo"


async def test_what_is_asked_is_what_every_backend_understands(backend: Backend) -> None:
    call = ToolCall(id="c", name="f", arguments="not json")
    chat = Chat(
        messages=(
            Message(role="system", text="Be brief."),
            Message(role="developer", text="Be kind."),
            Message(role="user", text="hi"),
            Message(role="system", text="Greet."),
            Message(role="assistant", tool_calls=(call,)),
            Message(role="tool", text="1", tool_call_id="c"),
        ),
        tools=(TOOL,),
        tool_choice=NamedTool("f"),
        parallel_tool_calls=False,
        format=JsonFormat(schema={"type": "object"}, name="x"),
        sampling=Sampling(temperature=0.5, seed=-1, max_tokens=9, stop=("a",), top_logprobs=2),
        reasoning_effort="none",
    )
    await reply_of(backend, chat, dialect=Dialect(extra={"cache_prompt": True}))
    body = backend.last.body
    assert body["messages"][:2] == [
        {"role": "system", "content": "Be brief.\n\nBe kind."},
        {"role": "user", "content": "hi\n\nGreet."},
    ]
    assert body["messages"][3] == {"role": "tool", "content": "1", "tool_call_id": "c"}
    assert body["messages"][2]["content"] is None
    (sent,) = body["messages"][2]["tool_calls"]
    assert json.loads(sent["function"]["arguments"]) == {"arguments": "not json"}
    assert body["tools"] == [
        {
            "type": "function",
            "function": {
                "name": "f",
                "description": "does f",
                "parameters": {"type": "object", "properties": {}},
            },
        }
    ]
    assert body["tool_choice"] == {"type": "function", "function": {"name": "f"}}
    assert body["response_format"]["json_schema"]["schema"] == {"type": "object"}
    assert {name: body[name] for name in ("temperature", "max_tokens", "stop", "seed")} == {
        "temperature": 0.5,
        "max_tokens": 9,
        "stop": ["a"],
        "seed": 0x7FFF_FFFF,
    }
    assert (body["logprobs"], body["top_logprobs"]) == (True, 2)
    assert (body["parallel_tool_calls"], body["cache_prompt"]) == (False, True)
    assert body["reasoning_effort"] == "none"
    assert body["stream_options"] == {"include_usage": True}


async def test_a_chat_without_a_user_still_has_someone_who_asks(backend: Backend) -> None:
    messages = (
        Message(role="system", text="You are Nora."),
        Message(role="system", text="Greet the user."),
    )
    await reply_of(backend, Chat(messages=messages))
    assert [message["role"] for message in backend.last.body["messages"]] == ["system", "user"]
    await reply_of(backend, Chat(messages=messages[:1]))
    assert [message["role"] for message in backend.last.body["messages"]] == ["user"]


TWO_CALLS = [
    ("f", "a", '{"x": 1}'),
    ("g", "b", "{}"),
]


@pytest.mark.parametrize(
    "pieces",
    [
        [  # OpenAI's way
            [tool_piece(0, "", id="a", name="f")],
            [tool_piece(0, '{"x"')],
            [tool_piece(0, ": 1}")],
            [tool_piece(1, "{}", id="b", name="g")],
        ],
        [[tool_piece(0, '{"x": 1}', id="a", name="f"), tool_piece(1, "{}", id="b", name="g")]],
        [  # the same index for all
            [tool_piece(0, '{"x": 1}', id="a", name="f")],
            [tool_piece(0, "{}", id="b", name="g")],
        ],
        [  # no index at all
            [tool_piece(None, '{"x": 1}', id="a", name="f")],
            [tool_piece(None, "{}", id="b", name="g")],
        ],
        [  # id and name in every piece
            [tool_piece(0, '{"x"', id="a", name="f")],
            [tool_piece(0, ": 1}", id="a", name="f")],
            [tool_piece(1, "{}", id="b", name="g")],
        ],
        [  # interleaved, arguments before the name
            [tool_piece(0, '{"x"', id="a")],
            [tool_piece(1, "", id="b", name="g")],
            [tool_piece(0, ": 1}", name="f")],
            [tool_piece(1, "{}")],
        ],
        [  # arguments as an object
            [tool_piece(0, {"x": 1}, id="a", name="f"), tool_piece(1, {}, id="b", name="g")],
        ],
    ],
)
async def test_tool_calls_come_whole_however_they_are_cut(
    backend: Backend, pieces: list[Any]
) -> None:
    backend.reply = Reply(steps=[*(delta(tool_calls=piece) for piece in pieces), *ended("stop")])
    deltas = await reply_of(backend, Chat(messages=CHAT.messages, tools=(TOOL,)))
    calls: dict[int, list[str]] = {}
    for piece in deltas:
        if isinstance(piece, ToolCallDelta):
            if piece.index not in calls:
                assert piece.id
                assert piece.name
                calls[piece.index] = [piece.name, piece.id, ""]
            calls[piece.index][2] += piece.arguments
    assert sorted(map(tuple, calls.values())) == TWO_CALLS
    assert isinstance(deltas[-1], Finish)
    assert deltas[-1].reason == "tool_calls"


async def test_a_call_without_an_id_gets_one(backend: Backend) -> None:
    backend.reply = Reply(steps=[delta(tool_calls=[tool_piece(0, "{}", name="f")]), *ended()])
    (call, _) = await reply_of(backend)
    assert isinstance(call, ToolCallDelta)
    assert call.id


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
async def test_reasoning_in_its_own_field(backend: Backend, field: str) -> None:
    thought = delta(**{"content": None, field: "Hm."})
    backend.reply = Reply(steps=[thought, delta(content="Hello."), *ended()])
    assert (await reply_of(backend))[:2] == [ReasoningDelta("Hm."), TextDelta("Hello.")]


async def test_reasoning_inside_the_text(backend: Backend) -> None:
    backend.reply = said("<th", "ink>Hm", ".</think>", "\n\nHel", "lo.")
    assert text_of(await reply_of(backend)) == "Hello."


async def test_a_model_that_begins_inside_its_reasoning_is_known_after_one_reply(
    backend: Backend,
) -> None:
    backend.reply = said("Hm.", "</think>", "\n\nHello.")
    async with upstream(backend) as engine:
        replies = [text_of([delta async for delta in engine.chat(CHAT)]) for _ in range(2)]
        whole = Chat(messages=CHAT.messages, stream=False)
        assert text_of([delta async for delta in engine.chat(whole)]) == "Hello."
        assert replies == ["Hm.\n\nHello.", "Hello."]
        backend.reply = said("Hello", " again.")
        assert text_of([delta async for delta in engine.chat(CHAT)]) == "Hello again."
        deltas = [delta async for delta in engine.chat(CHAT)]
    assert deltas[:2] == [TextDelta("Hello"), TextDelta(" again.")]


@pytest.mark.parametrize("stream", [True, False])
async def test_log_probabilities_go_with_their_text(backend: Backend, stream: bool) -> None:
    def token(text: str) -> dict[str, Any]:
        return {"token": text, "logprob": -0.1, "bytes": None, "top_logprobs": []}

    def chunk(text: str) -> bytes:
        choice = {"delta": {"content": text}, "logprobs": {"content": [token(text)]}}
        return event({"choices": [choice]})

    chat = Chat(messages=CHAT.messages, stream=stream)
    for thoughts in ([], ["<think>", "Hm."]):
        closing = [delta(content="</think>")] if thoughts else []
        said_ = [chunk(" "), chunk("Hi"), chunk(" 1 <")]
        backend.reply = Reply(steps=[*map(chunk, thoughts), *closing, *said_, *ended()])
        deltas = [one for one in await reply_of(backend, chat) if isinstance(one, TextDelta)]
        told = [one["token"] for delta in deltas for one in delta.logprobs]
        assert told == [" ", "Hi", " 1 <"]


async def test_completions(backend: Backend) -> None:
    pieces = [event({"choices": [{"text": text, "finish_reason": None}]}) for text in ("a", "b")]
    end = event({"choices": [{"text": "", "finish_reason": "length"}]})
    backend.reply = Reply(steps=[*pieces, end, usage(), DONE])
    async with upstream(backend) as engine:
        deltas = [d async for d in engine.complete(Completion(prompt="x"))]
    assert text_of(deltas) == "ab"
    assert backend.last.path == "/v1/completions"
    assert backend.last.body["prompt"] == "x"
    assert isinstance(deltas[-1], Finish)
    assert deltas[-1].reason == "length"


async def test_a_prompt_that_is_too_long_is_told_by_its_own_name(backend: Backend) -> None:
    backend.reply = refused(400, message="x", type="exceed_context_size_error")
    async with upstream(backend) as engine:
        with pytest.raises(ContextTooLong) as refusal:
            await anext(engine.complete(Completion(prompt="x")))
        assert refusal.value.param == "prompt"
        with pytest.raises(ContextTooLong) as refusal:
            await engine.embed(["x"])
        assert refusal.value.param == "input"


async def test_the_limit_of_tokens_has_the_name_and_the_size_the_backend_knows(
    backend: Backend,
) -> None:
    chat = Chat(messages=CHAT.messages, sampling=Sampling(max_tokens=10**12))
    await reply_of(backend, chat, dialect=Dialect(max_tokens="max_completion_tokens"))
    assert backend.last.body["max_completion_tokens"] == 2**31 - 1
    assert "max_tokens" not in backend.last.body


async def test_tools_are_asked_whole_where_they_cannot_be_streamed(backend: Backend) -> None:
    call = tool_piece(None, "{}", id="a", name="f")
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
    backend.reply = answered({"choices": [choice], "usage": {"prompt_tokens": 4}})
    unable = Abilities(
        json=True,
        streamed_tools=False,
        logprobs=False,
        completions=True,
        embeddings=False,
        context_tokens=None,
    )
    chat = Chat(messages=CHAT.messages, tools=(TOOL,), stream=False)
    deltas = await reply_of(backend, chat, abilities=unable)
    assert deltas[0] == ToolCallDelta(index=0, id="a", name="f", arguments="{}")
    assert "stream" not in backend.last.body


async def test_a_required_tool_is_named_where_the_backend_knows_no_other_way(
    backend: Backend,
) -> None:
    dialect = Dialect(knows_required=False)
    chat = Chat(messages=CHAT.messages, tools=(TOOL,), tool_choice="required")
    await reply_of(backend, chat, dialect=dialect)
    assert backend.last.body["tool_choice"]["function"] == {"name": "f"}
    another = Tool(name="g", parameters={})
    several = Chat(messages=CHAT.messages, tools=(TOOL, another), tool_choice="required")
    with pytest.raises(InvalidRequest):
        await reply_of(backend, several, dialect=dialect)


async def test_a_named_tool_is_the_only_one_where_the_backend_ignores_names(
    backend: Backend,
) -> None:
    tools = (Tool(name="g", parameters={}), TOOL)
    chat = Chat(messages=CHAT.messages, tools=tools, tool_choice=NamedTool("f"))
    await reply_of(backend, chat, dialect=Dialect(knows_named=False))
    assert backend.last.body["tool_choice"] == "required"
    assert [tool["function"]["name"] for tool in backend.last.body["tools"]] == ["f"]


async def test_embeddings_keep_their_order(backend: Backend) -> None:
    data = [{"index": 1, "embedding": [2.0]}, {"index": 0, "embedding": [1.0]}]
    backend.reply = answered({"data": data, "usage": {"prompt_tokens": 3}})
    async with upstream(backend) as engine:
        made = await engine.embed(["a", "b"])
        assert (made.vectors, made.prompt_tokens) == (([1.0], [2.0]), 3)
        for broken in ([], [{"index": 0, "embedding": None}] * 2, "x"):
            backend.reply = answered({"data": broken})
            with pytest.raises(EngineFailed):
                await engine.embed(["a", "b"])


@pytest.mark.parametrize(
    ("reply", "numbers"),
    [
        (
            refused(
                400,
                code=400,
                message="request (9000 tokens) exceeds the available context size (4096 tokens), "
                "try increasing it",
                type="exceed_context_size_error",
                n_prompt_tokens=9000,
                n_ctx=4096,
            ),
            ("9000", "4096"),
        ),
        (
            refused(
                400,
                message="This model's maximum context length is 4096 tokens. However, you "
                "requested 9000 tokens (8000 in the messages, 1000 in the completion).",
                type="invalid_request_error",
                param="messages",
                code="context_length_exceeded",
            ),
            ("9000", "4096"),
        ),
        (
            refused(
                400,
                message="This model's maximum context length is 4096 tokens. However, your request "
                "has 9000 input tokens.",
                type="BadRequestError",
                code=400,
            ),
            ("4096",),
        ),
        (
            answered({"object": "error", "message": "The prompt is too long", "code": 400}, 400),
            (),
        ),
        (
            refused(500, message="Requested tokens (9000) exceed context window of 4096"),
            ("9000", "4096"),
        ),
    ],
)
async def test_every_dialect_of_too_long_is_understood(
    backend: Backend, reply: Reply, numbers: tuple[str, ...]
) -> None:
    backend.reply = reply
    with pytest.raises(ContextTooLong) as refusal:
        await reply_of(backend)
    assert refusal.value.error_code == "context_length_exceeded"
    assert all(number in refusal.value.message for number in numbers)


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (refused(400, message="no such field /srv/models/a.gguf"), InvalidRequest, "no such field"),
        (refused(400, message="at #/properties/x: no"), InvalidRequest, "at #/properties/x: no"),
        (answered({"detail": [{"loc": ["x"], "msg": "bad"}]}, 422), InvalidRequest, "bad"),
        (refused(401, message="bad key sk-1234567890abc"), Unavailable, "LLM_BASE_URL_KEY"),
        (refused(403, message="no"), Unavailable, "LLM_BASE_URL_KEY"),
        (refused(404, message="The model `x` does not exist"), NotFound, "does not exist"),
        (refused(501, message="not supported"), InvalidRequest, "not supported"),
        (refused(500, message="it broke"), EngineFailed, "it broke"),
        (
            refused(500, message="Failed to parse input at pos 3: sk-1 tell nobody /srv"),
            EngineFailed,
            "500: Failed to parse input at pos 3",
        ),
        (Reply(steps=[b"<html>Bad gateway</html>"], status=502), EngineFailed, "a web page"),
        (Reply(steps=[b"<html>Welcome</html>"], headers={}), EngineFailed, "not JSON"),
        (Reply(steps=[b"data: {broken\n\n"]), EngineFailed, "not JSON"),
        (Reply(steps=[b"data: [1]\n\n"]), EngineFailed, "not an object"),
        (Reply(steps=[Reset()]), EngineFailed, "cannot be reached"),
        (Reply(steps=[delta(content="a"), Reset()]), EngineFailed, "cannot be reached"),
        (Reply(steps=[delta(content="a")]), EngineFailed, "broke off"),
        (Reply(steps=[delta(content="a"), DONE]), EngineFailed, "broke off"),
        (Reply(steps=[event({"error": {"message": "oom", "code": 500}})]), EngineFailed, "oom"),
        (Reply(steps=[b'error: {"message": "oom", "error": "oom"}\n\n']), EngineFailed, "oom"),
        (Reply(steps=[b"data: " + b"x" * 5_000_000]), EngineFailed, "does not end"),
        (answered({"error": {"message": "bad", "code": 400}}), InvalidRequest, "bad"),
    ],
)
async def test_every_way_to_fail_is_typed(
    backend: Backend, reply: Reply, kind: type[Exception], words: str
) -> None:
    backend.reply = reply
    with pytest.raises(kind) as failure:
        await reply_of(backend)
    assert words in str(failure.value)
    assert "/srv" not in str(failure.value)
    assert "sk-1" not in str(failure.value)
    assert "nobody" not in str(failure.value)


async def test_a_busy_backend_says_when_to_come_again(backend: Backend) -> None:
    backend.reply = refused(429, headers={"retry-after": "17"}, message="slow down")
    with pytest.raises(RateLimited) as refusal:
        await reply_of(backend)
    assert refusal.value.retry_after_s == 17


async def test_a_backend_that_is_not_there(backend: Backend) -> None:
    async with pooled_client(metrics=Metrics("test"), base_url="http://127.0.0.1:9/v1/") as client:
        engine = Upstream(client, model="m", abilities=ABLE, patience=Patience())
        with pytest.raises(EngineFailed, match="cannot be reached"):
            await engine.infer()


@pytest.mark.parametrize(
    ("steps", "patience", "code"),
    [
        ([], Patience(first_token_s=0.1), "llm_first_token_timeout"),
        (
            [event({"prompt_progress": {"processed": 1}}), b": alive\n\n"],
            Patience(first_token_s=0.1),
            "llm_first_token_timeout",
        ),
        ([delta(content="a")], Patience(inter_token_s=0.1), "llm_inter_token_timeout"),
        ([delta(content="a")], Patience(total_s=0.1), "llm_total_timeout"),
    ],
)
async def test_silence_has_limits_and_the_backend_learns_of_it(
    backend: Backend, steps: list[Step], patience: Patience, code: str
) -> None:
    backend.reply = Reply(steps=[*steps, Pause()])
    with pytest.raises(EngineSilent) as failure:
        await reply_of(backend, patience=patience)
    assert failure.value.code == code
    assert backend.left_after_s(time.monotonic()) < 1


async def test_a_client_that_reads_slowly_uses_up_nobody_s_time(backend: Backend) -> None:
    backend.reply = said("a", "b", "c")
    async with upstream(backend, patience=Patience(inter_token_s=0.05)) as engine:
        heard = []
        async for one in engine.chat(CHAT):
            heard.append(one)
            await asyncio.sleep(0.1)
    assert text_of(heard) == "abc"


async def test_signs_of_life_are_told(backend: Backend) -> None:
    alive: list[float] = []
    progress = event({"choices": [], "prompt_progress": {"processed": 1, "total": 2}})
    backend.reply = Reply(steps=[progress, Pause(0.05), *said("a").steps])
    await reply_of(backend, on_life=lambda: alive.append(time.monotonic()))
    assert len(alive) >= 3
    assert alive[-1] - alive[0] >= 0.04


async def test_closing_leaves_the_backend_at_once(backend: Backend) -> None:
    backend.reply = Reply(steps=[delta(content="a"), Pause()])
    async with upstream(backend) as engine:
        deltas = engine.chat(CHAT)
        await anext(deltas)
        closed_s = time.monotonic()
        await deltas.aclose()
        assert backend.left_after_s(closed_s) < 1


async def test_cancelling_the_wait_for_a_first_token_leaves_too(backend: Backend) -> None:
    backend.reply = Reply(steps=[Pause()])
    waiting = asyncio.create_task(reply_of(backend))
    while not backend.requests:  # noqa: ASYNC110 - it lives in a thread
        await asyncio.sleep(0.01)
    waiting.cancel()
    cancelled_s = time.monotonic()
    await asyncio.gather(waiting, return_exceptions=True)
    assert backend.left_after_s(cancelled_s) < 1


async def test_inferring_asks_for_one_token_and_tells_of_failures(backend: Backend) -> None:
    async with upstream(backend) as engine:
        await engine.infer()
        assert backend.last.body["max_tokens"] == 1
        for broken in (refused(400, message="no"), refused(401), Reply(steps=[Reset()])):
            backend.reply = broken
            with pytest.raises(EngineFailed):
                await engine.infer()


def test_errors_are_ours_or_of_the_engine() -> None:
    assert issubclass(ContextTooLong, ParleyError)
    assert issubclass(EngineSilent, EngineFailed)
