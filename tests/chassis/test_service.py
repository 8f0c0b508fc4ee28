import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Annotated

import httpx2
import pytest
from fastapi import FastAPI, Header
from fastapi.testclient import TestClient
from pydantic import BaseModel, SecretStr

from chassis.errors import RateLimited
from chassis.health import Health, ProbeFailed
from chassis.http import pooled_client
from chassis.keys import check_bearer
from chassis.metrics import Metrics
from chassis.service import create_app

MAX_BODY_BYTES = 2000


class Note(BaseModel):
    text: str
    times: int = 1


def app_under_test() -> FastAPI:
    metrics = Metrics("ear")
    app = create_app(
        "ear", metrics=metrics, health=Health("ear", metrics), max_body_bytes=MAX_BODY_BYTES
    )

    @app.post("/notes")
    async def notes(note: Note) -> Note:
        return note

    @app.get("/crash")
    async def crash() -> None:
        raise KeyError("a private detail")

    @app.get("/busy")
    async def busy() -> None:
        raise RateLimited("the queue is full", retry_after_s=2)

    @app.get("/keyed")
    async def keyed(authorization: Annotated[str | None, Header()] = None) -> None:
        check_bearer(authorization, SecretStr("key"))

    return app


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(app_under_test(), raise_server_exceptions=False) as client:
        yield client


def error_of(response: httpx2.Response) -> dict[str, str]:
    error: dict[str, str] = response.json()["error"]
    assert set(error) == {"message", "type", "param", "code", "details", "request_id"}
    return error


JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        (b'{"text": 5}', 400, "text"),
        (b'{"text": "a", "times": "many"}', 400, "times"),
        (b"{}", 400, "text"),
        (b"{", 400, "body"),
        (b"[]", 400, "body"),
        (b"", 400, "body"),
        (b'{"text": "\xff\xfe"}', 400, "body"),
        (b"[" * 100_000, 413, "body"),
        (b'{"text": "' + b"a" * MAX_BODY_BYTES + b'"}', 413, "body"),
    ],
)
def test_bad_bodies_name_the_field(
    client: TestClient, body: bytes, status: int, param: str
) -> None:
    response = client.post("/notes", content=body, headers=JSON)
    assert response.status_code == status
    assert error_of(response)["param"] == param


def test_json_sent_as_something_else_is_told_what_to_send(client: TestClient) -> None:
    headers = {"content-type": "text/plain"}
    response = client.post("/notes", content=b'{"text": "a"}', headers=headers)
    assert response.status_code == 400
    assert "application/json" in error_of(response)["message"]


def test_a_body_of_unannounced_length_is_cut_at_the_limit(client: TestClient) -> None:
    response = client.post("/notes", content=(b"a" * 500 for _ in range(20)), headers=JSON)
    assert response.status_code == 413
    assert error_of(response)["code"] == "too_large"


def test_deep_nesting_is_bad_input_not_a_crash() -> None:
    metrics = Metrics("ear")
    app = create_app("ear", metrics=metrics, health=Health("ear", metrics))

    @app.post("/notes")
    async def notes(note: Note) -> Note:
        return note

    with TestClient(app) as client:
        assert client.post("/notes", content=b"[" * 500_000, headers=JSON).status_code == 400


def test_a_lone_surrogate_in_a_field_is_answered(client: TestClient) -> None:
    response = client.post("/notes", content=b'{"text": 5, "x\\ud800": 1}', headers=JSON)
    assert error_of(response)["param"] == "text"


def test_a_crash_tells_nothing_but_its_request_id(client: TestClient) -> None:
    response = client.get("/crash")
    assert response.status_code == 500
    assert "private" not in response.text
    assert error_of(response)["request_id"]


def test_unknown_paths_and_methods_have_the_one_shape(client: TestClient) -> None:
    assert error_of(client.get("/nowhere"))["code"] == "not_found"
    wrong_method = client.get("/notes")
    assert wrong_method.status_code == 405
    assert wrong_method.headers["allow"] == "POST"
    assert error_of(wrong_method)["code"] == "method_not_allowed"


def test_a_full_queue_says_when_to_come_back(client: TestClient) -> None:
    response = client.get("/busy")
    assert response.status_code == 429
    assert response.headers["retry-after"] == "2"


@pytest.mark.parametrize("header", [None, "Bearer wrong", "Basic key", "key", "Bearer k\u00e9"])
def test_a_wrong_key_is_refused(client: TestClient, header: str | None) -> None:
    headers = {b"authorization": header.encode()} if header else {}
    response = client.get("/keyed", headers=headers)
    assert response.status_code == 401
    assert error_of(response)["param"] == "Authorization"
    assert client.get("/keyed", headers={"authorization": "Bearer key"}).status_code == 200


def test_requests_are_measured_by_route_template(client: TestClient) -> None:
    client.get("/nowhere/1")
    client.get("/nowhere/2")
    text = client.get("/metrics").text
    assert (
        'parley_ear_http_request_seconds_count{method="GET",route="unmatched",status="404"} 2.0'
        in text
    )
    assert "nowhere" not in text


class Peer:
    """A dependency whose health a test decides."""

    def __init__(self) -> None:
        self.broken: str | None = None
        self.probed = asyncio.Event()

    async def probe(self) -> None:
        self.probed.set()
        if self.broken:
            raise ProbeFailed(self.broken)


async def until(health: Health, ready: bool) -> None:
    async with asyncio.timeout(5):
        while health.ready is not ready:  # noqa: ASYNC110  # readiness has no event of its own
            await asyncio.sleep(0.01)


async def test_readiness_follows_a_required_dependency() -> None:
    peer = Peer()
    health = Health("ear", Metrics("ear"))
    health.watch("peer", peer.probe, interval_s=0.01)
    assert not health.ready
    async with health:
        await until(health, ready=True)
        peer.broken = "it fell over"
        await until(health, ready=False)
        assert health.report()["dependencies"][0]["last_error"] == "it fell over"
        peer.broken = None
        await until(health, ready=True)


async def test_an_optional_dependency_is_listed_but_not_needed() -> None:
    peer = Peer()
    peer.broken = "away"
    health = Health("ear", Metrics("ear"))
    health.watch("peer", peer.probe, required=False)
    async with health, asyncio.timeout(5):
        await peer.probed.wait()
        assert health.ready


async def test_a_probe_that_hangs_counts_as_unready() -> None:
    health = Health("ear", Metrics("ear"))
    health.watch("peer", asyncio.Event().wait, timeout_s=0.05)  # type: ignore[arg-type]
    await health.check(health.dependencies["peer"])
    assert health.dependencies["peer"].last_error == "no answer within 0.05 s"


@pytest.fixture
async def echo_server() -> AsyncIterator[str]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
            await writer.drain()

    async def quietly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        except asyncio.IncompleteReadError:
            writer.close()

    server = await asyncio.start_server(quietly, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()[:2]
        yield f"http://{host}:{port}"


async def test_the_pool_reuses_connections_and_counts_them(echo_server: str) -> None:
    metrics = Metrics("ear")
    async with pooled_client(metrics=metrics, bearer="key") as client:
        for _ in range(5):
            assert (await client.get(echo_server)).text == "ok"
    text = metrics.render().decode()
    peer = echo_server.removeprefix("http://")
    assert f'parley_ear_client_connections_total{{peer="{peer}"}} 1.0' in text
    assert f'parley_ear_client_request_seconds_count{{peer="{peer}",status="200"}} 5.0' in text


def test_errors_survive_text_that_utf8_cannot_hold() -> None:
    from chassis.errors import InvalidRequest, error_response

    response = error_response(InvalidRequest("bad \ud800", param="x"), "id")
    assert json.loads(bytes(response.body))["error"]["param"] == "x"


async def test_an_answer_is_not_a_memory() -> None:
    peer = Peer()
    health = Health("ear", Metrics("ear"))
    health.watch("peer", peer.probe, interval_s=3600)
    await health.refresh()
    assert health.ready
    peer.broken = "it fell over"
    health.dependencies["peer"].checked_at_s -= 1
    await health.refresh()
    assert not health.ready
