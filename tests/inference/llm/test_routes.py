"""The chat server's HTTP around an engine that a test can steer."""

import asyncio
import base64
import json
import struct
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Self

import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from chassis.errors import RateLimited
from chassis.service import create_app
from chassis.weights.settings import ModelStoreSettings
from inference.candidates import Candidate
from inference.llm import routes, service
from inference.llm.engine import (
    Abilities,
    Chat,
    Completion,
    Delta,
    Embeddings,
    EngineSilent,
    Finish,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
)
from inference.llm.routes import llm_routes
from inference.llm.service import Llm
from inference.llm.settings import LlmSettings
from inference.model_status import EngineFailed
from inference.service import service_parts
from inference.serving import Choice

BODY = {"model": "fake", "messages": [{"role": "user", "content": "hi"}]}
END = Finish(reason="stop", prompt_tokens=1, completion_tokens=2, cached_tokens=1)
CHATS = "/v1/chat/completions"
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
Step = Delta | Exception | None


class FakeEngine:
    """Yields `script`; an exception in it is raised, None waits until cancelled."""

    model = "fake"
    slots = 1

    def __init__(self, *script: Step, **abilities: Any) -> None:
        able: dict[str, Any] = {
            "json": True,
            "streamed_tools": True,
            "logprobs": True,
            "completions": True,
            "embeddings": True,
            "context_tokens": None,
        }
        self.abilities = Abilities(**(able | abilities))
        self.waiting = asyncio.Event()
        self.closed = False
        self.asked: list[Chat | Completion] = []
        self.script = script

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    async def infer(self) -> None:
        if self.waiting.is_set():
            raise EngineFailed("every slot is taken")

    async def embed(self, texts: Sequence[str]) -> Embeddings:
        return Embeddings(
            vectors=tuple([float(len(text)), -0.5] for text in texts), prompt_tokens=4
        )

    def chat(self, chat: Chat) -> AsyncGenerator[Delta, None]:
        return self._play(chat)

    def complete(self, completion: Completion) -> AsyncGenerator[Delta, None]:
        return self._play(completion)

    async def _play(self, asked: Chat | Completion) -> AsyncGenerator[Delta, None]:
        self.asked.append(asked)
        try:
            for step in self.script:
                if step is None:
                    self.waiting.set()
                    await asyncio.Event().wait()
                elif isinstance(step, Exception):
                    raise step
                else:
                    yield step
        finally:
            self.closed = True


class FakeChooser:
    """Knows one engine, and of another."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine

    def choose(self) -> Choice[Any]:
        return Choice([self.candidate("fake")], ["it is the only one"])

    def candidate(self, model_id: str) -> Candidate[Any]:
        return Candidate(model=model_id, build=lambda: self._engine)

    def ids(self) -> list[str]:
        return ["fake", "other"]

    def details(self, model_id: str) -> dict[str, Any]:
        return {}


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Serves an engine: `async with make(engine) as app`."""

    @asynccontextmanager
    async def serving(engine: Any) -> AsyncIterator[FastAPI]:
        monkeypatch.setattr(service, "Chooser", lambda *_, **__: FakeChooser(engine))
        metrics, health = service_parts("llm")
        settings = LlmSettings(api_key=SecretStr("k" * 32))
        llm = Llm(settings, ModelStoreSettings(), metrics)
        app = create_app("llm", metrics=metrics, health=health)
        app.state.settings, app.state.metrics, app.state.llm = settings, metrics, llm
        app.include_router(llm_routes(llm))
        async with llm.opened(), asyncio.timeout(20):
            while not llm.serving.lifecycle.can_serve:  # noqa: ASYNC110 - a phase has no event
                await asyncio.sleep(0.001)
            yield app

    return serving


async def ask(make: Any, engine: Any, body: dict[str, Any], path: str = CHATS) -> tuple[int, Any]:
    """The status and the answer: JSON, or the list of a stream's events."""
    async with make(engine) as app:
        status, content = await post(app, body, asyncio.Event(), path=path)
    if content.startswith(b"data: "):
        events = [line.removeprefix(b"data: ") for line in content.split(b"\n\n") if line]
        return status, [event if event == b"[DONE]" else json.loads(event) for event in events]
    return status, json.loads(content)


async def post(
    app: FastAPI,
    body: dict[str, Any],
    leave: asyncio.Event,
    *,
    path: str = CHATS,
    reads: int = 1_000_000,
    **headers: str,
) -> tuple[int, bytes]:
    """One request straight through ASGI; the client leaves when `leave` is set."""
    sent: list[dict[str, Any]] = []
    inbox = [{"type": "http.request", "body": json.dumps(body).encode(), "more_body": False}]

    async def receive() -> dict[str, Any]:
        if inbox:
            return inbox.pop()
        await leave.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)
        if len(sent) > reads:
            await asyncio.Event().wait()

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "server": ("test", 80),
        "client": ("test", 1),
        "headers": [
            (b"content-type", b"application/json"),
            (b"authorization", b"Bearer " + b"k" * 32),
            *((name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()),
        ],
    }
    await app(scope, receive, send)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


@pytest.mark.parametrize("stream", [False, True])
async def test_a_refusal_before_the_first_delta_keeps_its_status(make: Any, stream: bool) -> None:
    engine = FakeEngine(RateLimited("the queue is full", code="queue_full", retry_after_s=1))
    status, answer = await ask(make, engine, BODY | {"stream": stream})
    assert (status, answer["error"]["code"]) == (429, "queue_full")


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (EngineFailed("/srv/secret broke"), "engine_failed"),
        (EngineSilent("no token", code="llm_first_token_timeout"), "llm_first_token_timeout"),
    ],
)
async def test_an_engine_that_fails_at_once_is_a_503(
    make: Any, stream: bool, failure: Exception, code: str
) -> None:
    status, answer = await ask(make, FakeEngine(failure), BODY | {"stream": stream})
    assert (status, answer["error"]["code"]) == (503, code)
    assert "secret" not in answer["error"]["message"]


async def test_an_engine_that_fails_later_is_told_in_the_stream(make: Any) -> None:
    engine = FakeEngine(TextDelta("Hel"), EngineFailed("broke"))
    status, events = await ask(make, engine, BODY | {"stream": True})
    assert status == 200
    assert events[1]["choices"][0]["delta"] == {"content": "Hel"}
    assert set(events[2]["error"]) == {"message", "type", "param", "code", "details", "request_id"}
    assert events[2]["error"]["code"] == "engine_failed"
    assert len(events) == 3  # no [DONE]: it is not


async def test_an_engine_that_fails_later_is_a_503_to_who_waits_for_all(make: Any) -> None:
    status, _ = await ask(make, FakeEngine(TextDelta("Hel"), EngineFailed("broke")), BODY)
    assert status == 503


@pytest.mark.parametrize("stream", [False, True])
async def test_a_client_that_leaves_cancels_the_work(make: Any, stream: bool) -> None:
    engine = FakeEngine(None)
    async with make(engine) as app:
        await asyncio.wait_for(post(app, BODY | {"stream": stream}, engine.waiting), timeout=5)
        assert engine.closed


async def test_a_client_that_leaves_mid_stream_cancels_the_work(make: Any) -> None:
    engine = FakeEngine(TextDelta("Hel"), None)
    async with make(engine) as app:
        await asyncio.wait_for(post(app, BODY | {"stream": True}, engine.waiting), timeout=5)
        assert engine.closed


async def test_an_engine_that_writes_long_replies_is_ready(make: Any) -> None:
    engine = FakeEngine(TextDelta("on and on"), None)
    async with make(engine) as app:
        leave = asyncio.Event()
        talking = asyncio.ensure_future(post(app, BODY | {"stream": True}, leave))
        await engine.waiting.wait()
        await app.state.llm.serving.warm_up.probe()
        leave.set()
        await talking


async def test_a_client_that_never_reads_does_not_keep_its_slot(
    make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "SLOW_CLIENT_S", -599.9)  # off the 600 s that an answer may take
    engine = FakeEngine(*[TextDelta("a")] * 1_000, END)
    async with make(engine) as app, asyncio.timeout(10):
        await post(app, BODY | {"stream": True}, asyncio.Event(), reads=5)
        assert engine.closed


async def test_a_client_that_leaves_the_queue_frees_its_place(make: Any) -> None:
    engine = FakeEngine(None)
    async with make(engine) as app:
        stay, leave = asyncio.Event(), asyncio.Event()
        first = asyncio.ensure_future(post(app, BODY, stay))
        await engine.waiting.wait()
        second = asyncio.ensure_future(post(app, BODY, leave))
        leave.set()
        await second
        assert len(engine.asked) == 1
        stay.set()
        await first


async def test_who_says_it_is_live_goes_first(make: Any) -> None:
    engine = FakeEngine(None)
    async with make(engine) as app:
        over, never = asyncio.Event(), asyncio.Event()
        first = asyncio.ensure_future(post(app, BODY, over))
        await engine.waiting.wait()
        engine.script = (TextDelta("a"), END)
        order: list[str] = []

        async def asking(priority: str) -> None:
            await post(app, BODY, never, x_parley_priority=priority)
            order.append(priority)

        later = [asyncio.ensure_future(asking(one)) for one in ("batch", "normal", "live")]
        async with asyncio.timeout(5):
            while _waiting(app) < len(later):  # noqa: ASYNC110 - a queue has no event
                await asyncio.sleep(0.001)
        over.set()
        await asyncio.gather(first, *later)
        status, answer = await post(app, BODY, never, x_parley_priority="now")
    assert order == ["live", "normal", "batch"]
    assert status == 400
    assert json.loads(answer)["error"]["param"] == "x-parley-priority"


def _waiting(app: FastAPI) -> float:
    depth = app.state.metrics.registry.get_sample_value("parley_llm_queue_depth", {"lane": "all"})
    return float(depth)


async def test_pieces_of_a_tool_call_are_put_together(make: Any) -> None:
    engine = FakeEngine(
        ToolCallDelta(index=0, id="a", name="f", arguments='{"x"'),
        ToolCallDelta(index=1, id="b", name="g", arguments="{}"),
        ToolCallDelta(index=0, arguments=": 1}"),
        END,
    )
    _, answer = await ask(make, engine, BODY)
    calls = answer["choices"][0]["message"]["tool_calls"]
    assert [call["function"]["arguments"] for call in calls] == ['{"x": 1}', "{}"]


async def test_reasoning_is_told_beside_the_reply(make: Any) -> None:
    script = (ReasoningDelta("Hm."), TextDelta("Hello."), END)
    _, answer = await ask(make, FakeEngine(*script), BODY)
    message = answer["choices"][0]["message"]
    assert (message["reasoning_content"], message["content"]) == ("Hm.", "Hello.")
    _, events = await ask(make, FakeEngine(*script), BODY | {"stream": True})
    deltas = [event["choices"][0]["delta"] for event in events[:-1]]
    assert deltas[1:3] == [{"reasoning_content": "Hm."}, {"content": "Hello."}]


async def test_usage_tells_what_was_cached(make: Any) -> None:
    _, answer = await ask(make, FakeEngine(TextDelta("a"), END), BODY)
    assert answer["usage"] == {
        "prompt_tokens": 1,
        "completion_tokens": 2,
        "total_tokens": 3,
        "prompt_tokens_details": {"cached_tokens": 1},
    }


PROB = {
    "token": "a",
    "logprob": -0.5,
    "bytes": [97],
    "top_logprobs": [{"token": "b", "logprob": -1}],
}


@pytest.mark.parametrize("stream", [False, True])
async def test_log_probabilities_of_a_chat(make: Any, stream: bool) -> None:
    engine = FakeEngine(TextDelta("a", (PROB,)), END)
    body = BODY | {"stream": stream, "logprobs": True, "top_logprobs": 1}
    _, answer = await ask(make, engine, body)
    choice = (answer[1] if stream else answer)["choices"][0]
    assert choice["logprobs"] == {"content": [PROB], "refusal": None}
    assert engine.asked[0].sampling.top_logprobs == 1


async def test_log_probabilities_of_a_completion(make: Any) -> None:
    columns = {"tokens": ["a"], "token_logprobs": [-0.5], "top_logprobs": [{"b": -1}]}
    for told in (PROB, columns):
        engine = FakeEngine(TextDelta("a", (told,)), END)
        body = {"prompt": "x", "logprobs": 1}
        _, answer = await ask(make, engine, body, "/v1/completions")
        assert answer["choices"][0]["logprobs"] == columns | {"text_offset": []}


@pytest.mark.parametrize(
    ("able", "asked", "priority", "reaches"),
    [
        (True, {}, "live", "none"),
        (True, {"reasoning_effort": "high"}, "live", "high"),
        (True, {}, "normal", None),
        (False, {}, "live", None),
    ],
)
async def test_who_waits_on_the_line_is_not_thought_about(
    make: Any, able: bool, asked: dict[str, str], priority: str, reaches: str | None
) -> None:
    engine = FakeEngine(TextDelta("Hello."), END, can_skip_reasoning=able)
    async with make(engine) as app:
        status, _ = await post(app, BODY | asked, asyncio.Event(), x_parley_priority=priority)
    assert status == 200
    (chat,) = engine.asked
    assert isinstance(chat, Chat)
    assert chat.reasoning_effort == reaches


async def test_what_is_asked_reaches_the_engine(make: Any) -> None:
    engine = FakeEngine(TextDelta("{}"), END)
    schema = {"type": "object", "properties": {"a": {"$ref": "#/$defs/x"}}, "$defs": {"x": {}}}
    body = BODY | {
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "x", "schema": schema, "strict": True},
        },
        "seed": 7,
        "reasoning_effort": "none",
        "tools": [
            {"type": "function", "function": {"name": "f", "strict": True, "parameters": schema}}
        ],
        "user": "u",
        "metadata": {"a": "b"},
        "store": False,
    }
    status, _ = await ask(make, engine, body)
    assert status == 200
    (chat,) = engine.asked
    assert isinstance(chat, Chat)
    assert chat.format is not None
    assert chat.format.schema == schema
    assert dict(chat.tools[0].parameters) == schema | {"required": []}
    assert (chat.sampling.seed, chat.reasoning_effort) == (7, "none")


@pytest.mark.parametrize(
    ("abilities", "body", "path", "param"),
    [
        ({"json": False}, {"response_format": {"type": "json_object"}}, CHATS, "response_format"),
        ({"logprobs": False}, {"logprobs": True}, CHATS, "logprobs"),
        ({"logprobs": False}, {"prompt": "a", "logprobs": 1}, "/v1/completions", "logprobs"),
        ({"streamed_tools": False}, {"tools": [TOOL], "stream": True}, CHATS, "stream"),
        ({"completions": False}, {"prompt": "a"}, "/v1/completions", "model"),
        ({"embeddings": False}, {"input": "a"}, "/v1/embeddings", "model"),
    ],
)
async def test_what_the_engine_cannot_do_is_refused_by_name(
    make: Any, abilities: dict[str, bool], body: dict[str, Any], path: str, param: str
) -> None:
    status, answer = await ask(make, FakeEngine(END, **abilities), BODY | body, path)
    assert (status, answer["error"]["param"]) == (400, param)
    assert answer["error"]["code"] == "unsupported"


async def test_what_the_engine_can_do_otherwise_is_done(make: Any) -> None:
    engine = FakeEngine(TextDelta("a"), END, streamed_tools=False)
    for body in (
        {"tools": [TOOL]},
        {"tools": [TOOL], "stream": True, "tool_choice": "none"},
        {"tools": [TOOL], "stream": True, "tool_choice": "required"},
    ):
        status, _ = await ask(make, engine, BODY | body)
        assert status == 200


@pytest.mark.parametrize(
    ("model", "status", "code"),
    [
        (None, 200, None),
        ("fake", 200, None),
        ("gpt-4.1", 200, None),
        ("other", 404, "model_not_loaded"),
        ("another", 404, "model_not_found"),
    ],
)
async def test_names_of_models(make: Any, model: str | None, status: int, code: str | None) -> None:
    engine = FakeEngine(TextDelta("a"), END)
    answered, answer = await ask(make, engine, BODY | {"model": model})
    assert answered == status
    assert answer.get("error", {}).get("code") == code
    if code == "model_not_loaded":
        assert "POST /v1/models/other/load" in answer["error"]["message"]


async def test_too_much_text_is_too_long_for_any_context(make: Any) -> None:
    long = "a " * 250_000
    asked: list[tuple[str, dict[str, Any], str]] = [
        (CHATS, {"messages": [{"role": "user", "content": long}]}, "messages"),
        ("/v1/completions", {"prompt": long}, "prompt"),
        ("/v1/embeddings", {"input": long}, "input"),
    ]
    for path, body, param in asked:
        status, answer = await ask(make, FakeEngine(END), body, path)
        assert (status, answer["error"]["param"]) == (400, param)
        assert answer["error"]["code"] == "context_length_exceeded"


async def test_embeddings_as_numbers_and_as_base64(make: Any) -> None:
    body = {"model": "text-embedding-3-small", "input": ["a", "bb"]}
    _, answer = await ask(make, FakeEngine(), body, "/v1/embeddings")
    assert [one["embedding"] for one in answer["data"]] == [[1.0, -0.5], [2.0, -0.5]]
    assert answer["usage"] == {"prompt_tokens": 4, "total_tokens": 4}
    _, answer = await ask(
        make, FakeEngine(), body | {"encoding_format": "base64"}, "/v1/embeddings"
    )
    packed = base64.b64decode(answer["data"][1]["embedding"])
    assert struct.unpack("<2f", packed) == (2.0, -0.5)


@pytest.mark.parametrize(
    ("input_", "param"),
    [
        ([], "input"),
        ("", "input.0"),
        ([1, 2], "input"),
        ([[1, 2]], "input"),
        (None, "input"),
        (["a"] * 2_049, "input"),
        ("\ud800", "input.0"),
    ],
)
async def test_odd_inputs_are_refused(make: Any, input_: Any, param: str) -> None:
    status, answer = await ask(make, FakeEngine(), {"input": input_}, "/v1/embeddings")
    assert (status, answer["error"]["param"]) == (400, param)


async def test_dimensions_are_the_model_s(make: Any) -> None:
    body = {"input": "a", "dimensions": 256}
    status, answer = await ask(make, FakeEngine(), body, "/v1/embeddings")
    assert (status, answer["error"]["param"]) == (400, "dimensions")


def test_an_unknown_time_zone_stops_the_start() -> None:
    with pytest.raises(ValueError, match="no such time zone"):
        LlmSettings(timezone="Mars/Olympus")
