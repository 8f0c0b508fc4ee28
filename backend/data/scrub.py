"""What was deleted leaves the files as well."""

import sqlite3
from typing import Any

from backend.data.db import Database
from chassis.logs import get_logger

log = get_logger(__name__)


async def scrub(database: Database) -> None:
    """Empty SQLite's write-ahead log, which still has pages as they were; what is busy is tried
    again by the next deletion. PostgreSQL's vacuum and checkpoints are its own affair."""
    if not database.is_sqlite:
        return
    async with database.engines.readers.connect() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        try:
            await driver.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as exc:
            log.warning("log_not_emptied", reason=str(exc))
