"""What `backend.manage` does and says. Each command returns the lines to print."""

from pathlib import Path

from backend.data.backup import back_up
from backend.data.backup import restore as put_back
from backend.data.copied import CopyFailed
from backend.data.db import Database
from backend.data.encryption import KeyRing
from backend.data.rotation import keys_needed, rotated
from backend.settings import BackendSettings


async def backup(settings: BackendSettings, file: Path) -> list[str]:
    manifest = await back_up(settings.database_url.get_secret_value(), file)
    said = [f"everything of {manifest.database} is in {file}, its tables as of {manifest.revision}"]
    if manifest.keys:
        said.append(f"it can be read with encryption key {', '.join(manifest.keys)} only: keep it")
    return said


async def restore(settings: BackendSettings, file: Path) -> list[str]:
    keys = KeyRing(settings.encryption_keys)
    kept = await put_back(settings.database_url.get_secret_value(), file, keys)
    said = [f"{file} is put back; the backend brings its tables up to date when it starts"]
    if kept is not None:
        said.append(f"what was there is in {kept}: delete it when all is well")
    return said


async def rotate_keys(settings: BackendSettings) -> list[str]:
    keys = KeyRing(settings.encryption_keys)
    if keys.newest is None:
        raise CopyFailed("BACKEND_ENCRYPTION_KEYS is empty")
    said = []
    database = Database(settings.database_url.get_secret_value())  # not entered: as it is
    try:
        async for table, rows in rotated(database, keys):
            said.append(f"{table}: {rows} rows")
        async with database.engines.readers.connect() as connection:
            older = await connection.run_sync(keys_needed) - {keys.newest}
    finally:
        await database.engines.dispose()
    if older:
        raise CopyFailed(
            f"somebody still writes with key {', '.join(sorted(older))}: restart every backend "
            "with the new key first, then run this again"
        )
    return [*said, f"all is encrypted with key {keys.newest}: older keys can be removed"]
