"""PostgreSQL beneath the database: one writer at a time, as with SQLite, by an advisory lock."""

from sqlalchemy import URL, Connection, NullPool, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from backend.data.engines import (
    DEADLINE_S,
    LOCK_TIMEOUT_S,
    MIGRATE_WITHIN_S,
    POOL_TIMEOUT_S,
    Engines,
)

WRITES = "parley_writes"  # execution option: a transaction that waits for its turn to write
WRITERS_LOCK = 0x5041524C4559  # "PARLEY"; a lock is of one database, not of the whole server
CONNECT_WITHIN_S = 2.0
# A process that froze amid its work holds up every other's: the server ends it.
IDLE_AMID_WORK_S = 2 * DEADLINE_S


def engines_of(url: URL) -> Engines:
    engine = create_async_engine(
        url,
        pool_timeout=POOL_TIMEOUT_S,
        pool_pre_ping=True,  # a server that was restarted costs nobody a failure
        connect_args=_arguments(DEADLINE_S),
    )
    migrators = create_async_engine(
        url, poolclass=NullPool, connect_args=_arguments(MIGRATE_WITHIN_S, MIGRATE_WITHIN_S)
    )
    for each in (engine, migrators):
        event.listen(each.sync_engine, "begin", _on_begin)
    return Engines(
        readers=engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        ),
        writers=_writing(engine),
        migrators=_writing(migrators),
    )


def _writing(engine: AsyncEngine) -> AsyncEngine:
    """Each statement sees what was kept before it began, the first one after the lock included:
    a snapshot of the whole transaction would be as old as its wait."""
    return engine.execution_options(isolation_level="READ COMMITTED", **{WRITES: True})


def _arguments(statement_s: float, lock_s: float = LOCK_TIMEOUT_S) -> dict[str, object]:
    """The server ends a statement first; `command_timeout` is for a server that says nothing."""
    return {
        "timeout": CONNECT_WITHIN_S,
        "command_timeout": statement_s + 1.0,
        "server_settings": {
            "application_name": "parley",
            "lock_timeout": f"{lock_s * 1000:.0f}",
            "statement_timeout": f"{statement_s * 1000:.0f}",
            "idle_in_transaction_session_timeout": f"{IDLE_AMID_WORK_S * 1000:.0f}",
        },
    }


def _on_begin(connection: Connection) -> None:
    if connection.get_execution_options().get(WRITES):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITERS_LOCK})")
