"""The database: opened, migrated at start, lent to one unit of work at a time."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, DateTime, Dialect, TypeDecorator, event, make_url, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase

from chassis.errors import Unavailable
from chassis.health import ProbeFailed
from chassis.logs import get_logger

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_TIMEOUT_S = 1.0  # how long a statement waits for another process's write to end
DEADLINE_S = 3.0  # of a unit of work, and then until its statement ends: no thread can be stopped
POOL_TIMEOUT_S = 2.0
MIGRATE_WITHIN_S = 30.0
RETRY_S = 1.0
BEGIN = "parley_begin"  # execution option: how a transaction of SQLite starts

log = get_logger(__name__)


class Base(DeclarativeBase):
    """Base of every table."""


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant. SQLite keeps no zone: what is stored is UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _: Dialect) -> datetime | None:
        return value if value is None or value.tzinfo else value.replace(tzinfo=UTC)


class Database:
    """Enter it for the service's life: it migrates, and tries again while it cannot."""

    def __init__(self, url: str) -> None:
        """`url`: SQLAlchemy's, async driver named. Nothing is opened before it is entered."""
        self._file = make_url(url).database
        self.engine: AsyncEngine = create_async_engine(
            url, pool_timeout=POOL_TIMEOUT_S, connect_args={"timeout": BUSY_TIMEOUT_S}
        )
        event.listen(self.engine.sync_engine, "connect", _on_connect)
        event.listen(self.engine.sync_engine, "begin", _on_begin)
        # A read that turns into a write fails at once when another wrote meanwhile, however long
        # the busy timeout: those who mean to write say so before they read.
        self._writer = self.engine.execution_options(**{BEGIN: "BEGIN IMMEDIATE"})
        self._head = ScriptDirectory.from_config(_alembic_config()).get_current_head()
        self._problem: str | None = "not migrated yet"
        self._migrating: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        if not await self._migrated():
            self._migrating = asyncio.create_task(self._migrate_until_done())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._migrating is not None:
            self._migrating.cancel()
            await asyncio.gather(self._migrating, return_exceptions=True)
        await self.engine.dispose()

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A session that sees one state of the data. Raises Unavailable when that is not to be."""
        with _said_when_down():
            async with asyncio.timeout(DEADLINE_S), self._session(self.engine) as session:
                yield session

    @contextlib.asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncSession]:
        """A session whose work is kept when the block ends well, all of it or none.

        Raises Unavailable when the database is locked, full, slow or gone.
        """
        with _said_when_down():
            async with (
                asyncio.timeout(DEADLINE_S),
                self._session(self._writer) as session,
                session.begin(),
            ):
                yield session

    async def migrate(self) -> None:
        """Bring the tables to what this version of Parley needs; nothing to do is fine."""
        self._prepare_file()
        async with self._writer.connect() as connection, connection.begin():
            await connection.run_sync(_upgrade)

    async def probe(self) -> None:
        """For readiness: migrated, and a write is kept. Raises ProbeFailed with the reason."""
        if self._problem is not None:
            raise ProbeFailed(self._problem)
        # Writes a page, as any write would: a full disk or a read-only file shows here.
        touch = text("UPDATE alembic_version SET version_num = :head WHERE version_num = :head")
        try:
            async with self._writer.begin() as connection:
                touched = await connection.execute(touch, {"head": self._head})
                if touched.rowcount != 1:
                    raise ProbeFailed("another version of Parley migrated the database")
        except SQLAlchemyError as exc:
            raise ProbeFailed(_reason(exc)) from exc

    def _session(self, engine: AsyncEngine) -> AsyncSession:
        return AsyncSession(engine, expire_on_commit=False)

    def _prepare_file(self) -> None:
        """What people said is in there: made readable to this user only, before SQLite makes it."""
        if self._file is None:
            return
        path = Path(self._file)
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))

    async def _migrated(self) -> bool:
        try:
            async with asyncio.timeout(MIGRATE_WITHIN_S):
                await self.migrate()
        except (SQLAlchemyError, CommandError, TimeoutError, OSError) as exc:
            self._problem = f"cannot migrate: {_reason(exc)}"
            log.warning("database_not_migrated", reason=_reason(exc))
            return False
        self._problem = None
        return True

    async def _migrate_until_done(self) -> None:
        while True:
            await asyncio.sleep(RETRY_S)
            if await self._migrated():
                return


@contextlib.contextmanager
def _said_when_down() -> Iterator[None]:
    try:
        yield
    except (DBAPIError, PoolTimeout, TimeoutError, OSError) as exc:
        log.warning("database_unavailable", reason=_reason(exc))
        raise Unavailable(
            "the database cannot be used now", code="database_unavailable", retry_after_s=1.0
        ) from exc


def _reason(exc: BaseException) -> str:
    """Without the statement: its values are what people said."""
    cause = exc.orig if isinstance(exc, DBAPIError) else exc
    return str(cause) or type(cause).__name__


def _on_connect(connection: Any, _: object) -> None:
    connection.isolation_level = None  # the driver would start transactions late, and not for DDL
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _on_begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get(BEGIN, "BEGIN"))


def _alembic_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def _upgrade(connection: Connection) -> None:
    config = _alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
