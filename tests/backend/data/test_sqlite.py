"""What is SQLite's own: the file, its lock, its disk."""

import asyncio
import sqlite3
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from backend import internal
from backend.data import db, sqlite
from backend.data.db import Database
from chassis.health import ProbeFailed
from tests.backend.apps import SERVICE_KEY, app_with
from tests.backend.data.turns import say
from tests.processes import until

FILE = Path(".parley/data/parley.db")
URL = f"sqlite+aiosqlite:///{FILE}"


@contextmanager
def locked() -> Iterator[None]:
    """Another process is in the middle of a write."""
    other = sqlite3.connect(FILE, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.execute("ROLLBACK")
    other.close()


@contextmanager
def agent_of(folder: Path) -> Iterator[TestClient]:
    headers = {"authorization": f"Bearer {SERVICE_KEY}"}
    # A crash would be raised here, not answered with a 500.
    with TestClient(app_with(folder), headers=headers) as client:
        yield client


async def test_it_is_made_and_migrated_and_read_by_its_owner_only() -> None:
    async with Database(URL) as database:
        await database.probe()
        files = list(FILE.parent.iterdir())
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_a_locked_database_is_unavailable_until_it_is_free(tmp_path: Path) -> None:
    with agent_of(tmp_path) as agent:
        with locked():
            assert say(agent, "1") == 503
            # Readers go on.
            assert agent.get("/internal/conversations/c1/context").status_code == 200
        assert say(agent, "1") == 201


def test_a_full_disk_is_unavailable_until_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(connection: sqlite3.Connection, record: object) -> None:
        connect(connection, record)
        connection.execute("PRAGMA max_page_count = 1")  # SQLite's own word for a full disk

    connect = sqlite._on_connect
    with agent_of(tmp_path):
        pass
    with monkeypatch.context() as patch, agent_of_full(tmp_path, patch, full) as agent:
        statuses = {say(agent, str(i)) for i in range(60)}
        assert 503 in statuses
        assert statuses <= {201, 503}
    with agent_of(tmp_path) as agent:
        assert say(agent, "room again") == 201


@contextmanager
def agent_of_full(
    folder: Path, patch: pytest.MonkeyPatch, on_connect: object
) -> Iterator[TestClient]:
    patch.setattr(sqlite, "_on_connect", on_connect)
    with agent_of(folder) as agent:
        yield agent


@pytest.mark.parametrize(("deadline_s", "answer_within_s"), [(1, 60), (60, 1)])
def test_a_slow_database_is_unavailable_until_it_is_fast(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    deadline_s: float,
    answer_within_s: float,
) -> None:
    """Cut short from within, or left behind."""

    def slow(connection: Any, record: object) -> None:
        connect(connection, record)
        connection.create_function("length", 1, lambda _: released.wait(6))

    released = threading.Event()
    connect = sqlite._on_connect
    monkeypatch.setattr(sqlite, "_on_connect", slow)
    monkeypatch.setattr(db, "DEADLINE_S", deadline_s)
    monkeypatch.setattr(internal, "ANSWER_WITHIN_S", answer_within_s)
    with agent_of(tmp_path) as agent:
        until(lambda: say(agent, "1") in (200, 201), 20)
        with sqlite3.connect(FILE) as other:
            # Every write of a turn now takes as long as the function does.
            other.execute(
                "CREATE TRIGGER slow AFTER INSERT ON turns BEGIN SELECT length(NEW.text); END"
            )
        assert say(agent, "2") == 503
        released.set()
        until(lambda: say(agent, "2") in (200, 201), 20)


def test_a_lost_file_is_unavailable_and_unready(tmp_path: Path) -> None:
    with agent_of(tmp_path) as agent:
        assert say(agent, "1") == 201
    FILE.write_bytes(b"not a database at all" * 100)
    for side in ("-wal", "-shm"):
        Path(f"{FILE}{side}").unlink(missing_ok=True)
    with agent_of(tmp_path) as agent:
        assert say(agent, "2") == 503
        assert agent.get("/internal/conversations/c1/context").status_code == 503
        body = agent.get("/health/ready").json()
        assert not body["ready"]
        (found,) = [d for d in body["dependencies"] if d["name"] == "database"]
        assert "not a database" in found["last_error"]


async def test_what_could_not_be_migrated_at_start_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(db, "RETRY_S", 0.05)
    FILE.parent.parent.mkdir()
    FILE.parent.write_text("in the way")
    async with Database(URL) as database:
        with pytest.raises(ProbeFailed, match="cannot migrate"):
            await database.probe()
        FILE.parent.unlink()
        async with asyncio.timeout(20):
            assert database._migrating is not None
            await database._migrating
        await database.probe()


async def test_a_database_that_cannot_be_written_is_not_ready() -> None:
    async with Database(URL) as database:
        with locked(), pytest.raises(ProbeFailed, match="locked"):
            await database.probe()
        await database.probe()


async def test_a_cancelled_writer_leaves_no_lock_behind() -> None:
    """Wherever it was, and although its error is kept, and with the traceback its statement."""

    async def write() -> None:
        async with database.writing() as session:
            await session.execute(text("UPDATE leases SET beats = beats + 1"))

    async with Database(URL) as database:
        for step in range(40):
            writer = asyncio.create_task(write())
            await asyncio.sleep(step * 1e-4)  # a little further each time
            writer.cancel()
            kept = await asyncio.gather(writer, return_exceptions=True)
            await write()
            del kept
