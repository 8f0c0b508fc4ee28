"""PostgreSQL's copy: by its own pg_dump and psql, put back in one transaction or not at all."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
from sqlalchemy import URL, NullPool, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from backend.data.copied import Copied, CopyFailed
from backend.data.rotation import keys_needed
from backend.data.tables import REVISION, REVISION_TABLE, all_tables

CONNECT_WITHIN_S = 5.0
WAY_OUT = "install postgresql-client; of Parley's containers postgres has it (docs/docker.md)"
OTHERS = """SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
AND backend_type = 'client backend' AND pid <> pg_backend_pid()"""


async def copy(where: URL, to: Path) -> Copied:
    """Write the database as it is at one instant to `to`. Whoever writes meanwhile goes on."""
    async with _connected(where) as connection:
        # The server must not take a connection that holds a snapshot for one that was forgotten.
        await connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        snapshot = await connection.scalar(text("SELECT pg_export_snapshot()"))
        revision = await connection.scalar(text(REVISION))
        keys = await connection.run_sync(keys_needed)
        await _run(
            where,
            "pg_dump",
            "--format=custom",
            "--no-owner",
            "--no-privileges",
            f"--snapshot={snapshot}",
            f"--file={to}",
            *(f"--table={table}" for table in _tables()),
        )
    return Copied(str(revision), keys)


async def put_back(where: URL, data: Path, _: Copied, home: Path) -> Path | None:
    """The tables in `data` take the place of those there are; where those are kept: in a dump for
    pg_restore, in `home`, if there were any."""
    script = data.with_suffix(".sql")
    await _run(where, "pg_restore", "--no-owner", "--no-privileges", f"--file={script}", str(data))
    async with _connected(where) as connection:
        if await connection.scalar(text(OTHERS)):
            raise CopyFailed("the database is in use: stop every backend first")
        known = await connection.scalar(text(f"SELECT to_regclass('{REVISION_TABLE}')::text"))
    kept = None
    if known is not None:
        kept = home / f"{where.database}.before-{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
        _make(kept)
        await copy(where, kept)
    drop = f"DROP TABLE IF EXISTS {', '.join(_tables())} CASCADE"
    options = ("--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1")
    await _run(where, "psql", *options, f"--command={drop}", f"--file={script}")
    return kept


def _make(file: Path) -> None:
    """Its owner's alone, before anything is in it."""
    os.close(os.open(file, os.O_CREAT | os.O_EXCL, 0o600))


def _tables() -> list[str]:
    return [*(table.name for table in all_tables()), REVISION_TABLE]


@asynccontextmanager
async def _connected(where: URL) -> AsyncIterator[AsyncConnection]:
    engine = create_async_engine(
        where,
        poolclass=NullPool,
        isolation_level="REPEATABLE READ",
        connect_args={"timeout": CONNECT_WITHIN_S},
    )
    try:
        async with engine.connect() as connection:
            yield connection
    except (SQLAlchemyError, asyncpg.PostgresError, OSError) as exc:
        cause = getattr(exc, "orig", None) or exc
        raise CopyFailed(f"PostgreSQL says: {cause}") from exc
    finally:
        await engine.dispose()


async def _run(where: URL, program: str, *arguments: str) -> None:
    """Raises CopyFailed with the last thing it said."""
    path = shutil.which(program)
    if path is None:
        raise CopyFailed(f"{program} is missing: {WAY_OUT}")
    process = await asyncio.create_subprocess_exec(
        path,
        *arguments,
        env=os.environ | _environment(where),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        _, said = await process.communicate()
    except asyncio.CancelledError:
        process.terminate()
        await process.wait()
        raise
    if process.returncode != 0:
        raise CopyFailed(f"{program} failed: {said.decode(errors='replace').strip()[-500:]}")


def _environment(where: URL) -> dict[str, str]:
    """Not as arguments, which everybody on this machine can read."""
    told = {
        "PGHOST": where.host or where.query.get("host"),
        "PGPORT": where.port or where.query.get("port"),
        "PGUSER": where.username,
        "PGPASSWORD": where.password,
        "PGDATABASE": where.database,
        "PGSSLMODE": where.query.get("ssl"),
    }
    return {name: str(value) for name, value in told.items() if value is not None}
