"""SQLite beneath the database: one file with a write-ahead log, readable to its owner only."""

import contextlib
import os
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, event
from sqlalchemy.exc import MissingGreenlet, SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine

from backend.data.engines import LOCK_TIMEOUT_S, POOL_TIMEOUT_S, Engines

BEGIN = "parley_begin"  # execution option: how a transaction starts


def engines_of(url: URL) -> Engines:
    engine = create_async_engine(
        url, pool_timeout=POOL_TIMEOUT_S, connect_args={"timeout": LOCK_TIMEOUT_S}
    )
    event.listen(engine.sync_engine, "connect", _on_connect)
    event.listen(engine.sync_engine, "begin", _on_begin)
    event.listen(engine.sync_engine, "invalidate", _on_invalidate)
    # A read that turns into a write fails at once when another wrote meanwhile, however long
    # the busy timeout: those who mean to write say so before they read.
    writers = engine.execution_options(**{BEGIN: "BEGIN IMMEDIATE"})
    return Engines(readers=engine, writers=writers, migrators=writers)


def prepare_file(url: URL) -> None:
    """What people said is in there: made readable to this user only, before SQLite makes it."""
    path = Path(url.database or "")
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def _on_connect(connection: Any, _: object) -> None:
    connection.isolation_level = None  # the driver would start transactions late, and not for DDL
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _on_invalidate(connection: Any, *_: object) -> None:
    """A statement was cancelled. What still refers to it, as the traceback does, keeps the closed
    connection's transaction alive, and with it the lock that every writer waits for."""
    with contextlib.suppress(MissingGreenlet, SQLAlchemyError):  # collected as garbage; broken
        connection.rollback()


def _on_begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get(BEGIN, "BEGIN"))
