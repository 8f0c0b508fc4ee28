"""One SQLite file for what the tools keep: notes, lists, timers and reminders."""

import asyncio
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from chassis.logs import get_logger
from livekit_agent.tools.contract import ToolFailure

FILE_NAME = "notes.db"  # from when it held notes only
LOCK_WAIT_S = 2.0
LOCAL_OWNER = "local"  # the one user of a machine where nobody signs in
SCHEMA = (
    "CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, text TEXT, created_at TEXT)",
    "CREATE TABLE IF NOT EXISTS list_items (id INTEGER PRIMARY KEY, owner TEXT NOT NULL,"
    " list TEXT NOT NULL, item TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS due (id INTEGER PRIMARY KEY, kind TEXT NOT NULL,"
    " conversation_id TEXT NOT NULL, owner TEXT NOT NULL, text TEXT, duration_s REAL,"
    " due_at_s REAL NOT NULL, claimed_by TEXT, claimed_at_s REAL)",
)
ADD_OWNER = f"ALTER TABLE notes ADD COLUMN owner TEXT NOT NULL DEFAULT '{LOCAL_OWNER}'"

T = TypeVar("T")
log = get_logger(__name__)


class StoreUnavailable(ToolFailure):
    """The file cannot be read or written."""

    def __init__(self) -> None:
        super().__init__("storage_unavailable", "what I keep for you is out of reach just now")


class Database:
    """Runs short pieces of work on the file, each whole or not at all. Made on first use."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._prepared = False

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """The result of `work`, done in one transaction in a thread. Raises StoreUnavailable.

        A caller who is cancelled waits for the thread, so that nobody acts on half of it.
        """
        task = asyncio.ensure_future(asyncio.to_thread(self._transaction, work))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            await asyncio.wait({task})
            if not task.cancelled() and (error := task.exception()) is not None:
                log.warning("cancelled_work_failed", error=type(error).__name__)
            raise

    def _transaction(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            path = self._folder / FILE_NAME
            if not self._prepared:
                self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                # What people said is in there: for this user only.
                os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            with closing(sqlite3.connect(path, LOCK_WAIT_S, isolation_level=None)) as db, db:
                db.execute("BEGIN IMMEDIATE")  # waits its turn; a later lock would not
                if not self._prepared:
                    _prepare(db)
                result = work(db)
            self._prepared = True
            return result
        except (sqlite3.Error, OSError) as exc:
            log.warning("store_unavailable", error=str(exc))
            raise StoreUnavailable from exc


def _prepare(db: sqlite3.Connection) -> None:
    for statement in SCHEMA:
        db.execute(statement)
    columns = {row[1] for row in db.execute("PRAGMA table_info(notes)")}
    if "owner" not in columns:
        db.execute(ADD_OWNER)
