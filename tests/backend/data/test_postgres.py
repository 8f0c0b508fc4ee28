"""What is PostgreSQL's own: a server that locks, ends connections, and is gone."""

from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from backend.data.db import Database
from backend.data.postgres import WRITERS_LOCK
from chassis.errors import InvalidRequest, Unavailable
from chassis.health import ProbeFailed
from tests.backend.apps import SERVICE_KEY, app_with
from tests.backend.data.turns import say
from tests.backend.postgres import Postgres

OTHERS = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()"""
LOCK = f"SELECT pg_advisory_lock({WRITERS_LOCK})"
COUNT = text("SELECT count(*) FROM personas")


def dsn(url: str) -> str:
    return url.replace("+asyncpg", "")


@pytest.fixture
def pg_agent(tmp_path: Path, postgres_url: str) -> Iterator[TestClient]:
    headers = {"authorization": f"Bearer {SERVICE_KEY}"}
    app = app_with(tmp_path, database_url=postgres_url)
    with TestClient(app, headers=headers) as agent:
        yield agent


async def test_a_writer_that_waits_too_long_is_told(postgres_url: str) -> None:
    async with Database(postgres_url) as database:
        other = await asyncpg.connect(dsn(postgres_url))
        await other.execute(LOCK)
        with pytest.raises(Unavailable):
            async with database.writing() as session:
                await session.execute(COUNT)
        with pytest.raises(ProbeFailed, match="lock timeout"):
            await database.probe()
        async with database.reading() as session:  # readers go on
            assert await session.scalar(COUNT) == 3
        await other.close()
        await database.probe()


async def test_a_statement_that_takes_too_long_is_ended_by_the_server(postgres_url: str) -> None:
    async with Database(postgres_url) as database:
        with pytest.raises(Unavailable):
            async with database.reading() as session:
                await session.execute(text("SELECT pg_sleep(60)"))
        await database.probe()


async def test_ended_connections_are_replaced_before_anybody_notices(postgres_url: str) -> None:
    async with Database(postgres_url) as database:
        await database.probe()
        other = await asyncpg.connect(dsn(postgres_url))
        assert await other.fetch(OTHERS)
        await other.close()
        await database.probe()
        async with database.writing() as session:
            assert await session.scalar(COUNT) == 3


async def test_a_connection_that_ends_amid_work_is_unavailable(postgres_url: str) -> None:
    async with Database(postgres_url) as database:
        other = await asyncpg.connect(dsn(postgres_url))

        async def cut_off() -> None:
            async with database.writing() as session:
                await session.execute(text("DELETE FROM personas"))
                await other.fetch(OTHERS)
                await session.execute(COUNT)

        with pytest.raises(Unavailable):
            await cut_off()
        await other.close()
        async with database.reading() as session:
            assert await session.scalar(COUNT) == 3


def test_a_database_that_lets_nobody_in_is_unavailable_until_it_does(
    pg_agent: TestClient, postgres_url: str, postgres_server: Postgres
) -> None:
    name = postgres_url.rpartition("/")[2]
    assert say(pg_agent, "1") == 201
    postgres_server.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    postgres_server.run(OTHERS.replace("current_database()", f"'{name}'"))
    assert say(pg_agent, "2") == 503
    postgres_server.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    assert say(pg_agent, "2") == 201


async def test_without_a_server_it_is_unavailable() -> None:
    async with Database("postgresql+asyncpg://127.0.0.1:9/parley") as database:
        with pytest.raises(ProbeFailed, match="cannot migrate"):
            await database.probe()
        with pytest.raises(Unavailable):
            async with database.reading() as session:
                await session.execute(COUNT)


async def test_a_value_no_column_can_hold_is_refused_and_not_logged(
    postgres_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with Database(postgres_url) as database:
        for value in ("what was said" * 99, "what was\0said"):
            with pytest.raises(InvalidRequest):
                async with database.writing() as session:
                    await session.execute(text("UPDATE leases SET holder = :to"), {"to": value})
    assert "what was" not in capsys.readouterr().out


async def test_a_reason_does_not_tell_the_values(
    postgres_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with Database(postgres_url) as database:
        with pytest.raises(Unavailable):
            async with database.writing() as session:
                await session.execute(text("UPDATE personas SET folded_name = 'what was said'"))
    said = capsys.readouterr().out
    assert "duplicate key" in said
    assert "what was said" not in said


async def test_a_reader_cannot_write(postgres_url: str) -> None:
    async with Database(postgres_url) as database:
        with pytest.raises(Unavailable):
            async with database.reading() as session:
                await session.execute(text("DELETE FROM personas"))
