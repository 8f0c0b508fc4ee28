"""One file that holds the whole database, taken while the service runs, and put back from.

The file is a ZIP of two: `manifest.json`, and the data as the database's own tools write them.
Encrypted texts stay encrypted in it: the manifest names the keys they need, never a key.
"""

import asyncio
import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ValidationError
from sqlalchemy import URL, make_url

from backend.data import postgres_copy, sqlite_copy
from backend.data.copied import Copied, CopyFailed
from backend.data.db import known_revisions
from backend.data.encryption import KeyRing

MANIFEST = "manifest.json"
DATA = "data"


@dataclass(frozen=True, slots=True)
class Tools:
    """How one kind of database is copied and put back."""

    copy: Callable[[URL, Path], Awaitable[Copied]]
    put_back: Callable[[URL, Path, Copied, Path], Awaitable[Path | None]]


SQLITE = Tools(sqlite_copy.copy, sqlite_copy.put_back)
POSTGRES = Tools(postgres_copy.copy, postgres_copy.put_back)


class Manifest(BaseModel):
    """What is told about the data. `revision` is that of the tables."""

    parley_backup: Literal[1]
    database: Literal["sqlite", "postgresql"]
    revision: str
    keys: list[str]
    made_at: datetime


async def back_up(url: str, file: Path) -> Manifest:
    """Write `file`, for its owner only; what was there stays until the new one is whole.

    Raises CopyFailed.
    """
    where = make_url(url)
    with tempfile.TemporaryDirectory(prefix=f".{file.name}-", dir=_folder(file)) as folder:
        data, whole = Path(folder) / DATA, Path(folder) / file.name
        copied = await _tools(where).copy(where, data)
        manifest = Manifest(
            parley_backup=1,
            database=_kind(where),
            revision=copied.revision,
            keys=sorted(copied.keys),
            made_at=datetime.now(UTC),
        )
        await asyncio.to_thread(_pack, whole, manifest, data)
        whole.replace(file)
    return manifest


async def restore(url: str, file: Path, keys: KeyRing) -> Path | None:
    """Put back what `file` holds; where what was there is kept. Nothing changes when it raises.

    Raises CopyFailed when the file is damaged, of another database or a newer Parley, or needs
    a key that is not among `keys`, and when a service has the database open.
    """
    where = make_url(url)
    home = _home(where, file)
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=home) as folder:
        data = Path(folder) / DATA
        manifest = await asyncio.to_thread(_unpack, file, data)
        _check(manifest, where, keys)
        return await _tools(where).put_back(where, data, Copied(manifest.revision, set()), home)


def _home(where: URL, file: Path) -> Path:
    """The folder it is unpacked in, and what was there is kept in: beside a database that is a
    file, where one can take the other's place in one step; of a server's, beside the backup."""
    if not file.exists():
        raise CopyFailed(f"{file} is not there")
    if _kind(where) == "sqlite" and where.database:
        return _folder(Path(where.database))
    return _folder(file)


def _unpack(file: Path, data: Path) -> Manifest:
    try:
        with zipfile.ZipFile(file) as archive:
            manifest = Manifest.model_validate_json(archive.read(MANIFEST))
            with archive.open(DATA) as packed, data.open("xb") as plain:
                shutil.copyfileobj(packed, plain)  # and its checksum is compared
                plain.flush()
                os.fsync(plain.fileno())
    except (zipfile.BadZipFile, zlib.error, KeyError, ValidationError, EOFError) as exc:
        raise CopyFailed(f"{file} is damaged, or no backup of Parley") from exc
    data.chmod(0o600)
    return manifest


def _check(manifest: Manifest, where: URL, keys: KeyRing) -> None:
    if manifest.database != _kind(where):
        raise CopyFailed(
            f"it is of {manifest.database}, and BACKEND_DATABASE_URL names {_kind(where)}"
        )
    if manifest.revision not in known_revisions():
        raise CopyFailed(f"its tables ({manifest.revision}) are of a newer Parley: update first")
    missing = sorted(set(manifest.keys) - keys.ids)
    if missing:
        raise CopyFailed(
            f"its texts need encryption key {', '.join(missing)}: add it to BACKEND_ENCRYPTION_KEYS"
        )


def _pack(whole: Path, manifest: Manifest, data: Path) -> None:
    descriptor = os.open(whole, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(MANIFEST, manifest.model_dump_json(indent=2))
            archive.write(data, DATA)
        out.flush()
        os.fsync(out.fileno())


def _folder(file: Path) -> Path:
    folder = file.absolute().parent
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _kind(where: URL) -> Literal["sqlite", "postgresql"]:
    return "sqlite" if where.get_backend_name() == "sqlite" else "postgresql"


def _tools(where: URL) -> Tools:
    return SQLITE if _kind(where) == "sqlite" else POSTGRES
