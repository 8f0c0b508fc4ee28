"""Work on the tools' file is whole or not done, whoever else is at it."""

import asyncio
import signal
import sqlite3
import sys
import threading
from pathlib import Path

import pytest

from livekit_agent.tools.database import Database, StoreUnavailable
from livekit_agent.tools.schedule import Schedule
from livekit_agent.tools.timers import timer_tools
from tests.livekit_agent.tools.calls import call

ADD = "INSERT INTO list_items (owner, list, item) VALUES ('o', 'l', ?)"
KILLED_AGENT = """
import asyncio, os, signal, sys
from pathlib import Path
from livekit_agent.tools.database import Database
from livekit_agent.tools.schedule import Schedule
from livekit_agent.tools.timers import timer_tools

async def say(words): ...

async def main():
    database = Database(Path(sys.argv[1]))
    async with Schedule(database, say, conversation_id="c", owner="local") as schedule:
        await timer_tools(schedule)[0](duration_s=1.0, label="tea")
        os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


def count(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT count(*) FROM list_items").fetchone()[0])


async def test_many_first_uses_at_once_find_one_file(tmp_path: Path) -> None:
    databases = [Database(tmp_path / "new") for _ in range(8)]
    work = [d.run(lambda db, n=n: db.execute(ADD, (str(n),))) for n, d in enumerate(databases)]  # type: ignore[misc]
    await asyncio.gather(*work)
    assert await databases[0].run(count) == 8
    assert (tmp_path / "new" / "notes.db").stat().st_mode & 0o777 == 0o600


async def test_work_that_fails_leaves_nothing(tmp_path: Path) -> None:
    database = Database(tmp_path)

    def fail(db: sqlite3.Connection) -> None:
        db.execute(ADD, ("milk",))
        raise ValueError("half way")

    with pytest.raises(ValueError, match="half way"):
        await database.run(fail)
    assert await database.run(count) == 0


async def test_who_is_cancelled_waits_until_the_work_is_whole(tmp_path: Path) -> None:
    database = Database(tmp_path)
    begun, go_on = threading.Event(), threading.Event()

    def slowly(db: sqlite3.Connection) -> None:
        begun.set()
        go_on.wait(5)
        db.execute(ADD, ("milk",))

    working = asyncio.create_task(database.run(slowly))
    await asyncio.to_thread(begun.wait, 5)
    working.cancel()
    asyncio.get_running_loop().call_later(0.05, go_on.set)
    with pytest.raises(asyncio.CancelledError):
        await working
    assert await database.run(count) == 1


async def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "notes.db").write_bytes(b"not a database, but long enough to be read as one" * 99)
    with pytest.raises(StoreUnavailable):
        await Database(tmp_path).run(count)


async def test_a_timer_outlives_an_agent_that_is_killed(tmp_path: Path) -> None:
    agent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED_AGENT, str(tmp_path), cwd=Path(__file__).parents[3]
    )
    assert await asyncio.wait_for(agent.wait(), 60) == -signal.SIGKILL
    said: asyncio.Queue[str] = asyncio.Queue()
    async with (
        Schedule(Database(tmp_path), said.put, conversation_id="c", owner="local") as schedule,
        asyncio.timeout(10),
    ):
        assert "tea timer" in await said.get()
    assert await call(timer_tools(schedule), "list_timers") == {"timers": []}
