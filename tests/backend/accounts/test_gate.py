import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI, WebSocket
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from tests.backend.accounts.people import HERE, ORIGIN, Browser, code
from tests.backend.apps import SERVICE_KEY, app_with, sqlite_url

FOREIGN = ("https://evil.example", "http://localhost:9999", "null", "http://localhost:8080.evil")


@pytest.fixture(scope="module")
def local(
    tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path, peers: str
) -> Iterator[TestClient]:
    """Of a backend where nobody signs in; the tests leave nothing in it."""
    folder = tmp_path_factory.mktemp("local")
    url = sqlite_url(Path(shutil.copy(sqlite_template, folder / "parley.db")))
    app = app_with(folder, peers, database_url=url)
    with TestClient(app, base_url=ORIGIN, client=HERE) as client:
        yield client


@pytest.fixture
def guarded(tmp_path: Path, peers: str, sqlite_file_url: str) -> FastAPI:
    return app_with(tmp_path, peers, auth="on", signup="open", database_url=sqlite_file_url)


@pytest.mark.parametrize(
    "host", ["localhost:8080", "127.0.0.1:8080", "[::1]:8080", "LOCALHOST", "127.8.8.8"]
)
def test_names_of_this_machine_are_answered(local: TestClient, host: str) -> None:
    assert local.get("/api/me", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "192.168.1.9", ""]
)
@pytest.mark.parametrize("path", ["/api/me", "/", "/metrics", "/openapi.json"])
def test_a_name_that_is_made_to_point_here_is_not(local: TestClient, host: str, path: str) -> None:
    refused = local.get(path, headers={"host": host})
    assert (refused.status_code, code(refused)) == (403, "host_not_allowed")
    assert refused.headers["x-frame-options"] == "DENY"
    assert refused.json()["error"]["request_id"] == refused.headers["x-request-id"]


def test_services_reach_their_routes_by_any_name(local: TestClient) -> None:
    headers = {"host": "backend:8080"}
    assert local.get("/health/live", headers=headers).status_code == 200
    assert local.get("/internal/conversations/x/context", headers=headers).status_code == 401


@pytest.mark.parametrize("origin", FOREIGN)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_foreign_page_cannot_act(local: TestClient, origin: str, method: str) -> None:
    for path in ("/api/me", "/api/token", "/v1/chat/completions", "/api/no-such-route"):
        refused = local.request(method, path, json={}, headers={"origin": origin})
        assert (refused.status_code, code(refused)) == (403, "origin_not_allowed")
        assert "access-control-allow-origin" not in refused.headers


def test_a_password_that_the_browser_sends_by_itself_lets_no_page_act(local: TestClient) -> None:
    headers = {"origin": FOREIGN[0], "authorization": "Basic YW5uOnNlY3JldA=="}
    refused = local.post("/api/memories/forget-all", headers=headers)
    assert (refused.status_code, code(refused)) == (403, "origin_not_allowed")
    ours = local.patch("/api/me", json={}, headers=headers | {"origin": ORIGIN})
    assert ours.status_code == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_browser_that_tells_of_another_site_is_believed(local: TestClient, site: str) -> None:
    refused = local.patch("/api/me", json={}, headers={"sec-fetch-site": site})
    assert (refused.status_code, code(refused)) == (403, "origin_not_allowed")


@pytest.mark.parametrize("headers", [{"origin": ORIGIN, "sec-fetch-site": "same-origin"}, {}])
def test_our_own_pages_and_programs_can(local: TestClient, headers: dict[str, str]) -> None:
    assert local.patch("/api/me", json={}, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"],
)
def test_what_a_form_can_send_is_not_taken(local: TestClient, kind: str) -> None:
    body = b'{"preferred_name": "Eve"}'
    refused = local.patch("/api/me", content=body, headers={"content-type": kind})
    assert (refused.status_code, code(refused)) == (400, "not_json")
    untyped = local.patch("/api/me", content=body)
    assert untyped.status_code == 400


@pytest.mark.parametrize("origin", FOREIGN)
def test_a_foreign_page_opens_no_socket(tmp_path: Path, peers: str, origin: str) -> None:
    app = app_with(tmp_path, peers)

    @app.websocket("/v1/echo")
    async def echo(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text("hello")

    app.router.routes.insert(0, app.router.routes.pop())  # before the web app's catch-all
    client = TestClient(app, base_url=ORIGIN)
    with client.websocket_connect("/v1/echo", headers={"origin": ORIGIN}) as socket:
        assert socket.receive_text() == "hello"
    with (
        pytest.raises(WebSocketDisconnect) as refused,
        client.websocket_connect("/v1/echo", headers={"origin": origin}),
    ):
        pass
    assert refused.value.code == 1008


def test_what_people_are_told_is_kept_by_no_cache(local: TestClient) -> None:
    assert local.get("/api/me").headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/metrics", "/openapi.json"])
def test_numbers_and_schema_are_for_this_machine_and_the_services(
    guarded: FastAPI, tmp_path: Path, peers: str, path: str
) -> None:
    with TestClient(app_with(tmp_path, peers, auth="on"), base_url=ORIGIN, client=HERE) as here:
        assert here.get(path).status_code == 200
        assert here.get(path, headers={"x-forwarded-for": "203.0.113.7"}).status_code == 401
        assert here.get(path, headers={"host": "parley.example"}).status_code == 401
    with TestClient(guarded) as elsewhere:
        assert elsewhere.get(path).status_code == 401
        for key, status in ((SERVICE_KEY, 200), ("wrong", 401)):
            told = elsewhere.get(path, headers={"authorization": f"Bearer {key}"})
            assert told.status_code == status


def test_who_has_the_service_key_reads_numbers_by_any_name(local: TestClient) -> None:
    headers = {"host": "backend:8080", "authorization": f"Bearer {SERVICE_KEY}"}
    assert local.get("/metrics", headers=headers).status_code == 200
    assert local.get("/api/phone/lines", headers=headers).status_code == 200
    assert local.get("/api/me", headers=headers).status_code == 403


def test_without_a_service_key_nobody_elsewhere_reads_numbers(tmp_path: Path, peers: str) -> None:
    app = app_with(tmp_path, peers, None, auth="on")
    with TestClient(app) as elsewhere:
        for headers in ({}, {"authorization": "Bearer "}, {"authorization": "Bearer None"}):
            assert elsewhere.get("/metrics", headers=headers).status_code == 401


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/", "/api/auth"])
def test_what_is_for_everybody_stays_open(guarded: FastAPI, path: str) -> None:
    with TestClient(guarded) as elsewhere:
        assert elsewhere.get(path).status_code in (200, 503)


def test_no_docs_or_debug_pages_are_served(guarded: FastAPI) -> None:
    with TestClient(guarded, base_url=ORIGIN, client=HERE) as here:
        for path in ("/docs", "/redoc", "/debug", "/api/docs"):
            assert "swagger" not in here.get(path).text.lower()


def test_a_token_that_is_no_token_is_nobodys(guarded: FastAPI) -> None:
    jwt = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiIsInJvbGUiOiJhZG1pbiJ9."
    with TestClient(guarded, base_url=ORIGIN, client=HERE) as client:
        for token in (jwt, "x" * 10_000, "null", "' OR 1=1 --"):
            browser = Browser(client)
            browser.token = token
            refused = browser.get("/api/me")
            assert (refused.status_code, code(refused)) == (401, "not_signed_in")
