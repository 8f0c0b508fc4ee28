"""The chat server's HTTP around an engine that a test can steer."""

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from chassis.errors import RateLimited
from chassis.metrics import Metrics
from chassis.service import create_app
from inference.llm.assist import AssistEngine
from inference.llm.engine import Chat, Delta, Finish, Message, TextDelta, ToolCallDelta
from inference.llm.routes import llm_routes
from inference.llm.service import Llm
from inference.llm.settings import LlmSettings
from inference.service import service_parts

BODY = {"model": "fake", "messages": [{"role": "user", "content": "hi"}]}
END = Finish(reason="stop", prompt_tokens=1, completion_tokens=2)


class FakeEngine:
    """Yields `script`; an exception in it is raised, None waits until cancelled."""

    model = "fake"
    structured_output = True
    full = False

    def __init__(self, *script: Delta | Exception | None) -> None:
        self._script = script
        self.waiting = asyncio.Event()
        self.closed = False

    async def chat(self, chat: Chat) -> AsyncGenerator[Delta, None]:
        try:
            for step in self._script:
                if step is None:
                    self.waiting.set()
                    await asyncio.Event().wait()
                elif isinstance(step, Exception):
                    raise step
                else:
                    yield step
        finally:
            self.closed = True


def app_with(engine: Any) -> FastAPI:
    metrics, health = service_parts("llm")
    app = create_app("llm", metrics=metrics, health=health)
    app.state.settings = LlmSettings(api_key=SecretStr("k" * 32))
    app.include_router(llm_routes(Llm(engine, metrics)))
    return app


async def post(app: FastAPI, body: dict[str, Any], leave: asyncio.Event) -> tuple[int, bytes]:
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

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "POST",
        "path": "/v1/chat/completions",
        "raw_path": b"/v1/chat/completions",
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "server": ("test", 80),
        "client": ("test", 1),
        "headers": [
            (b"content-type", b"application/json"),
            (b"authorization", b"Bearer " + b"k" * 32),
        ],
    }
    await app(scope, receive, send)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


@pytest.mark.parametrize("stream", [False, True])
async def test_a_refusal_before_the_first_delta_keeps_its_status(stream: bool) -> None:
    engine = FakeEngine(RateLimited("the queue is full", code="queue_full", retry_after_s=1))
    status, body = await post(app_with(engine), BODY | {"stream": stream}, asyncio.Event())
    assert status == 429
    assert json.loads(body)["error"]["code"] == "queue_full"


@pytest.mark.parametrize("stream", [False, True])
async def test_a_client_that_leaves_cancels_the_work(stream: bool) -> None:
    engine = FakeEngine(None)
    request = asyncio.ensure_future(
        post(app_with(engine), BODY | {"stream": stream}, engine.waiting)
    )
    await asyncio.wait_for(request, timeout=5)
    assert engine.closed


async def test_a_client_that_leaves_mid_stream_cancels_the_work() -> None:
    engine = FakeEngine(TextDelta("Hel"), None)
    request = asyncio.ensure_future(post(app_with(engine), BODY | {"stream": True}, engine.waiting))
    await asyncio.wait_for(request, timeout=5)
    assert engine.closed


async def test_pieces_of_a_tool_call_are_put_together() -> None:
    engine = FakeEngine(
        ToolCallDelta(index=0, id="a", name="f", arguments='{"x"'),
        ToolCallDelta(index=1, id="b", name="g", arguments="{}"),
        ToolCallDelta(index=0, arguments=": 1}"),
        END,
    )
    _, body = await post(app_with(engine), BODY, asyncio.Event())
    calls = json.loads(body)["choices"][0]["message"]["tool_calls"]
    assert [call["function"]["arguments"] for call in calls] == ['{"x": 1}', "{}"]


async def test_an_engine_that_can_promise_json_may_be_asked_to() -> None:
    engine = FakeEngine(TextDelta("{}"), END)
    body = BODY | {"response_format": {"type": "json_object"}}
    status, _ = await post(app_with(engine), body, asyncio.Event())
    assert status == 200


async def test_a_full_queue_refuses_the_next_chat() -> None:
    engine = AssistEngine(slots=1, queue_limit=0, timezone=None, metrics=Metrics("llm"))
    chat = Chat(messages=(Message(role="user", text="what is 2 plus 2"),))

    async def reply() -> list[Delta]:
        return [delta async for delta in engine.chat(chat)]

    results = await asyncio.gather(*(reply() for _ in range(4)), return_exceptions=True)
    engine.close()
    assert any(isinstance(result, RateLimited) for result in results)
    assert any(isinstance(result, list) for result in results)


def test_an_unknown_time_zone_stops_the_start() -> None:
    with pytest.raises(ValueError, match="no such time zone"):
        LlmSettings(timezone="Mars/Olympus")
