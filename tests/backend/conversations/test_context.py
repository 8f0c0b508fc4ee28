"""What a call is told of whether to record it, and of what was deleted."""

import asyncio
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from backend.accounts.tables import UserRow
from backend.conversations.deleted import bury
from backend.data.db import Database
from tests.backend.apps import SERVICE_KEY, BuildApp
from tests.backend.conversations.history import at, begin, listed, say

BEARER = {"authorization": f"Bearer {SERVICE_KEY}"}


def context(agent: TestClient, conversation: str = "c1", **query: str) -> Any:
    return agent.get(f"/internal/conversations/{conversation}/context", params=query)


@pytest.mark.parametrize(
    ("allowed", "wanted", "record"),
    [("allowed", True, True), ("allowed", False, False), ("off", True, False)],
)
def test_a_call_is_recorded_if_the_server_and_its_user_want_it(
    build_app: BuildApp, database_url: str, allowed: str, wanted: bool, record: bool
) -> None:
    with TestClient(build_app(recording=allowed), headers=BEARER) as agent:
        asyncio.run(_want_recording(database_url, wanted))
        assert context(agent).json()["record"] is record
        assert context(agent, user_id="on the telephone").json()["record"] is False


def test_a_call_of_what_was_deleted_is_told_so(agent: TestClient, database_url: str) -> None:
    begin(agent, "c1")
    agent.delete("/api/conversations/c1")
    asyncio.run(_bury(database_url, "ann"))
    for answer in (context(agent), context(agent, "new", user_id="ann")):
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "forgotten")


def test_a_deleted_users_call_is_nobodys_either(agent: TestClient, database_url: str) -> None:
    asyncio.run(_bury(database_url, "ann"))
    body = {"conversation_id": "c1", "channel": "web", "started_at": at(0), "user_id": "ann"}
    assert agent.post("/internal/conversations", json=body).status_code == 404
    turn = {"role": "user", "text": "a secret", "started_at": at(1)}
    late = agent.post(
        "/internal/conversations/c1/turns", json=turn, headers={"idempotency-key": "1"}
    )
    assert late.json()["error"]["code"] == "forgotten"
    assert listed(agent)["conversations"] == []
    say(agent, "c2", "hello")  # others' are recorded as ever


def test_what_came_before_word_of_a_deleted_users_call_goes(
    agent: TestClient, database_url: str
) -> None:
    asyncio.run(_bury(database_url, "ann"))
    say(agent, "c1", "a secret")
    assert len(listed(agent)["conversations"]) == 1
    body = {"conversation_id": "c1", "channel": "web", "started_at": at(0), "user_id": "ann"}
    assert agent.post("/internal/conversations", json=body).status_code == 404
    assert listed(agent)["conversations"] == []


async def _want_recording(url: str, wanted: bool) -> None:
    async with Database(url) as database, database.writing() as session:
        await session.execute(update(UserRow).values(record_calls=wanted))


async def _bury(url: str, user_id: str) -> None:
    async with Database(url) as database, database.writing() as session:
        await bury(session, user_id)
