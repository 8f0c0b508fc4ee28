"""The gateway as stock clients meet it: real engines behind it, on one origin."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx2
import numpy as np
import openai
import psutil
import pytest
import websockets

from tests.contract.gateway_server import ALL, Gateway, bearer, gateway_to
from tests.contract.realtime_client import COMPLETED, Caller, calling, said, session
from tests.contract.stt_server import refused
from tests.contract.test_embedded import MODELS, SENTENCE, TEXT
from tests.processes import listening_pid, running, until
from tests.speech import RATE_HZ, speak, wav_bytes

SERVER_KEY = "contract-key-behind-the-gateway-0123456789"
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"location": {"type": "string"}}},
    },
}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    keys = {f"BACKEND_{service.upper()}_API_KEY": SERVER_KEY for service in ALL}
    with (
        running("inference.embedded", {"EMBEDDED_API_KEY": SERVER_KEY}) as behind,
        gateway_to(dict.fromkeys(ALL, behind), tmp_path_factory.mktemp("gateway"), keys) as gateway,
    ):
        yield gateway


@pytest.fixture
def made(gateway: Gateway) -> dict[str, Any]:
    return gateway.make_key()


@pytest.fixture
def client(gateway: Gateway, made: dict[str, Any]) -> Iterator[openai.OpenAI]:
    base_url = f"{gateway.url}/v1"
    with openai.OpenAI(base_url=base_url, api_key=made["key"], max_retries=0) as client:
        yield client


def chat(text: str) -> Any:
    return [{"role": "user", "content": text}]


def test_one_list_names_the_models_of_all_servers_once(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == MODELS
    assert client.models.retrieve("espeak-ng").id == "espeak-ng"
    with pytest.raises(openai.NotFoundError) as unknown:
        client.models.retrieve("whisper-small")
    assert unknown.value.code == "model_not_found"


def test_a_file_is_written_down_and_its_seconds_are_counted(
    gateway: Gateway, client: openai.OpenAI, made: dict[str, Any]
) -> None:
    sound = speak(TEXT)
    formats: list[Any] = ["json", "text", "srt"]
    for response_format in formats:
        client.audio.transcriptions.create(
            file=("a.wav", wav_bytes(sound)),
            model="pocketsphinx-en",
            response_format=response_format,
        )
    used = gateway.used(made["id"], "stt")
    assert used["requests"] == 3
    assert used["audio_s"] == pytest.approx(3 * len(sound) / RATE_HZ, abs=0.05)


def test_a_chat_streams_and_is_counted_though_nobody_asked_for_its_usage(
    gateway: Gateway, client: openai.OpenAI, made: dict[str, Any]
) -> None:
    whole = client.chat.completions.create(
        model="assist-standby", messages=chat("what is 12 times 7")
    )
    assert whole.usage is not None
    stream = client.chat.completions.create(
        model="assist-standby", messages=chat("what is 12 times 7"), stream=True
    )
    chunks = list(stream)
    assert all(chunk.usage is None for chunk in chunks)
    assert "84" in "".join(c.choices[0].delta.content or "" for c in chunks)
    assert gateway.used(made["id"], "llm")["tokens"] == 2 * whole.usage.total_tokens


def test_a_tool_is_called(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(
        model="assist-standby",
        messages=chat("what is the weather in paris"),
        tools=[WEATHER],  # type: ignore[list-item]
    )
    calls = answer.choices[0].message.tool_calls
    assert calls is not None
    assert calls[0].function.name == "get_weather"  # type: ignore[union-attr]
    assert "paris" in json.loads(calls[0].function.arguments)["location"].lower()  # type: ignore[union-attr]


@pytest.mark.parametrize("response_format", ["pcm", "wav", "mp3", "opus", "aac"])
def test_speech_streams_and_its_seconds_and_characters_are_counted(
    gateway: Gateway, client: openai.OpenAI, made: dict[str, Any], response_format: Any
) -> None:
    direct = client.audio.speech.create(
        model="espeak-ng", voice="en", input=SENTENCE, response_format="pcm"
    )
    seconds = len(direct.read()) / 48_000
    with client.audio.speech.with_streaming_response.create(
        model="espeak-ng", voice="en", input=SENTENCE, response_format=response_format
    ) as streamed:
        assert b"".join(streamed.iter_bytes())
    used = gateway.used(made["id"], "tts")
    assert used["characters"] == 2 * len(SENTENCE)
    assert used["audio_s"] == pytest.approx(2 * seconds, rel=0.1)


async def test_live_sound_is_written_down_and_counted(
    gateway: Gateway, made: dict[str, Any]
) -> None:
    sound = said(TEXT, after_s=0.8)
    async with calling(gateway.url, Authorization=f"Bearer {made['key']}") as caller:
        await caller.send(session(rate_hz=RATE_HZ))
        await caller.say(sound)
        await caller.commit()
        assert (await caller.wait(COMPLETED))["transcript"] == TEXT
    used = await asyncio.to_thread(gateway.used, made["id"], "stt")
    assert used["audio_s"] == pytest.approx(len(sound) / RATE_HZ, rel=0.02)


async def test_a_browser_sends_its_key_as_a_subprotocol(
    gateway: Gateway, made: dict[str, Any]
) -> None:
    url = f"{gateway.url.replace('http', 'ws', 1)}/v1/realtime?intent=transcription"
    offered = ["realtime", f"openai-insecure-api-key.{made['key']}"]
    async with websockets.connect(url, subprotocols=offered, proxy=None) as socket:  # type: ignore[arg-type]
        assert socket.subprotocol == "realtime"
        assert json.loads(await socket.recv())["type"] == "session.created"


async def test_why_a_socket_is_refused_is_passed_on(gateway: Gateway, made: dict[str, Any]) -> None:
    url = f"{gateway.url.replace('http', 'ws', 1)}/v1/realtime?model=no-such-model"
    with pytest.raises(websockets.InvalidStatus) as unknown:
        async with websockets.connect(url, additional_headers=bearer(made["key"]), proxy=None):
            pass
    assert unknown.value.response.status_code == 404
    assert json.loads(unknown.value.response.body)["error"]["param"] == "model"
    with pytest.raises(websockets.InvalidStatus) as wrong:
        async with websockets.connect(url, additional_headers=bearer("pk-wrong"), proxy=None):
            pass
    assert wrong.value.response.status_code == 401


async def test_a_revoked_key_ends_its_live_socket(gateway: Gateway, made: dict[str, Any]) -> None:
    async with calling(gateway.url, Authorization=f"Bearer {made['key']}") as caller:
        await caller.wait("session.created")
        revoke = httpx2.delete(f"{gateway.url}/api/keys/{made['id']}")
        assert revoke.status_code == 204
        await _closed(caller)
        assert caller.socket.close_code == 1008


async def test_a_socket_ends_with_its_day(gateway: Gateway) -> None:
    asked = {"name": "short", "scopes": ["stt"], "audio_minutes_per_day": 0.05}
    made = httpx2.post(f"{gateway.url}/api/keys", json=asked).json()
    async with calling(gateway.url, Authorization=f"Bearer {made['key']}") as caller:
        await caller.wait("session.created")
        await _closed(caller)
        assert caller.socket.close_code == 1008
        assert caller.socket.close_reason == "quota_exceeded"


async def _closed(caller: Caller) -> None:
    async with asyncio.timeout(10):
        try:
            while True:
                await caller.say(np.zeros(RATE_HZ // 10, np.int16))
                await asyncio.sleep(0.01)  # lets the answer in between two pieces of sound
        except websockets.ConnectionClosed:
            return


def test_a_bad_request_is_refused_as_the_server_refuses_it(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as bad:
        client.audio.speech.create(model="espeak-ng", voice="en", input="")
    assert bad.value.param == "input"


def test_too_much_is_refused_before_it_is_sent(gateway: Gateway, made: dict[str, Any]) -> None:
    response = httpx2.post(
        f"{gateway.url}/v1/audio/speech",
        headers=bearer(made["key"]),
        content=b"x" * 262_145,
    )
    assert refused(response, 413)["code"] == "too_large"


def test_a_thousand_clients_that_leave_leave_nothing(
    gateway: Gateway, made: dict[str, Any]
) -> None:
    body = {"model": "espeak-ng", "voice": "en", "input": SENTENCE * 40, "response_format": "pcm"}
    process = psutil.Process(listening_pid(gateway.url))

    async def leave(client: httpx2.AsyncClient) -> None:
        async with client.stream("POST", "/v1/audio/speech", json=body) as response:
            assert response.status_code in (200, 429, 503)

    async def leave_all(count: int) -> None:
        limits = httpx2.Limits(max_connections=20, max_keepalive_connections=0)
        async with httpx2.AsyncClient(
            base_url=gateway.url, headers=bearer(made["key"]), timeout=60, limits=limits
        ) as client:
            for _ in range(count // 20):
                await asyncio.gather(*(leave(client) for _ in range(20)))

    asyncio.run(leave_all(100))
    before, files = process.memory_info().rss, process.num_fds()
    asyncio.run(leave_all(1000))
    until(lambda: gateway.metric("parley_backend_http_in_flight") <= 1, 20)
    until(lambda: process.num_fds() <= files + 5, 20)
    assert process.memory_info().rss - before < 15_000_000
