"""The backend or its database fails: the call goes on, every turn is recorded once.

The numbers of the rows are those of docs/faults.md.
"""

import asyncio
import resource
import sqlite3
from contextlib import closing

import psutil
import pytest

from parley.caller import Caller
from tests.faults.calls import MAIN_REPLY, calling, hears, is_answered, write
from tests.faults.rig import Rig
from tests.processes import until

pytestmark = pytest.mark.e2e

DELIVERED_WITHIN_S = 20.0


def recorded(rig: Rig, text: str) -> list[str]:
    """Who said `text`, by the database, in order."""
    path = f"file:{rig.database}?mode=ro"
    with closing(sqlite3.connect(path, uri=True, timeout=5)) as database:
        rows = database.execute(
            "SELECT role FROM turns WHERE text LIKE ? ORDER BY started_at", (f"%{text}%",)
        ).fetchall()
    return [str(role) for (role,) in rows]


async def says(caller: Caller, text: str) -> None:
    """A turn that must be answered whatever is broken."""
    since = await write(caller, text)
    await hears(caller, since, {MAIN_REPLY}, 3.5, text)
    await caller.until_quiet()


async def test_turns_made_while_the_backend_is_away_arrive_once(rig: Rig) -> None:
    """Row 35: kill -9 in mid-call."""
    async with calling(rig) as caller:
        await is_answered(caller, "before")
        rig.backend.kill()
        for word in ("one", "two"):
            await says(caller, f"backend away {word}")
        rig.backend.start()
        await asyncio.to_thread(rig.backend.wait_ready)
        await asyncio.to_thread(
            until, lambda: len(recorded(rig, "backend away")) >= 2, DELIVERED_WITHIN_S
        )
        await is_answered(caller, "after")
    assert recorded(rig, "backend away") == ["user", "user"]


async def test_a_locked_database_holds_up_no_call(rig: Rig) -> None:
    """Row 35."""
    async with calling(rig) as caller:
        with closing(sqlite3.connect(rig.database, timeout=5)) as database:
            database.execute("BEGIN EXCLUSIVE")
            await says(caller, "database locked")
            assert recorded(rig, "database locked") == []
            await asyncio.sleep(6)  # longer than the backend waits for a lock
            database.rollback()
    await asyncio.to_thread(
        until, lambda: recorded(rig, "database locked") == ["user"], DELIVERED_WITHIN_S
    )


async def test_a_full_disk_under_the_backend_holds_up_no_call(rig: Rig) -> None:
    """Row 35: no file of its may grow."""
    process = psutil.Process(rig.backend.pid)
    unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    async with calling(rig) as caller:
        process.rlimit(psutil.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        try:
            await says(caller, "disk full")
            assert recorded(rig, "disk full") == []
        finally:
            process.rlimit(psutil.RLIMIT_FSIZE, unlimited)
    await asyncio.to_thread(
        until, lambda: recorded(rig, "disk full") == ["user"], DELIVERED_WITHIN_S
    )


async def test_a_corrupt_database_is_said_and_calls_go_on(rig: Rig) -> None:
    """Row 35."""
    sound = rig.database.read_bytes()
    async with calling(rig) as caller:
        rig.backend.kill()
        rig.database.write_bytes(b"this is no database" * 1000)
        rig.backend.start()
        try:
            await is_answered(caller, "with a corrupt database")
            until(lambda: b"database" in rig.backend.log.read_bytes(), 10)
        finally:
            rig.backend.kill()
            rig.database.write_bytes(sound)
            for rest in rig.database.parent.glob(f"{rig.database.name}-*"):
                rest.unlink()
