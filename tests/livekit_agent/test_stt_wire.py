"""OpenAI's realtime events, spoken to a real local server."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import pytest
from pydantic import SecretStr
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from livekit_agent.stages import Endpoint, EngineFailure
from livekit_agent.stt_wire import Completed, RealtimeSocket, Words, open_socket

PREFIX = "conversation.item.input_audio_transcription"
WITHIN_S = 20.0
Script = Callable[[ServerConnection], Awaitable[None]]


def endpoint(port: int) -> Endpoint:
    return Endpoint(
        name="main",
        base_url=f"http://127.0.0.1:{port}/v1",
        model="gpt-realtime-whisper",
        api_key=SecretStr("secret"),
    )


@asynccontextmanager
async def talking_to(script: Script, **options: Any) -> AsyncIterator[RealtimeSocket]:
    async with serve(script, "127.0.0.1", 0, **options) as server:
        port = server.sockets[0].getsockname()[1]
        async with open_socket(endpoint(port), language="en", within_s=WITHIN_S) as socket:
            yield socket


async def opened(port: int, within_s: float) -> None:
    async with open_socket(endpoint(port), language=None, within_s=within_s):
        pass


async def first_event(script: Script) -> Any:
    async with talking_to(script) as socket, asyncio.timeout(WITHIN_S):
        return await anext(socket.events())


def sends(*messages: object) -> Script:
    async def script(client: ServerConnection) -> None:
        for message in messages:
            await client.send(message if isinstance(message, str) else json.dumps(message))
        await client.wait_closed()

    return script


async def test_the_session_is_configured_before_any_sound() -> None:
    got: list[dict[str, Any]] = []
    path: list[str] = []
    done = asyncio.Event()

    async def script(client: ServerConnection) -> None:
        assert client.request is not None
        path.append(client.request.path)
        assert client.request.headers["authorization"] == "Bearer secret"
        async for message in client:
            got.append(json.loads(message))
            if got[-1]["type"] == "input_audio_buffer.commit":
                done.set()

    async with talking_to(script) as socket:
        await socket.append(b"\1\2\3\4")
        await socket.commit()
        async with asyncio.timeout(WITHIN_S):
            await done.wait()
    assert path[0] == "/v1/realtime?intent=transcription&model=gpt-realtime-whisper"
    sound = got[0]["session"]["audio"]["input"]
    assert got[0]["type"] == "session.update"
    assert sound["turn_detection"] is None
    assert sound["transcription"] == {"model": "gpt-realtime-whisper", "language": "en"}
    assert base64.b64decode(got[1]["audio"]) == b"\1\2\3\4"


async def test_words_and_transcripts_are_told_and_the_rest_is_passed_over() -> None:
    script = sends(
        {"type": "session.created"},
        {"type": f"{PREFIX}.delta", "item_id": "a", "delta": "hel"},
        {"type": "input_audio_buffer.committed", "item_id": "a"},
        {"type": f"{PREFIX}.completed", "item_id": "a", "transcript": " hello ", "language": "en"},
    )
    async with talking_to(script) as socket, asyncio.timeout(WITHIN_S):
        events = socket.events()
        assert await anext(events) == Words("a", "hel")
        assert await anext(events) == Completed("a", "hello", 0.0, "en")


@pytest.mark.parametrize(
    "code", ["input_audio_buffer_commit_empty", "empty_audio", "audio_too_short"]
)
async def test_an_utterance_of_nothing_is_an_empty_transcript(code: str) -> None:
    script = sends({"type": "error", "error": {"code": code, "message": "too short"}})
    assert await first_event(script) == Completed("", "", 0.0, None)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("<html>", "not an event"),
        ("[1, 2]", "not an event"),
        ('"text"', "not an event"),
        ({"no": "type"}, "not an event"),
        ({"type": "error", "error": {"message": "model crashed"}}, "model crashed"),
        ({"type": "error", "error": "odd"}, "the engine failed"),
        ({"type": f"{PREFIX}.failed", "error": {"message": "no memory"}}, "no memory"),
        ({"type": f"{PREFIX}.completed", "item_id": "a"}, "does not hold"),
        ({"type": f"{PREFIX}.delta", "delta": "x"}, "does not hold"),
        ({"type": f"{PREFIX}.delta", "item_id": "a", "delta": None}, "does not hold"),
        ({"type": f"{PREFIX}.completed", "item_id": "a", "transcript": None}, "does not hold"),
        (
            {"type": f"{PREFIX}.completed", "item_id": "a", "transcript": "x", "language": ["y"]},
            "does not hold",
        ),
        (
            {"type": f"{PREFIX}.completed", "item_id": "a", "transcript": "x", "confidence": "y"},
            "does not hold",
        ),
    ],
)
async def test_what_is_not_the_protocol_is_a_failure(message: object, reason: str) -> None:
    with pytest.raises(EngineFailure, match=reason):
        await first_event(sends(message))


async def test_a_server_that_goes_is_a_failure() -> None:
    async def script(client: ServerConnection) -> None:
        await client.recv()

    with pytest.raises(EngineFailure, match="closed"):
        await first_event(script)


async def test_a_server_that_dies_is_a_failure() -> None:
    async def script(client: ServerConnection) -> None:
        await client.recv()
        client.transport.abort()

    with pytest.raises(EngineFailure):
        await first_event(script)


async def test_sending_to_a_dead_server_is_a_failure() -> None:
    async def script(client: ServerConnection) -> None:
        await client.recv()
        client.transport.abort()

    async def send_on(socket: RealtimeSocket) -> None:
        while True:
            await socket.append(b"\0" * 960)
            await asyncio.sleep(0.01)

    async with talking_to(script) as socket:
        with pytest.raises(EngineFailure):
            await asyncio.wait_for(send_on(socket), WITHIN_S)


async def test_nobody_there_is_a_failure() -> None:
    with pytest.raises(EngineFailure, match="no connection"):
        await opened(1, WITHIN_S)


async def test_a_refusal_says_when_to_come_back() -> None:
    def refuse(client: ServerConnection, request: Request) -> Response:
        response = client.respond(HTTPStatus.SERVICE_UNAVAILABLE, "busy")
        response.headers["Retry-After"] = "4"
        return response

    with pytest.raises(EngineFailure, match="503") as caught:
        async with talking_to(sends(), process_request=refuse):
            pass
    assert caught.value.retry_after_s == 4.0


async def test_a_web_page_is_no_socket() -> None:
    async def page(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n<html>hello</html>")
        writer.close()

    server = await asyncio.start_server(page, "127.0.0.1", 0)
    async with server:
        with pytest.raises(EngineFailure):
            await opened(server.sockets[0].getsockname()[1], WITHIN_S)


async def test_a_port_that_never_answers_is_given_up() -> None:
    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(mute, "127.0.0.1", 0)
    async with server:
        with pytest.raises(EngineFailure, match="no connection"):
            await opened(server.sockets[0].getsockname()[1], 0.3)
