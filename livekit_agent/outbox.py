"""What is to be recorded, on disk until the backend has it: a crash loses nothing of it."""

import asyncio
import json
import os
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import aiosqlite

FILE = "outbox.db"
OPEN_TRIES, OPEN_AGAIN_S = 40, 0.05
BUSY_TIMEOUT_S = 5.0  # other calls' processes write to the same file
SCHEMA = """
CREATE TABLE IF NOT EXISTS letters (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    lane TEXT NOT NULL,
    is_last INTEGER NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    body TEXT NOT NULL,
    key TEXT NOT NULL UNIQUE
);
CREATE INDEX IF NOT EXISTS letters_of_lane ON letters (lane, id);
CREATE TABLE IF NOT EXISTS dead_letters (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    body TEXT NOT NULL,
    key TEXT NOT NULL,
    status INTEGER NOT NULL,
    reason TEXT NOT NULL
);
"""


class OutboxUnavailable(Exception):
    """The disk is full, or the file cannot be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One request on its way. Letters of one lane arrive in the order they were put."""

    id: int
    lane: str
    method: str
    path: str
    body: str
    key: str


class Outbox:
    """Where any process puts letters; one `Deliverer` takes them out. Enter it to use it."""

    def __init__(self, folder: Path) -> None:
        """`folder`: AGENT_DATA_DIR, shared by the processes of a worker. Opens nothing yet."""
        self._path = folder / FILE
        self._db: aiosqlite.Connection | None = None
        self._one_at_a_time = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._close()

    async def put(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any],
        key: str,
        *,
        lane: str | None = None,
        is_last: bool = False,
    ) -> None:
        """On disk when it returns; the same `key` again changes nothing while it waits.

        `lane`: letters with the same one are delivered in order (None: on its own). `is_last`: no
        more of this lane will come. Raises OutboxUnavailable.
        """
        # Half of a surrogate pair, cut off in a stream, is no text: the backend would refuse it.
        text = json.dumps(body, default=str, ensure_ascii=False).encode("utf-8", "replace").decode()
        values = (lane or key, is_last, method, path, text, key)
        await self._run(
            "INSERT OR IGNORE INTO letters (lane, is_last, method, path, body, key)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            values,
        )

    async def heads(self, busy: frozenset[str], limit: int) -> list[Letter]:
        """The oldest letter of each lane, but of those in `busy`."""
        rows = await self._run(
            "SELECT id, lane, method, path, body, key FROM letters WHERE id IN"
            " (SELECT min(id) FROM letters GROUP BY lane) AND lane NOT IN"
            " (SELECT value FROM json_each(?)) ORDER BY id LIMIT ?",
            (json.dumps(list(busy)), limit),
        )
        return [
            Letter(id=i, lane=lane, method=method, path=path, body=body, key=key)
            for i, lane, method, path, body, key in rows
        ]

    async def count(self) -> int:
        """Letters that wait."""
        ((count,),) = await self._run("SELECT count(*) FROM letters", ())
        return int(count)

    async def dead(self) -> int:
        """Letters the backend will never take."""
        ((count,),) = await self._run("SELECT count(*) FROM dead_letters", ())
        return int(count)

    async def remove(self, letter: Letter) -> None:
        """It is where it was to go."""
        await self._run("DELETE FROM letters WHERE id = ?", (letter.id,))

    async def forget(self, letter: Letter) -> None:
        """All of its lane was deleted where it was to go: nothing of it is kept, nor what of it was
        refused before."""
        await self._run("DELETE FROM letters WHERE lane = ?", (letter.lane,))
        await self._run(
            "DELETE FROM dead_letters WHERE substr(key, 1, length(?1) + 1) = ?1 || ':'",
            (letter.lane,),
        )

    async def scrub(self) -> bool:
        """Empty the write-ahead log, which still says what was removed; False: it is in use."""
        ((busy, _, _),) = await self._run("PRAGMA wal_checkpoint(TRUNCATE)", ())
        return not busy

    async def bury(self, letter: Letter, status: int, reason: str) -> None:
        """It will never be taken: kept aside for whoever looks into it."""
        await self._run(
            "INSERT INTO dead_letters (method, path, body, key, status, reason)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (letter.method, letter.path, letter.body, letter.key, status, reason),
        )
        await self.remove(letter)

    async def trim(self, most: int, most_dead: int) -> int:
        """Drop the oldest beyond `most`, of conversations that are over first; how many went."""
        excess = await self.count() - most
        await self._run(
            "DELETE FROM dead_letters WHERE id <= (SELECT max(id) FROM dead_letters) - ?",
            (most_dead,),
        )
        if excess <= 0:
            return 0
        await self._run(
            "DELETE FROM letters WHERE id IN (SELECT id FROM letters ORDER BY"
            " lane IN (SELECT lane FROM letters WHERE is_last) DESC, id LIMIT ?)",
            (excess,),
        )
        return excess

    async def mend(self) -> bool:
        """Set a file aside that is no database any more, so that records go on; True if it was.

        For the one deliverer only: two at once would set aside each other's.
        """
        try:
            await self._run("PRAGMA quick_check", ())
            return False
        except OutboxUnavailable as exc:
            if type(exc.__cause__) is not sqlite3.DatabaseError:  # its children: full, locked, gone
                return False
        self._set_aside()
        return True

    def _set_aside(self) -> None:
        for suffix in ("", "-wal", "-shm"):
            file = Path(f"{self._path}{suffix}")
            if file.exists():
                file.rename(f"{self._path}.broken{suffix}")

    async def _run(self, sql: str, values: tuple[Any, ...]) -> list[Any]:
        async with self._one_at_a_time:
            try:
                if self._db is None:
                    self._db = await self._opened()
                return list(await self._db.execute_fetchall(sql, values))
            except (sqlite3.Error, OSError) as exc:
                await self._close()  # the next try opens the file that is there then
                raise OutboxUnavailable(str(exc)) from exc

    async def _close(self) -> None:
        if self._db is not None:
            db, self._db = self._db, None
            await db.close()

    async def _opened(self) -> aiosqlite.Connection:
        # What people said is in there: for this user only. SQLite gives its other files the mode
        # of this one.
        self._path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
        # Without transactions of the driver's: each statement is kept when it returns.
        db = await aiosqlite.connect(self._path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        try:
            await _until_free(db, "PRAGMA journal_mode = WAL")
            await db.execute("PRAGMA secure_delete = ON")  # overwrites what is deleted
            await db.executescript(SCHEMA)
        except BaseException:
            await db.close()
            raise
        return db


async def _until_free(db: aiosqlite.Connection, sql: str) -> None:
    """For the change of mode: while another process makes the same one SQLite does not wait."""
    for _ in range(OPEN_TRIES):
        try:
            await db.execute_fetchall(sql)
            return
        except sqlite3.OperationalError as exc:
            if "locked" not in str(exc):
                raise
            await asyncio.sleep(OPEN_AGAIN_S)
    await db.execute_fetchall(sql)
