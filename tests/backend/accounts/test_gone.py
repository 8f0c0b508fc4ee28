"""Whoever must not go on is in no call either."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr

from backend.accounts.entry import Entry
from backend.accounts.gone import Deed
from backend.accounts.routes import account_routes
from backend.accounts.setup import FirstAdmin
from backend.accounts.sign_in import SignIn
from backend.accounts.users import delete_account
from backend.data.db import Database
from backend.settings import BackendSettings
from chassis.health import Health
from chassis.metrics import Metrics
from chassis.service import create_app
from tests.backend.accounts.people import HERE, ORIGIN, PASSWORD, Browser, set_up, signed_up


@pytest.fixture
def gone() -> list[str]:
    """Ids of users whose calls were ended."""
    return []


@pytest.fixture
def house(sqlite_file_url: str, gone: list[str]) -> Iterator[TestClient]:
    settings = BackendSettings(auth="on", signup="open", database_url=SecretStr(sqlite_file_url))
    database = Database(sqlite_file_url)
    sign_in = SignIn(settings, database)

    async def on_user_gone(user_id: str) -> None:
        gone.append(user_id)

    async def forget_user(user_id: str, deed: Deed) -> None:
        async with database.writing() as session:
            await deed(session)
            await delete_account(session, user_id)
        await on_user_gone(user_id)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with database:
            yield

    metrics = Metrics("backend")
    health = Health("backend", metrics)
    app = create_app("backend", metrics=metrics, health=health, lifespan=lifespan)
    app.include_router(
        account_routes(
            *(settings, database, sign_in),
            *(Entry(settings, database, sign_in.sessions), FirstAdmin(settings, database)),
            on_user_gone=on_user_gone,
            on_user_disabled=on_user_gone,
            forget_user=forget_user,
        )
    )
    with TestClient(app, base_url=ORIGIN, client=HERE) as client:
        yield client


def id_of(browser: Browser) -> str:
    return str(browser.get("/api/me").json()["id"])


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_who_is_disabled_or_deleted(house: TestClient, gone: list[str], method: str) -> None:
    admin, anna = set_up(house), signed_up(house, "anna")
    anna_id = id_of(anna)
    body = {"disabled": True} if method == "PATCH" else None
    assert admin.request(method, f"/api/users/{anna_id}", json=body).is_success
    assert gone == [anna_id]


def test_who_puts_every_other_browser_out(house: TestClient, gone: list[str]) -> None:
    anna = signed_up(house, "anna")
    anna.delete("/api/me/sessions")
    assert gone == [id_of(anna)]


def test_who_changes_the_password(house: TestClient, gone: list[str]) -> None:
    anna = signed_up(house, "anna")
    anna.post("/api/me/password", {"current": "wrong", "new": "another good one"})
    assert gone == []
    anna.post("/api/me/password", {"current": PASSWORD, "new": "another good one"})
    assert gone == [id_of(anna)]


def test_nobody_else(house: TestClient, gone: list[str]) -> None:
    admin, anna = set_up(house), signed_up(house, "anna")
    admin.patch(f"/api/users/{id_of(anna)}", {"role": "admin"})
    anna.post("/api/auth/logout")
    assert gone == []
