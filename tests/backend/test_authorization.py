"""Every route, asked by everybody: the table is `authorization.py`. A route without a row fails."""

import json
import secrets
import shutil
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.testclient import WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect

from backend.accounts.sessions import open_session
from backend.accounts.tables import Role
from backend.accounts.users import create_user
from backend.data.db import Database
from tests.backend.accounts.people import Browser
from tests.backend.apps import SERVICE_KEY, AlwaysFine, app_with, sqlite_url
from tests.backend.authorization import OWNER, ROWS, Row, Who
from tests.backend.personas.pictures import picture_file

MODEL = "some/model"
SEEDED = "conversation_id recording_id persona_id memory_id session_id key_id user_id invite_id"


class Fine(AlwaysFine):
    """The model servers too: whatever is sent is taken, and they have one model."""

    def do_GET(self) -> None:  # noqa: N802  # the name http.server calls
        body = json.dumps({"object": "list", "data": [{"id": MODEL, "object": "model"}]}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:  # noqa: N802  # the name http.server calls
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.do_GET()


@pytest.fixture(scope="module")
def fine_peers() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Fine)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> str:
    folder = tmp_path_factory.mktemp("house")
    return sqlite_url(Path(shutil.copy(sqlite_template, folder / "parley.db")))


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, fine_peers: str, url: str) -> FastAPI:
    web_dir = tmp_path_factory.mktemp("web")
    (web_dir / "index.html").write_text("hello")
    return app_with(
        web_dir,
        fine_peers,
        auth="on",
        recording="allowed",
        database_url=url,
        tokens_per_minute=1_000,
    )


@pytest.fixture(scope="module")
def house(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app) as client:
        yield client


def names_of(app: FastAPI) -> set[str]:
    """Every route there is, as rows name them."""
    schema = app.openapi()["paths"]
    names = {f"{method.upper()} {path}" for path, methods in schema.items() for method in methods}
    for route in app.routes:
        if isinstance(route, WebSocketRoute):
            names.add(f"SOCKET {route.path}")
        elif isinstance(route, Route):
            names |= {f"{method} {route.path}" for method in (route.methods or set()) - {"HEAD"}}
    return names


def nested(routes: list[BaseRoute]) -> Iterator[BaseRoute]:
    for route in routes:
        yield route
        router = getattr(route, "original_router", None)
        if router is not None:
            yield from nested(router.routes)


def test_every_route_has_a_row_and_every_row_a_route(app: FastAPI) -> None:
    rows = [row.name for row in ROWS]
    assert sorted(rows) == sorted(names_of(app))


def test_no_route_hides_from_the_table(app: FastAPI) -> None:
    hidden = [
        route.path
        for route in nested(app.routes)
        if isinstance(route, APIRoute) and not route.include_in_schema
    ]
    assert hidden == ["/{path:path}"]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
async def test_everybody_is_answered_as_the_table_says(
    row: Row, house: TestClient, url: str
) -> None:
    async with people(house, url) as (browsers, seeded):
        answers: dict[Who, httpx2.Response] = {}
        for who in row.answers:  # the owner comes last: what is asked may be a deletion
            answers[who] = ask(browsers[who], row, seeded)
    told = {who: response.status_code for who, response in answers.items()}
    assert {who: like(row.answers[who], status) for who, status in told.items()} == row.answers


def like(wanted: str, status: int) -> str:
    """The status, as exact as it is wanted."""
    return f"{status // 100}xx" if wanted.endswith("xx") else str(status)


STRANGERS = [row for row in ROWS if row.answers["other"] == OWNER["other"]]


@pytest.mark.parametrize("row", STRANGERS, ids=lambda row: row.name)
async def test_what_is_anothers_is_as_what_is_nobodys(
    row: Row, house: TestClient, url: str
) -> None:
    async with people(house, url) as (browsers, seeded):
        unknown = {name: secrets.token_hex(16) for name in seeded}
        anothers = ask(browsers["other"], row, seeded)
        nobodys = ask(browsers["other"], row, unknown)
    assert anothers.status_code == nobodys.status_code == 404
    bodies = [answer.json()["error"] | {"request_id": ""} for answer in (anothers, nobodys)]
    assert bodies[0] == bodies[1]
    assert not any(seeded[name] in anothers.text for name in SEEDED.split())


def ask(browser: Browser, row: Row, seeded: dict[str, str]) -> httpx2.Response:
    path = row.path.replace("{path:path}", "talk").replace("{model:path}", MODEL)
    body = json.dumps(row.json)
    for name, value in seeded.items():
        path = path.replace("{" + name + "}", value)
        body = body.replace("{" + name + "}", value)
    assert "{" not in path
    if row.method == "SOCKET":
        return knock(browser, path)
    headers = dict(row.headers)
    content = row.content
    if row.json is not None:
        content, headers["content-type"] = body.encode(), "application/json"
    return browser.request(row.method, path + row.query, content=content, headers=headers)


def knock(browser: Browser, path: str) -> httpx2.Response:
    """Open a socket. Who may come in finds no server that speaks behind it."""
    browser.client.cookies.clear()
    headers = {"cookie": f"parley_session={browser.token}"} if browser.token else {}
    headers |= browser.headers
    try:
        with browser.client.websocket_connect(path, headers=headers):
            return httpx2.Response(200)
    except WebSocketDenialResponse as exc:
        refused: Any = exc
        return httpx2.Response(200 if refused.status_code >= 500 else refused.status_code)
    except WebSocketDisconnect:
        return httpx2.Response(403)


@asynccontextmanager
async def people(
    house: TestClient, url: str
) -> AsyncIterator[tuple[dict[Who, Browser], dict[str, str]]]:
    """Five clients, and what the user has."""
    browsers: dict[Who, Browser] = {"anonymous": Browser(house)}
    browsers["agent"] = Browser(house, {"authorization": f"Bearer {SERVICE_KEY}"})
    async with Database(url) as database:
        await signed_in(database, house, "admin")  # one who stays, whatever becomes of the other
        _, browsers["other"] = await signed_in(database, house, "member")
        _, browsers["admin"] = await signed_in(database, house, "admin")
        user_id, browsers["user"] = await signed_in(database, house, "member")
        session_id = await another_session(database, user_id)
    seeded = seed(browsers, user_id) | {"user_id": user_id, "session_id": session_id}
    assert set(SEEDED.split()) <= set(seeded)
    yield browsers, seeded


async def signed_in(database: Database, house: TestClient, role: Role) -> tuple[str, Browser]:
    browser = Browser(house)
    login = f"{role}-{secrets.token_hex(4)}"
    async with database.writing() as session:
        user = await create_user(
            session,
            login,
            password_hash="unusable",
            role=role,
            preferred_name=None,
            language=None,
        )
        browser.token, _ = await open_session(
            session, user.id, address="203.0.113.7", user_agent="", lasts=timedelta(days=1)
        )
    return user.id, browser


async def another_session(database: Database, user_id: str) -> str:
    async with database.writing() as session:
        _, row = await open_session(
            session, user_id, address="203.0.113.8", user_agent="", lasts=timedelta(days=1)
        )
        return row.id


def seed(browsers: dict[Who, Browser], user_id: str) -> dict[str, str]:
    """What the user has, made as it is made in life."""
    agent, user = browsers["agent"], browsers["user"]
    now = datetime.now(UTC).isoformat()
    call, sound = secrets.token_urlsafe(16), secrets.token_hex(16)
    begun = {"conversation_id": call, "channel": "web", "user_id": user_id, "started_at": now}
    done(agent.post("/internal/conversations", begun))
    path = f"/internal/conversations/{call}/recordings/{sound}"
    done(agent.request("PUT", path, json={"started_at": now}))
    done(agent.request("PUT", f"{path}/chunks/0", content=b"sound"))
    memory = done(user.post("/api/memories", {"text": "Has a cat.", "kind": "fact"}))
    persona = done(user.post("/api/personas", {"name": "Mine", "prompt": "Be kind."}))["id"]
    png = {"content-type": "image/png"}
    image = f"/api/personas/{persona}/image"
    done(user.request("PUT", image, content=picture_file(), headers=png))
    key = done(user.post("/api/keys", {"name": "Mine", "scopes": ["stt"]}))
    invite = done(browsers["admin"].post("/api/invites", {}))
    line, told = a_line(), {"room": f"call-sip-{secrets.token_hex(8)}"}
    line_id = done(browsers["admin"].post("/api/phone/lines", line))["id"]
    call_id = done(agent.post("/internal/calls", told))["call_id"]
    done(agent.post(f"/internal/calls/{call_id}/ended", {"reason": "user_hung_up"}))
    return {
        "conversation_id": call,
        "recording_id": sound,
        "number": "0",
        "persona_id": persona,
        "persona": "lumina",
        "memory_id": memory["id"],
        "key_id": key["id"],
        "invite_id": invite["id"],
        "login": "somebody",
        "line_id": line_id,
        "call_id": call_id,
        "phone": a_number(),
    }


def a_number() -> str:
    return f"+49{secrets.randbelow(10**12)}"


def a_line() -> dict[str, Any]:
    return {"numbers": [a_number()], "allowed_addresses": ["203.0.113.0/24"]}


def done(response: httpx2.Response) -> dict[str, Any]:
    assert response.is_success, response.text
    told: dict[str, Any] = response.json() if response.content else {}
    return told
