"""Telephone calls go where their user's data goes: into the export, and away."""

from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import func, select

from backend.conversations.retention import purge
from backend.conversations.tables import ConversationRow
from backend.data.db import Database
from backend.phone import calls
from backend.phone.tables import CallRow, PhoneLineRow
from chassis.ended import EndedReason

LINE = {
    "numbers": ["+4930123456"],
    "allowed_addresses": ["203.0.113.7"],
    "pin": "842751",
    "auth_user": "pbx",
    "auth_password": "hidden-in",
}
STRANGER = "+33612345678"


def talk(agent: TestClient) -> dict[str, Any]:
    """A stranger calls a line of the local user, and says something."""
    line = LINE | {"pin": None}
    line_id = agent.post("/api/phone/lines", json=line).json()["id"]
    body = {"room": "call-sip-1", "line_id": line_id, "caller": STRANGER}
    told: dict[str, Any] = agent.post("/internal/calls", json=body).json()
    now = datetime.now(UTC).isoformat()
    known = {name: told[name] for name in ("conversation_id", "user_id")}
    begun = known | {"channel": "sip", "started_at": now, "room": "call-sip-1"}
    assert agent.post("/internal/conversations", json=begun).is_success
    turn = {"role": "user", "text": "Hello.", "started_at": now}
    path = f"/internal/conversations/{told['conversation_id']}/turns"
    assert agent.post(path, json=turn, headers={"idempotency-key": "t1"}).is_success
    return told


async def left(database: Database) -> list[int]:
    async with database.reading() as session:
        tables = (PhoneLineRow, CallRow, ConversationRow)
        counts = [await session.scalar(select(func.count()).select_from(t)) for t in tables]
    return [count or 0 for count in counts]


async def test_forget_me_takes_lines_calls_and_what_strangers_said(
    agent: TestClient, database: Database
) -> None:
    told = talk(agent)
    assert await left(database) == [1, 1, 1]
    assert agent.post("/api/me/forget", json={"confirm": "local"}).status_code == 204
    assert await left(database) == [0, 0, 0]
    late = agent.post(f"/internal/calls/{told['call_id']}/ended", json={"reason": "user_hung_up"})
    assert late.json()["error"]["code"] == "forgotten"


def test_the_export_has_calls_and_lines_without_secrets(agent: TestClient) -> None:
    told = talk(agent)
    file = agent.get("/api/me/export")
    (call,) = file.json()["calls"]
    assert (call["id"], call["caller"]) == (told["call_id"], STRANGER)
    (line,) = file.json()["phone_lines"]
    assert line["numbers"] == ["+4930123456"]
    assert "hidden" not in file.text
    again = agent.post("/api/me/import", json=file.json())
    assert again.is_success


async def test_a_deleted_conversation_leaves_the_call(
    agent: TestClient, database: Database
) -> None:
    line = LINE | {"trusted_callers": [STRANGER]}
    line_id = agent.post("/api/phone/lines", json=line).json()["id"]
    body = {"room": "call-sip-1", "line_id": line_id, "caller": STRANGER}
    told = agent.post("/internal/calls", json=body).json()
    begun = {"conversation_id": told["conversation_id"], "user_id": told["user_id"]}
    begun |= {"channel": "sip", "started_at": datetime.now(UTC).isoformat()}
    assert agent.post("/internal/conversations", json=begun).is_success
    assert agent.delete(f"/api/conversations/{told['conversation_id']}").status_code == 204
    (call,) = agent.get("/api/calls").json()["calls"]
    assert call["conversation_id"] is None


async def test_old_calls_go_and_those_that_are_on_stay(database: Database) -> None:
    now = datetime.now(UTC)
    async with database.writing() as session:
        for number in range(3):
            new = calls.NewCall(
                room=f"call-sip-{number}",
                direction="inbound",
                line=None,
                caller=None,
                called=None,
            )
            row = await calls.begin(session, new)
            row.started_at = now - timedelta(days=10)
            if number:
                at = now - timedelta(days=10 if number == 1 else 1)
                calls.end(row, EndedReason.USER_HUNG_UP, at)
    await purge(database, 7, now)
    async with database.reading() as session:
        kept = [row.ended_at is None for row in await session.scalars(select(CallRow))]
    assert sorted(kept) == [False, True]
