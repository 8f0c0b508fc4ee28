"""Keys are changed while the service runs; then the old one is not needed any more."""

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from backend.data import commands
from backend.data.copied import CopyFailed
from backend.data.db import Database
from backend.data.encryption import KeyRing
from backend.data.rotation import keys_needed, rotated
from backend.memories.tables import MemoryRow
from backend.settings import BackendSettings
from chassis.errors import Unavailable
from tests.backend.data.kept import add, titles

OLD, NEW = "o" * 32, "n" * 32


def ring(*secrets: str) -> KeyRing:
    return KeyRing([SecretStr(secret) for secret in secrets])


def bind(database: Database, keys: KeyRing) -> None:
    keys.bind(database.engines.readers, database.engines.writers)


def settings(url: str, *secrets: str) -> BackendSettings:
    keys = [SecretStr(secret) for secret in secrets]
    return BackendSettings(database_url=SecretStr(url), encryption_keys=keys)


async def needed(database: Database) -> set[str]:
    async with database.engines.readers.connect() as connection:
        found: set[str] = await connection.run_sync(keys_needed)
        return found


async def test_after_a_rotation_the_old_key_can_go(database: Database, database_url: str) -> None:
    bind(database, ring())
    await add(database, "from before there was a key")
    bind(database, ring(OLD))
    await add(database, *(f"sealed {i}" for i in range(250)))
    before = await titles(database)
    bind(database, ring(NEW, OLD))
    said = await commands.rotate_keys(settings(database_url, NEW, OLD))
    assert "conversations: 251 rows" in said
    assert "older keys can be removed" in said[-1]
    assert await needed(database) == {ring(NEW).newest}
    bind(database, ring(NEW))
    assert await titles(database) == before
    bind(database, ring(OLD))
    with pytest.raises(Unavailable, match="need encryption key"):
        await titles(database)


async def test_a_second_rotation_has_nothing_to_do(database: Database, database_url: str) -> None:
    await add(database, "a title")
    await commands.rotate_keys(settings(database_url, NEW))
    said = await commands.rotate_keys(settings(database_url, NEW))
    assert all(": 0 rows" in line for line in said[:-1])


async def test_a_rotation_that_was_stopped_goes_on(database: Database) -> None:
    await add(database, *(f"title {i}" for i in range(150)))
    async with aclosing(rotated(database, ring(OLD))) as tables:
        await anext(tables)
    async with aclosing(rotated(database, ring(NEW, OLD))) as tables:
        async for _ in tables:
            pass
    assert await needed(database) == {ring(NEW).newest}


async def test_what_is_not_text_is_encrypted_anew_too(
    database: Database, database_url: str
) -> None:
    bind(database, ring(OLD))
    async with database.writing() as session:
        session.add(
            MemoryRow(
                id="m1",
                user_id="local",
                idempotency_key="1",
                text="likes tea",
                kind="fact",
                proposed=False,
                version=1,
                embedding=bytes(range(256)),
                recorded_at=datetime.now(UTC),
            )
        )
    await commands.rotate_keys(settings(database_url, NEW, OLD))
    bind(database, ring(NEW))
    async with database.reading() as session:
        found = await session.execute(select(MemoryRow.text, MemoryRow.embedding))
        assert found.one() == ("likes tea", bytes(range(256)))


async def test_the_service_writes_on_meanwhile(database: Database, database_url: str) -> None:
    bind(database, ring(NEW, OLD))
    await add(database, *(f"title {i:03}" for i in range(300)))
    rotation = asyncio.create_task(commands.rotate_keys(settings(database_url, NEW, OLD)))
    while not rotation.done():
        await add(database, "meanwhile")
    await rotation
    assert (await titles(database))[-300:] == [f"title {i:03}" for i in range(300)]


async def test_a_key_that_is_missing_is_named(database: Database, database_url: str) -> None:
    bind(database, ring(OLD))
    await add(database, "by a backend that nobody restarted")
    with pytest.raises(Unavailable, match=f"{ring(OLD).newest}.*BACKEND_ENCRYPTION_KEYS"):
        await commands.rotate_keys(settings(database_url, NEW))


async def test_without_a_key_there_is_nothing_to_rotate_to(database_url: str) -> None:
    with pytest.raises(CopyFailed, match="BACKEND_ENCRYPTION_KEYS is empty"):
        await commands.rotate_keys(settings(database_url))
