from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from backend.conversations.tables import ConversationRow
from backend.data.db import Database
from backend.phone.tables import CallRow, PhoneLineRow
from tests.backend.accounts.people import HERE, ORIGIN, PASSWORD, Browser, code, set_up
from tests.backend.apps import BuildApp

ADMIN = {"login": "admin", "password": PASSWORD}


def test_who_sits_at_the_machine_becomes_the_first_admin(house: TestClient) -> None:
    assert house.get("/api/auth").json()["setup_needed"] is True
    admin = set_up(house)
    assert admin.get("/api/me").json()["role"] == "admin"
    assert house.get("/api/auth").json()["setup_needed"] is False
    again = Browser(house).post("/api/auth/setup", ADMIN | {"login": "other"})
    assert (again.status_code, code(again)) == (409, "already_set_up")


def test_elsewhere_the_printed_code_is_asked_for(
    build_app: BuildApp, capfd: pytest.CaptureFixture[str]
) -> None:
    app = build_app(auth="on")
    with TestClient(app) as client:  # whose address is not this machine's
        (line,) = [line for line in capfd.readouterr().err.splitlines() if "setup code" in line]
        printed = line.split()[-1]
        for guess in (None, "", "0" * 16, "é"):
            refused = Browser(client).post("/api/auth/setup", ADMIN | {"setup_code": guess})
            assert (refused.status_code, code(refused)) == (403, "setup_code_wrong")
        assert set_up(client, setup_code=printed).is_in()


@pytest.mark.parametrize(
    "reachable", [{"allowed_origins": ["https://parley.home"]}, {"trusted_proxies": ["10.0.0.1"]}]
)
def test_behind_a_proxy_nobody_passes_for_sitting_here(
    build_app: BuildApp, reachable: dict[str, Any]
) -> None:
    app = build_app(auth="on", **reachable)
    with TestClient(app, base_url=ORIGIN, client=HERE) as client:  # as the proxy connects
        refused = Browser(client).post("/api/auth/setup", ADMIN)
        assert (refused.status_code, code(refused)) == (403, "setup_code_wrong")


def test_nothing_is_printed_once_there_is_an_admin(
    build_app: BuildApp, capfd: pytest.CaptureFixture[str]
) -> None:
    with TestClient(build_app(auth="on"), base_url=ORIGIN, client=HERE) as client:
        set_up(client)
    capfd.readouterr()
    with TestClient(build_app(auth="on")):
        assert "setup code" not in capfd.readouterr().err
    with TestClient(build_app()):
        assert "setup code" not in capfd.readouterr().err


def test_codes_cannot_be_tried_without_end(build_app: BuildApp) -> None:
    with TestClient(build_app(auth="on")) as client:
        guesses = [
            client.post("/api/auth/setup", json=ADMIN | {"setup_code": f"{n:016}"}).status_code
            for n in range(21)
        ]
    assert guesses == [403] * 20 + [429]


async def test_the_first_admin_takes_over_what_was_there(
    build_app: BuildApp, database: Database
) -> None:
    with TestClient(build_app()) as client:
        client.patch("/api/me", json={"preferred_name": "Annie", "memory_policy": "ask"})
        memory = client.post("/api/memories", json={"text": "Has a cat.", "kind": "fact"}).json()
        persona = client.post("/api/personas", json={"name": "Mine", "prompt": "Be kind."}).json()
        client.post(f"/api/personas/{persona['id']}/default")
        line = {"numbers": ["+4930123456"], "allowed_addresses": ["203.0.113.7"], "owner": "local"}
        assert client.post("/api/phone/lines", json=line).status_code == 201
    now = datetime.now(UTC)
    call = ConversationRow(id="c", user_id="local", channel="web", started_at=now)
    phoned = CallRow(id="p", user_id="local", is_known=True, room="call-p", direction="inbound")
    phoned.started_at, phoned.is_guess = now, False
    async with database.writing() as session:
        session.add_all((call, phoned))
    with TestClient(build_app(auth="on"), base_url=ORIGIN, client=HERE) as client:
        admin = set_up(client)
        me = admin.get("/api/me").json()
        assert (me["preferred_name"], me["memory_policy"]) == ("Annie", "ask")
        assert admin.get("/api/memories").json()["memories"] == [memory]
        mine = admin.get(f"/api/personas/{persona['id']}").json()
        assert (mine["name"], mine["is_default"]) == ("Mine", True)
        assert admin.get("/api/conversations/c").status_code == 200
    async with database.reading() as session:
        owners = select(PhoneLineRow.user_id).union_all(select(CallRow.user_id))
        assert (await session.scalars(owners)).all() == [me["id"]] * 2


def test_nobody_signs_in_where_that_is_off(build_app: BuildApp) -> None:
    with TestClient(build_app(user_name="Kim")) as client:
        state = client.get("/api/auth").json()
        assert (state["auth"], state["setup_needed"]) == ("off", False)
        assert (state["user"]["id"], state["user"]["role"]) == ("local", "admin")
        assert state["user"]["preferred_name"] == "Kim"
        for path in ("setup", "sign-up", "login"):
            refused = client.post(f"/api/auth/{path}", json=ADMIN)
            assert (refused.status_code, code(refused)) == (409, "auth_off")
        assert code(client.post("/api/auth/logout")) == "auth_off"
        change = {"current": PASSWORD, "new": "another good one"}
        assert code(client.post("/api/me/password", json=change)) == "auth_off"
        assert client.get("/api/me/sessions").json() == {"sessions": []}


def test_the_local_user_has_preferences_like_anybody(build_app: BuildApp) -> None:
    with TestClient(build_app(user_name="Kim")) as client:
        changed = client.patch("/api/me", json={"preferred_name": "Kimi", "record_calls": True})
        assert (changed.json()["preferred_name"], changed.json()["record_calls"]) == ("Kimi", True)
        assert client.get("/api/me").json() == changed.json()
        back = client.patch("/api/me", json={"preferred_name": None}).json()
        assert back["preferred_name"] == "Kim"
        assert client.patch("/api/me", json={"memory_policy": None}).status_code == 400
