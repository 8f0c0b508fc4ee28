"""What holds on every database."""

import asyncio
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr, ValidationError
from sqlalchemy import text

from backend.data.db import Database
from backend.settings import BackendSettings
from chassis.errors import InvalidRequest
from chassis.health import ProbeFailed
from tests.processes import ROOT, clean_env

COUNT = text("SELECT count(*) FROM personas")
NAMES = text("SELECT name FROM personas ORDER BY id")
RENAME = text("UPDATE personas SET name = 'Lucy' WHERE id = 'lumina'")


async def names(database: Database) -> list[str]:
    async with database.reading() as session:
        return list(await session.scalars(NAMES))


async def test_it_is_migrated_when_entered(database: Database) -> None:
    await database.probe()
    assert await names(database) == ["Atlas", "Lumina", "Pepper"]


async def test_a_second_start_keeps_what_is_there(database_url: str) -> None:
    async with Database(database_url) as database, database.writing() as session:
        await session.execute(RENAME)
    async with Database(database_url) as database:
        assert await names(database) == ["Atlas", "Lucy", "Pepper"]


async def test_two_backends_may_start_at_once(empty_database_url: str) -> None:
    first, second = Database(empty_database_url), Database(empty_database_url)
    await asyncio.gather(first.migrate(), second.migrate())
    async with first, second:
        await asyncio.gather(first.probe(), second.probe())
        assert len(await names(first)) == 3


async def test_a_block_that_fails_keeps_nothing(database: Database) -> None:
    with suppress(ZeroDivisionError):
        async with database.writing() as session:
            await session.execute(text("DELETE FROM personas"))
            _ = 1 / 0
    assert len(await names(database)) == 3


async def test_a_reader_sees_one_state_while_another_writes(
    database: Database, another: Database
) -> None:
    async with database.reading() as session:
        before = list(await session.scalars(NAMES))
        async with another.writing() as writer:
            await writer.execute(RENAME)
        assert list(await session.scalars(NAMES)) == before
    assert "Lucy" in await names(database)


async def test_what_a_writer_read_stays_true_until_it_is_done(
    database: Database, another: Database
) -> None:
    """Twenty at once each add one to what they read, in two processes as it were."""

    async def add_one(where: Database) -> None:
        async with where.writing() as session:
            beats = await session.scalar(text("SELECT beats FROM leases"))
            await session.execute(text("UPDATE leases SET beats = :to"), {"to": beats + 1})

    await asyncio.gather(*(add_one(where) for where in (database, another) * 10))
    async with database.reading() as session:
        assert await session.scalar(text("SELECT beats FROM leases")) == 20


async def test_a_number_no_column_can_hold_is_the_askers_fault(database: Database) -> None:
    with pytest.raises(InvalidRequest):
        async with database.writing() as session:
            await session.execute(text("UPDATE leases SET beats = :to"), {"to": 2**80})


async def test_a_database_of_a_newer_parley_is_left_alone(database_url: str) -> None:
    async with Database(database_url) as database, database.writing() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    async with Database(database_url) as database:
        with pytest.raises(ProbeFailed, match="9999"):
            await database.probe()


def test_the_backend_is_ready_when_its_database_is(client: TestClient) -> None:
    for _ in range(500):
        if client.get("/health/ready").status_code == 200:
            break
    states = {d["name"]: d for d in client.get("/health/ready").json()["dependencies"]}
    assert states["database"]["state"] == "ready"
    assert states["database"]["required"]


@pytest.mark.parametrize(
    "url",
    [
        "parley.db",
        "mysql://a:hunter2@b/c",
        "postgresql+psycopg2://a:hunter2@b/c",
        "postgresql://a:hunter2@b",
        "postgresql://a:hunter2@b:port/c",
        "sqlite+aiosqlite://",
        "sqlite+aiosqlite:///:memory:",
    ],
)
def test_a_url_of_no_known_database_stops_the_start(url: str) -> None:
    with pytest.raises(ValidationError, match="postgresql://user:password@host/name") as refused:
        BackendSettings(database_url=SecretStr(url))
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("postgresql://a:hunter2@b/c", "postgresql+asyncpg://a:hunter2@b/c"),
        ("postgres://b:5433/c", "postgresql+asyncpg://b:5433/c"),
        ("postgresql+asyncpg://b/c", "postgresql+asyncpg://b/c"),
        ("postgres://b/c?sslmode=require", "postgresql+asyncpg://b/c?ssl=require"),
    ],
)
def test_postgresql_may_be_said_as_everywhere(said: str, meant: str) -> None:
    assert BackendSettings(database_url=SecretStr(said)).database_url.get_secret_value() == meant


def test_a_wrong_url_is_said_by_name(tmp_path: Path) -> None:
    env = clean_env({"BACKEND_DATABASE_URL": "nonsense", "PYTHONPATH": str(ROOT)})
    command = [sys.executable, "-m", "backend", "--check"]
    done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == os.EX_CONFIG
    assert b"BACKEND_DATABASE_URL" in done.stderr
