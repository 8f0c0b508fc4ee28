"""Bad events get an error in the stream and the socket lives; abuse gets it closed."""

import asyncio
import base64
import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import numpy as np
import psutil
import pytest
import websockets

from tests.contract.realtime_client import COMPLETED, append, calling, said, session, silence
from tests.processes import listening_pid, running
from tests.speech import RATE_HZ, speak

KEY = "k" * 40


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    cache = tmp_path_factory.mktemp("stt-cache")
    environment = {"STT_CACHE_DIR": str(cache), "STT_API_KEY": KEY, "STT_MAX_SOCKETS": "8"}
    with running("inference.stt", environment) as url:
        yield url


def keyed(url: str, model: str = "gpt-realtime-whisper") -> Any:
    return calling(url, model, authorization=f"Bearer {KEY}")


def updated(**fields: Any) -> dict[str, Any]:
    return session(**fields)


def turns(**fields: Any) -> dict[str, Any]:
    return session(turn_detection={"type": "server_vad", **fields})


UPDATE = "session.audio.input"
BAD_EVENTS: list[tuple[Any, str | None]] = [
    ("not json", None),
    ("[" * 100_000, None),
    ("1e999999", "type"),
    ("null", "type"),
    ("[]", "type"),
    ("{}", "type"),
    ('{"type": 7}', "type"),
    ({"type": "response.create"}, "type"),
    ({"type": "x" * 10_000}, "type"),
    ({"type": "input_audio_buffer.append"}, "audio"),
    ({"type": "input_audio_buffer.append", "audio": 5}, "audio"),
    ({"type": "input_audio_buffer.append", "audio": "!!!"}, "audio"),
    ({"type": "input_audio_buffer.append", "audio": "é"}, "audio"),
    ('{"type": "input_audio_buffer.append", "audio": "\\ud800"}', "audio"),
    ({"type": "input_audio_buffer.append", "audio": base64.b64encode(b"odd").decode()}, "audio"),
    (append(silence(20)), "audio"),
    ({"type": "input_audio_buffer.commit"}, None),
    ({"type": "input_audio_buffer.commit", "event_id": 9}, "event_id"),
    ({"type": "session.update"}, "session"),
    ({"type": "session.update", "session": []}, "session"),
    ({"type": "session.update", "session": {"type": "realtime"}}, "session.type"),
    (updated(rate_hz=11_025), f"{UPDATE}.format.rate"),
    (updated(transcription={"model": "nothing"}), "model"),
    (updated(transcription={"language": "de"}), f"{UPDATE}.transcription.language"),
    (updated(transcription={"prompt": "Anna"}), f"{UPDATE}.transcription.prompt"),
    (updated(turn_detection={"type": "semantic_vad"}), f"{UPDATE}.turn_detection.type"),
    (turns(threshold=7), f"{UPDATE}.turn_detection.threshold"),
    (turns(silence_duration_ms=-1), f"{UPDATE}.turn_detection.silence_duration_ms"),
    (turns(prefix_padding_ms=10**30), f"{UPDATE}.turn_detection.prefix_padding_ms"),
    (
        json.dumps(turns(threshold=0.5)).replace("0.5", "NaN"),
        f"{UPDATE}.turn_detection.threshold",
    ),
]


@pytest.mark.parametrize(("event", "param"), BAD_EVENTS)
async def test_a_bad_event_is_told_and_survived(url: str, event: Any, param: str | None) -> None:
    async with keyed(url) as caller:
        await caller.send(event)
        error = (await caller.wait("error"))["error"]
        assert error["type"] == "invalid_request_error"
        assert error["param"] == param
        assert error["message"]
        await caller.send(session())
        await caller.say(said("what time is it"))
        await caller.commit()
        assert (await caller.wait(COMPLETED))["transcript"] == "what time is it"


async def test_the_error_names_the_event_it_is_about(url: str) -> None:
    async with keyed(url) as caller:
        await caller.send({"type": "input_audio_buffer.commit", "event_id": "mine"})
        error = (await caller.wait("error"))["error"]
        assert error["event_id"] == "mine"
        assert error["code"] == "input_audio_buffer_commit_empty"


async def test_bytes_are_no_event(url: str) -> None:
    async with keyed(url) as caller:
        await caller.socket.send(b"\x00\x01")
        assert (await caller.wait("error"))["error"]["code"] == "invalid_json"


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("intent=transcription&model=nothing", 404),
        ("intent=conversation", 400),
        ("model=whisper-1", 101),
        ("", 101),
    ],
)
async def test_the_handshake_checks_what_is_asked(url: str, query: str, status: int) -> None:
    address = f"{url.replace('http', 'ws', 1)}/v1/realtime?{query}"
    headers = {"authorization": f"Bearer {KEY}"}
    if status == 101:
        async with websockets.connect(address, additional_headers=headers, proxy=None) as socket:
            assert json.loads(await socket.recv())["type"] == "session.created"
        return
    with pytest.raises(websockets.InvalidStatus) as refused:
        await websockets.connect(address, additional_headers=headers, proxy=None)
    assert refused.value.response.status_code == status
    assert json.loads(refused.value.response.body or b"")["error"]["param"] in ("model", "intent")


async def test_a_key_is_asked_for(url: str) -> None:
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with calling(url, authorization="Bearer wrong"):
            raise AssertionError("it opened")
    assert refused.value.response.status_code == 401


async def test_more_callers_than_allowed_are_refused(url: str) -> None:
    opened = [keyed(url) for _ in range(8)]
    callers = [await one.__aenter__() for one in opened]
    try:
        for caller in callers:
            await caller.wait("session.created")
        with pytest.raises(websockets.InvalidStatus) as refused:
            async with keyed(url):
                raise AssertionError("it opened")
        assert refused.value.response.status_code == 429
        assert refused.value.response.headers["retry-after"]
    finally:
        for one in opened:
            await one.__aexit__(None, None, None)


async def test_a_message_beyond_a_mebibyte_closes(url: str) -> None:
    async with keyed(url) as caller:
        await caller.send("x" * (1 << 21))
        await caller.socket.wait_closed()
        assert caller.socket.close_code == 1009


async def test_sound_far_faster_than_it_can_be_decoded_closes(url: str) -> None:
    talk = np.tile(np.concatenate([speak("cancel the timer"), silence(0.1)]), 200)
    async with keyed(url) as caller:
        await caller.send(session())
        with suppress(websockets.ConnectionClosed):
            for at in range(0, len(talk), RATE_HZ * 5):
                await caller.send(append(talk[at : at + RATE_HZ * 5]))
        await asyncio.wait_for(caller.socket.wait_closed(), 10)
        assert caller.socket.close_code == 1008
        assert caller.of("error")[-1]["error"]["code"] == "session_closed"


async def test_a_client_that_does_not_read_costs_no_memory(url: str) -> None:
    address = f"{url.replace('http', 'ws', 1)}/v1/realtime?intent=transcription"
    headers = {"authorization": f"Bearer {KEY}"}
    server = listening_pid(url)
    before = psutil.Process(server).memory_info().rss
    async with websockets.connect(
        address, additional_headers=headers, proxy=None, max_queue=1, ping_interval=None
    ) as socket:
        bad = json.dumps({"type": "x" * 100, "event_id": "e" * 500})
        with suppress(websockets.ConnectionClosed, TimeoutError):
            async with asyncio.timeout(20):
                while True:
                    await socket.send(bad)
        assert psutil.Process(server).memory_info().rss < before + 30e6


async def test_a_silent_caller_is_let_go(tmp_path_factory: pytest.TempPathFactory) -> None:
    cache = tmp_path_factory.mktemp("stt-cache")
    with running("inference.stt", {"STT_CACHE_DIR": str(cache), "STT_IDLE_S": "0.3"}) as url:
        async with calling(url) as caller:
            await asyncio.wait_for(caller.socket.wait_closed(), 5)
            assert caller.socket.close_code == 1001
            assert caller.of("error")
