"""SQLite's copy: by its online backup, without what was deleted; put back in one step."""

import asyncio
import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import URL, NullPool, create_engine, text
from sqlalchemy.exc import DatabaseError

from backend.data.copied import Copied, CopyFailed
from backend.data.rotation import keys_needed
from backend.data.tables import REVISION

SIDES = ("-wal", "-shm")
BUSY_TIMEOUT_S = 1.0


async def copy(where: URL, to: Path) -> Copied:
    """Write the database as it is at one instant to `to`. Whoever writes meanwhile goes on."""
    return await asyncio.to_thread(_copy, Path(where.database or ""), to)


async def put_back(where: URL, data: Path, copied: Copied, home: Path) -> Path | None:
    """`data` takes the place of the database, on whose disk it is; where the old one is kept, in
    `home` beside it, if there was one."""
    return await asyncio.to_thread(_put_back, Path(where.database or ""), data, copied, home)


def _copy(file: Path, to: Path) -> Copied:
    if not file.exists():
        raise CopyFailed(f"there is no database at {file}")
    os.close(os.open(to, os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(to)) as target:
            source.backup(target)  # all at once: in steps it would begin again with every write
            target.execute("PRAGMA journal_mode = DELETE")
            target.execute("VACUUM")  # what was deleted is still in pages that nothing uses
        return _looked_at(to)
    except sqlite3.Error as exc:
        raise CopyFailed(f"{file} cannot be copied: {exc}") from exc


def _looked_at(file: Path) -> Copied:
    engine = create_engine(f"sqlite:///{file}", poolclass=NullPool)
    try:
        with engine.connect() as connection:
            found = connection.execute(text("PRAGMA integrity_check")).scalar_one()
            if found != "ok":
                raise CopyFailed(f"the database is damaged: {found}")
            revision = connection.execute(text(REVISION))
            return Copied(revision.scalar_one(), keys_needed(connection))
    except DatabaseError as exc:
        raise CopyFailed(f"the database is damaged, or not Parley's: {exc.orig}") from exc
    finally:
        engine.dispose()


def _put_back(file: Path, data: Path, copied: Copied, home: Path) -> Path | None:
    _check(data, copied)
    if not file.exists():
        data.replace(file)
        return None
    _close_log(file)
    kept = home / f"{file.name}.before-{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
    for side in SIDES:  # of a damaged one; another file must not be read with them
        log = Path(f"{file}{side}")
        if log.exists():
            log.rename(f"{kept}{side}")
    owner = file.stat()
    os.chown(data, owner.st_uid, owner.st_gid)  # the service's, though root may put it back
    os.link(file, kept)
    data.replace(file)
    return kept


def _check(data: Path, copied: Copied) -> None:
    with closing(sqlite3.connect(data)) as connection:
        try:
            (found,) = connection.execute("PRAGMA integrity_check").fetchone()
            (revision,) = connection.execute(REVISION).fetchone()
        except sqlite3.Error as exc:
            raise CopyFailed(f"the backup is damaged: {exc}") from exc
    if (found, revision) != ("ok", copied.revision):
        raise CopyFailed(f"the backup is damaged: {found}")


def _close_log(file: Path) -> None:
    """Everything is in the one file then. SQLite refuses it as long as anybody has it open."""
    try:
        with closing(sqlite3.connect(file, timeout=BUSY_TIMEOUT_S)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.OperationalError as exc:
        if exc.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise CopyFailed("the database is in use: stop the backend first") from exc
        raise CopyFailed(f"{file} cannot be replaced: {exc}") from exc
    except sqlite3.DatabaseError:
        pass  # damaged: why somebody restores
