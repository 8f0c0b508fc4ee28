"""API keys: shown once, kept hashed, replaced with an overlap, ended at once."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from backend.accounts.tables import AuditRow, UserRow
from backend.data.db import Database
from backend.gateway import keys
from backend.gateway.keychain import Keychain
from backend.gateway.schema import NewApiKey
from backend.gateway.tables import ApiKeyRow
from chassis.errors import Conflict, InvalidRequest, NotFound, Unauthorized
from tests.processes import until

USER, OTHER = "local", "other"
ASKED = NewApiKey(name="mine", scopes=["llm"])


def now() -> datetime:
    return datetime.now(UTC)


async def make(database: Database, asked: NewApiKey = ASKED) -> tuple[str, str]:
    """Id and key."""
    async with database.writing() as session:
        row, key = await keys.make_key(session, USER, asked, now())
        return row.id, key


async def revoke(database: Database, key_id: str) -> None:
    async with database.writing() as session:
        await keys.revoke_key(session, USER, key_id, now())


def test_a_key_is_shown_once_and_kept_as_a_hash(client: TestClient) -> None:
    made = client.post("/api/keys", json={"name": " mine ", "scopes": ["tts", "llm", "llm"]})
    assert made.status_code == 201
    assert made.headers["cache-control"] == "no-store"
    key = made.json()["key"]
    assert key.startswith("pk-")
    assert len(key) == 3 + 43
    (listed,) = client.get("/api/keys").json()["keys"]
    assert "key" not in listed
    assert listed == {name: value for name, value in made.json().items() if name != "key"}
    assert (listed["name"], listed["scopes"]) == ("mine", ["llm", "tts"])
    assert key.startswith(listed["hint"])


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"name": ""}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["everything"]}, "scopes.0"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "2120-01-01T00:00:00"}, "expires_at"),
        ({"expires_at": "9999-12-31T23:59:59-14:00"}, "expires_at"),
        ({"requests_per_minute": 0}, "requests_per_minute"),
        ({"tokens_per_day": 10**12}, "tokens_per_day"),
        ({"audio_minutes_per_day": -1}, "audio_minutes_per_day"),
        ({"key": "pk-mine"}, "key"),
    ],
)
def test_what_is_wrong_with_a_key_is_named(
    client: TestClient, asked: dict[str, Any], field: str
) -> None:
    response = client.post("/api/keys", json={"name": "a", "scopes": ["llm"]} | asked)
    assert response.status_code == 400
    assert response.json()["error"]["param"] == field


async def test_making_rotating_and_revoking_are_written_down(
    client: TestClient, database: Database
) -> None:
    first = client.post("/api/keys", json={"name": "a", "scopes": ["llm"]}).json()
    second = client.post(f"/api/keys/{first['id']}/rotate").json()
    assert client.delete(f"/api/keys/{second['id']}").status_code == 204
    assert client.delete(f"/api/keys/{second['id']}").status_code == 204
    async with database.reading() as session:
        rows = await session.scalars(select(AuditRow).order_by(AuditRow.id))
        written = [(row.action, row.target) for row in rows]
    assert written[:3] == [
        ("key_created", first["id"]),
        ("key_rotated", first["id"]),
        ("key_revoked", second["id"]),
    ]


async def test_anothers_key_is_one_that_is_not_there(database: Database) -> None:
    key_id, _ = await make(database)
    async with database.writing() as session:
        with pytest.raises(NotFound):
            await keys.revoke_key(session, OTHER, key_id, now())
        with pytest.raises(NotFound):
            await keys.rotate_key(session, OTHER, key_id, 0, now())
        assert await keys.keys_of(session, OTHER) == []


async def test_both_keys_work_for_the_overlap_and_then_the_new_one_alone(
    database: Database,
) -> None:
    key_id, old = await make(database)
    async with Keychain(database) as keychain:
        await keychain.find(old)
        async with database.writing() as session:
            row, new = await keys.rotate_key(session, USER, key_id, 3600, now())
            assert row.rotated_from == key_id
        keychain.ended(key_id)
        assert (await keychain.find(old)).id == key_id
        assert (await keychain.find(new)).scopes == {"llm"}
        async with database.writing() as session:
            old_row = await session.get(ApiKeyRow, key_id)
            assert old_row is not None
            old_row.expires_at = now() - timedelta(seconds=1)
        keychain.ended(key_id)
        with pytest.raises(Unauthorized, match="expired"):
            await keychain.find(old)
        assert (await keychain.find(new)).id == row.id


async def test_an_ended_key_cannot_be_rotated(database: Database) -> None:
    key_id, _ = await make(database)
    await revoke(database, key_id)
    async with database.writing() as session:
        with pytest.raises(Conflict):
            await keys.rotate_key(session, USER, key_id, 10, now())


async def test_a_rotation_never_prolongs_a_key(database: Database) -> None:
    soon = now() + timedelta(minutes=1)
    key_id, _ = await make(database, NewApiKey(name="a", scopes=["llm"], expires_at=soon))
    async with database.writing() as session:
        row, _ = await keys.rotate_key(session, USER, key_id, 86_400, now())
        old = await session.get(ApiKeyRow, key_id)
    assert old is not None
    assert old.expires_at == soon
    assert row.expires_at == soon


async def test_a_key_revoked_here_ends_at_once(database: Database) -> None:
    key_id, key = await make(database)
    async with Keychain(database) as keychain:
        await keychain.find(key)
        assert keychain.works(key)
        await revoke(database, key_id)
        keychain.ended(key_id)
        assert not keychain.works(key)
        with pytest.raises(Unauthorized):
            await keychain.find(key)


async def test_a_key_revoked_by_another_backend_ends_soon(
    database: Database, another: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.gateway.keychain.REFRESH_EVERY_S", 0.05)
    key_id, key = await make(database)
    async with Keychain(database) as keychain:
        await keychain.find(key)
        await revoke(another, key_id)
        await _ends(keychain, key)


async def test_the_keys_of_a_disabled_user_end(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.gateway.keychain.REFRESH_EVERY_S", 0.05)
    _, key = await make(database)
    async with Keychain(database) as keychain:
        await keychain.find(key)
        async with database.writing() as session:
            user = await session.get(UserRow, USER)
            assert user is not None
            user.disabled_at = now()
        await _ends(keychain, key)


async def _ends(keychain: Keychain, key: str) -> None:
    await asyncio.to_thread(until, lambda: not keychain.works(key), 10)
    with pytest.raises(Unauthorized):
        await keychain.find(key)


async def test_a_known_key_is_found_without_the_database(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, key = await make(database)
    async with Keychain(database) as keychain:
        await keychain.find(key)

        def no_reading() -> None:
            raise AssertionError("the database was asked")

        monkeypatch.setattr(database, "reading", no_reading)
        for _ in range(100):
            await keychain.find(key)


@pytest.mark.parametrize("secret", ["", "pk-", "sk-something", "pk-" + "a" * 43, "pk-\udcff"])
async def test_what_is_no_key_finds_nothing(database: Database, secret: str) -> None:
    with pytest.raises(Unauthorized):
        await Keychain(database).find(secret)


async def test_ended_keys_make_room_and_working_ones_do_not(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.gateway.keys.MAX_KEYS", 2)
    first, _ = await make(database)
    await make(database)
    with pytest.raises(Conflict):
        await make(database)
    await revoke(database, first)
    await make(database)


async def test_a_key_that_is_past_already_is_not_made(database: Database) -> None:
    past = NewApiKey(name="a", scopes=["llm"], expires_at=now() - timedelta(seconds=1))
    with pytest.raises(InvalidRequest):
        await make(database, past)
