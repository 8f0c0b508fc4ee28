"""The database: opened, migrated at start, lent to one unit of work at a time."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from asyncpg import InterfaceError as PostgresMisused
from asyncpg import PostgresError
from sqlalchemy import Connection, DateTime, Dialect, TypeDecorator, make_url, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import DeclarativeBase

from backend.data import postgres, sqlite
from backend.data.engines import DEADLINE_S, MIGRATE_WITHIN_S
from chassis.errors import InvalidRequest, Unavailable
from chassis.health import ProbeFailed
from chassis.logs import get_logger

MIGRATIONS = Path(__file__).parent / "migrations"
RETRY_S = 1.0
# The driver of PostgreSQL raises its own when it cannot connect, SQLAlchemy's from then on.
DOWN = (DBAPIError, PostgresError, PostgresMisused, PoolTimeout, TimeoutError, OSError)
BAD_VALUE = "22"  # class of PostgreSQL's states: too long, out of range, a zero byte

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
        """`url`: `sqlite+aiosqlite:///file` or `postgresql+asyncpg://user:password@host/name`.
        Nothing is opened before it is entered."""
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engines = (sqlite if self.is_sqlite else postgres).engines_of(self.url)
        # In this process writers take turns, first come, first served: none polls a lock, and
        # those who wait hold no connection that a reader could have.
        self._turn = asyncio.Lock()
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
        await self.engines.dispose()

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A session that sees one state of the data. Raises Unavailable when that is not to be."""
        with _said_when_down():
            async with asyncio.timeout(DEADLINE_S), _session(self.engines.readers) as session:
                yield session

    @contextlib.asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncSession]:
        """A session whose work is kept when the block ends well, all of it or none.

        One block at a time, of all processes: what it reads stays true until it ends. Do not nest.
        Raises Unavailable when the database is locked, full, slow or gone, InvalidRequest when
        it cannot keep a value.
        """
        with _said_when_down():
            async with (
                asyncio.timeout(DEADLINE_S),
                self._turn,
                _session(self.engines.writers) as session,
                session.begin(),
            ):
                yield session

    async def migrate(self) -> None:
        """Bring the tables to what this version of Parley needs; nothing to do is fine."""
        if self.is_sqlite:
            sqlite.prepare_file(self.url)
        async with self.engines.migrators.connect() as connection, connection.begin():
            await connection.run_sync(_upgrade)

    async def probe(self) -> None:
        """For readiness: migrated, and a write is kept. Raises ProbeFailed with the reason."""
        if self._problem is not None:
            raise ProbeFailed(self._problem)
        # Writes a page, as any write would: a full disk or a read-only file shows here.
        touch = text("UPDATE alembic_version SET version_num = :head WHERE version_num = :head")
        try:
            async with (
                asyncio.timeout(DEADLINE_S),
                self._turn,
                self.engines.writers.begin() as connection,
            ):
                touched = await connection.execute(touch, {"head": self._head})
                if touched.rowcount != 1:
                    raise ProbeFailed("another version of Parley migrated the database")
        except DOWN as exc:
            raise ProbeFailed(_reason(exc)) from exc

    async def _migrated(self) -> bool:
        try:
            async with asyncio.timeout(MIGRATE_WITHIN_S):
                await self.migrate()
        except (SQLAlchemyError, CommandError, *DOWN) as exc:
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


def known_revisions() -> set[str]:
    """Of tables that this version of Parley can bring to its own."""
    scripts = ScriptDirectory.from_config(_alembic_config())
    return {script.revision for script in scripts.walk_revisions()}


def _session(engine: AsyncEngine) -> AsyncSession:
    return AsyncSession(engine, expire_on_commit=False)


@contextlib.contextmanager
def _said_when_down() -> Iterator[None]:
    try:
        yield
    except (OverflowError, *DOWN) as exc:
        if isinstance(exc, OverflowError) or _is_bad_value(exc):
            raise InvalidRequest("a value is too long, too large or has a zero byte") from exc
        log.warning("database_unavailable", reason=_reason(exc))
        raise Unavailable(
            "the database cannot be used now", code="database_unavailable", retry_after_s=1.0
        ) from exc


def _is_bad_value(exc: BaseException) -> bool:
    """SQLite keeps anything; PostgreSQL and its driver refuse what a column cannot hold."""
    cause = exc.orig.__cause__ if isinstance(exc, DBAPIError) and exc.orig else None
    state = getattr(cause, "sqlstate", None)
    return isinstance(cause, ValueError) or str(state)[:2] == BAD_VALUE


def _reason(exc: BaseException) -> str:
    """Without the statement and PostgreSQL's details: their values are what people said."""
    cause = exc.orig if isinstance(exc, DBAPIError) and exc.orig else exc
    if _is_bad_value(exc):
        return type(cause).__name__
    # PostgreSQL's details come with str(), its first argument is the message alone.
    bare = cause.args[0] if cause.args and not isinstance(cause, OSError) else cause
    return str(bare) or type(cause).__name__


def _alembic_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def _upgrade(connection: Connection) -> None:
    config = _alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
