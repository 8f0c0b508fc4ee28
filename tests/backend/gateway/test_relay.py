"""What is passed on, what is not, and what a client is told when a server is away."""

import asyncio
import base64
import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
import websockets

from tests.backend.gateway.upstream import Upstream
from tests.contract.gateway_server import Gateway, bearer
from tests.contract.stt_server import refused
from tests.processes import until

CHAT, SPEECH, FILES = "/v1/chat/completions", "/v1/audio/speech", "/v1/audio/transcriptions"

HOSTILE_PATHS = [
    "/v1/../internal/conversations",
    "/v1/audio/speech/../../../metrics",
    "/v1/audio/speech/",
    "/v1//audio/speech",
    "/v1/audio%2Fspeech/..%2f..",
    "/v1/models/..%2f..%2fmetrics",
    "/v1/models/one/load",
    "/v1/audio/lexicon",
    "/v1/health/ready",
    "/V1/audio/speech",
    "/v1/audio/speech%00",
    "/v1/audio/speech%0d%0aHost:%20evil",
]


@pytest.fixture
def key(gateway: Gateway) -> str:
    return gateway.key()


@pytest.fixture
def client(gateway: Gateway, key: str) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=gateway.url, headers=bearer(key), timeout=20) as client:
        yield client


def test_only_what_a_server_needs_to_know_reaches_it(
    client: httpx2.Client, upstream: Upstream
) -> None:
    hostile = {
        "cookie": "parley_session=secret",
        "x-parley-priority": "live",
        "x-parley-client": "somebody else",
        "x-forwarded-for": "1.2.3.4",
        "x-request-id": "mine",
        "connection": "keep-alive, x-hop",
        "x-hop": "1",
        "te": "trailers",
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    }
    response = client.post(CHAT, json={"a": 1}, headers=hostile)
    assert response.status_code == 200
    (asked,) = upstream.asked
    headers = asked["headers"]
    assert set(headers) <= {
        "host",
        "accept",
        "accept-encoding",
        "content-type",
        "content-length",
        "traceparent",
        "x-parley-client",
        "x-parley-usage",
        "x-request-id",
    }
    assert headers["traceparent"] == hostile["traceparent"]
    assert headers["accept-encoding"] == "identity"
    assert headers["x-request-id"] == response.headers["x-request-id"]
    assert headers["x-parley-client"] not in ("", "somebody else")


def test_only_what_a_client_needs_to_know_comes_back(client: httpx2.Client) -> None:
    response = client.post(CHAT, json={})
    assert "set-cookie" not in response.headers
    assert "x-secret" not in response.headers
    assert len(response.headers.get_list("x-request-id")) == 1
    assert response.headers["x-content-type-options"] == "nosniff"


def test_no_other_path_reaches_a_server(gateway: Gateway, key: str, upstream: Upstream) -> None:
    for path in HOSTILE_PATHS:
        for method in ("GET", "POST", "DELETE"):
            status, _ = _raw(gateway.url, f"{method} {path} HTTP/1.1", key)
            assert status >= 400, f"{method} {path}"
    assert all(asked["path"] == "/v1/models" for asked in upstream.asked)


def test_a_query_is_passed_on_and_can_carry_nothing_else(
    gateway: Gateway, key: str, upstream: Upstream
) -> None:
    line = "GET /v1/audio/voices?language=en%0d%0aX:%20y&a=b%20c HTTP/1.1"
    status, _ = _raw(gateway.url, line, key)
    assert status == 200
    (asked,) = upstream.asked
    assert asked["query"] == "language=en%0d%0aX:%20y&a=b%20c"
    assert "x" not in asked["headers"]
    refusal = httpx2.get(f"{gateway.url}/v1/audio/voices?{'a' * 3000}", headers=bearer(key))
    assert refused(refusal, 400)["param"] == "query"


def test_a_wrong_key_is_refused_though_the_local_user_is_let_in(
    gateway: Gateway, upstream: Upstream
) -> None:
    assert httpx2.post(f"{gateway.url}{CHAT}", json={}).status_code == 200
    upstream.asked.clear()
    for wrong in ("Basic YTpi", "Bearer pk-wrong", "Bearer", "x"):
        headers = {"authorization": wrong}
        response = httpx2.post(f"{gateway.url}{CHAT}", json={}, headers=headers)
        assert refused(response, 401)["code"] == "invalid_api_key"
    assert upstream.asked == []


def test_a_foreign_page_gets_nowhere(gateway: Gateway, upstream: Upstream) -> None:
    response = httpx2.post(
        f"{gateway.url}{CHAT}", json={}, headers={"origin": "https://evil.example"}
    )
    assert refused(response, 403)["code"] == "origin_not_allowed"
    assert upstream.asked == []


def test_a_key_is_for_its_scopes_only(gateway: Gateway, upstream: Upstream) -> None:
    for scope, path in (("llm", SPEECH), ("tts", CHAT), ("llm", FILES), ("stt", SPEECH)):
        headers = bearer(gateway.key(scope))
        response = httpx2.post(f"{gateway.url}{path}", json={}, headers=headers)
        assert refused(response, 403)["code"] == "missing_scope"
    assert upstream.asked == []


def test_pieces_of_an_upload_reach_the_server_as_they_come(
    client: httpx2.Client, upstream: Upstream
) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(20):
            yield bytes(1_000_000)

    assert client.post(FILES, content=pieces()).status_code == 200
    assert upstream.asked[0]["size"] == 20_000_000
    assert upstream.asked[0]["headers"]["transfer-encoding"] == "chunked"


def test_the_first_event_is_there_before_the_second_is_made(
    client: httpx2.Client, upstream: Upstream
) -> None:
    with client.stream("POST", f"{CHAT}?do=wait", json={}) as response:
        pieces = response.iter_bytes()
        assert next(pieces) == b'data: {"n": 1}\n\n'
        upstream.go_on.set()
        assert b"".join(pieces) == b'data: {"n": 2}\n\n'


def test_a_client_that_leaves_ends_the_servers_work(
    client: httpx2.Client, upstream: Upstream
) -> None:
    with client.stream("POST", f"{CHAT}?do=wait", json={}) as response:
        assert next(response.iter_bytes())
    until(lambda: upstream.left == 1, 10)


def test_a_client_that_leaves_amid_an_upload_ends_it(
    gateway: Gateway, key: str, upstream: Upstream
) -> None:
    split = urlsplit(gateway.url)
    with socket.create_connection((split.hostname, split.port)) as half:
        half.sendall(
            f"POST {FILES} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {key}\r\n"
            "content-length: 1000000\r\n\r\n".encode()
            + bytes(1000)
        )
        until(lambda: gateway.metric("parley_backend_http_in_flight") >= 2, 10)
    until(lambda: upstream.left == 1, 10)


def test_a_stream_that_breaks_is_not_ended_as_if_it_were_whole(client: httpx2.Client) -> None:
    with (
        pytest.raises(httpx2.RemoteProtocolError),
        client.stream("POST", f"{CHAT}?do=break", json={}) as response,
    ):
        assert response.read()


def test_refusals_are_passed_back_but_not_those_of_our_own_key(client: httpx2.Client) -> None:
    for status in (400, 422, 429, 503):
        response = client.post(f"{CHAT}?do={status}", json={})
        assert (response.status_code, response.json()) == (status, {"error": {"message": "no"}})
    for status in (401, 403):
        error = refused(client.post(f"{CHAT}?do={status}", json={}), 502)
        assert error["code"] == "llm_key_refused"


async def test_sockets_close_with_the_code_of_the_other_side(
    gateway: Gateway, key: str, upstream: Upstream
) -> None:
    url = f"{gateway.url.replace('http', 'ws', 1)}/v1/realtime?model=m"
    async with websockets.connect(url, additional_headers=bearer(key), proxy=None) as ours:
        await ours.send("hello")
        assert await ours.recv() == "hello"
        await ours.send("close")
        with pytest.raises(websockets.ConnectionClosed):
            await ours.recv()
        assert (ours.close_code, ours.close_reason) == (4321, "as asked")
    async with websockets.connect(url, additional_headers=bearer(key), proxy=None) as ours:
        await ours.send("hello")
        await ours.recv()
        await ours.close(4000, "bye")
    await asyncio.to_thread(until, lambda: upstream.close_codes == [4000], 10)
    assert upstream.asked[0]["query"] == "model=m"
    assert "authorization" not in upstream.asked[0]["headers"]


async def test_an_open_socket_outlives_a_pause_and_the_rotation_of_its_key(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.gateway.keychain.REFRESH_EVERY_S", 0.02)
    monkeypatch.setattr("backend.gateway.keychain.KEPT_S", 0.05)
    made = gateway.make_key()
    url = f"{gateway.url.replace('http', 'ws', 1)}/v1/realtime?model=m"
    headers = bearer(made["key"])
    async with websockets.connect(url, additional_headers=headers, proxy=None) as ours:
        await asyncio.sleep(0.3)  # long enough for the key to be dropped as unused
        await ours.send("after a pause")
        assert await ours.recv() == "after a pause"
        path = f"{gateway.url}/api/keys/{made['id']}"
        rotated = await asyncio.to_thread(httpx2.post, f"{path}/rotate")
        assert rotated.status_code == 201
        await ours.send("within the overlap")
        assert await ours.recv() == "within the overlap"
        await asyncio.to_thread(httpx2.delete, path)
        await ours.send("revoked")
        with pytest.raises(websockets.ConnectionClosed):
            await ours.recv()
        assert ours.close_code == 1008


async def test_sound_is_counted_however_it_is_spelt(gateway: Gateway) -> None:
    made = gateway.make_key()
    url = f"{gateway.url.replace('http', 'ws', 1)}/v1/realtime?model=m"
    half_a_second = base64.b64encode(bytes(24_000)).decode()
    said = [
        json.dumps({"session": {"audio": {"input": {"format": {"rate": 10**9}}}}}),
        json.dumps({"type": "input_audio_buffer.append", "audio": half_a_second}),
        json.dumps({"type": "input_audio_buffer.append", "audio": half_a_second})
        .replace("append", r"\u0061ppend")
        .replace('"audio"', r'"\u0061udio"'),
    ]
    async with websockets.connect(url, additional_headers=bearer(made["key"]), proxy=None) as ours:
        for each in said:
            await ours.send(each)
            assert await ours.recv() == each
    await asyncio.to_thread(until, lambda: "audio_s" in gateway.used(made["id"], "stt"), 10)
    await asyncio.to_thread(
        until, lambda: gateway.used(made["id"], "stt")["audio_s"] == pytest.approx(1.0), 10
    )


def _raw(url: str, line: str, key: str) -> tuple[int, bytes]:
    """A request line that no client library would send. Status and body."""
    split = urlsplit(url)
    with socket.create_connection((split.hostname, split.port), timeout=10) as raw:
        headers = f"host: {split.netloc}\r\nauthorization: Bearer {key}\r\nconnection: close\r\n"
        raw.sendall(f"{line}\r\n{headers}content-length: 0\r\n\r\n".encode("latin-1"))
        answer = b""
        while more := raw.recv(65_536):
            answer += more
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]), body


def test_models_of_one_that_answers_are_listed_once(client: httpx2.Client) -> None:
    listed: dict[str, Any] = json.loads(client.get("/v1/models").text)
    assert listed == {"object": "list", "data": [{"id": "one", "object": "model"}]}
