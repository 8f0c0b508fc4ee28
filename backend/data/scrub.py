"""What was deleted leaves the files as well."""

import asyncio
import contextlib
import sqlite3

from backend.data.db import Database
from chassis.logs import get_logger

CHECKPOINT_WITHIN_S = 2.0
PAUSE_S = 0.2

log = get_logger(__name__)


async def empty_log(database: Database, tries: int = 1) -> None:
    """Of SQLite: deleted rows are overwritten as they go (`PRAGMA secure_delete`), but the
    write-ahead log still has what was written before. What is busy is tried again by the next
    deletion. PostgreSQL's vacuum and checkpoints are its own affair."""
    if not database.is_sqlite:
        return
    for left in reversed(range(tries)):
        if await asyncio.to_thread(_checkpointed, database.url.database or ""):
            return
        if left:
            await asyncio.sleep(PAUSE_S)
    log.warning("log_not_emptied", reason="somebody reads an older state")


def _checkpointed(file: str) -> bool:
    with contextlib.closing(sqlite3.connect(file, timeout=CHECKPOINT_WITHIN_S)) as connection:
        try:
            busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.OperationalError:
            return False
        return not busy
