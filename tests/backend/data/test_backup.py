"""Backups are taken while others write, and put back whole or not at all."""

import asyncio
import os
import stat
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import inspect, text

from backend.conversations.tables import ConversationRow
from backend.data.backup import back_up, restore
from backend.data.copied import CopyFailed
from backend.data.db import Database
from backend.data.encryption import KeyRing
from backend.data.tables import REVISION_TABLE, all_tables
from tests.backend.data.kept import KEY, add, titles
from tests.processes import ROOT, clean_env

FILE = Path("backups/parley.backup")


async def test_a_backup_brings_back_what_was_there(database_url: str) -> None:
    async with Database(database_url) as database:
        await add(database, "kept", "kept too")
        await back_up(database_url, FILE)
        await add(database, "after it")
    kept = await restore(database_url, FILE, KeyRing())
    async with Database(database_url) as database:
        await database.probe()
        assert await titles(database) == ["kept", "kept too"]
    assert kept is not None
    assert os.path.getsize(kept) > 0  # noqa: ASYNC240 - a test's own file


async def test_a_backup_is_for_its_owner_only(database_url: str) -> None:
    await back_up(database_url, FILE)
    await back_up(database_url, FILE)
    assert os.listdir(FILE.parent) == [FILE.name]
    assert mode_of(FILE) == 0o600


async def test_a_backup_amid_writes_holds_all_of_each_or_none(database_url: str) -> None:
    """Each write adds two rows: an odd number would be half a write."""
    done = asyncio.Event()
    async with Database(database_url) as database:

        async def go_on_writing() -> int:
            count = 0
            while not done.is_set():
                await add(database, f"{count} a", f"{count} b")
                count += 1
            return count

        writer = asyncio.create_task(go_on_writing())
        files = [FILE.with_suffix(f".{i}") for i in range(3)]
        for file in files:
            await back_up(database_url, file)
        done.set()
        written = await writer
    assert written > 3
    for file in files:
        await restore(database_url, file, KeyRing())
        async with Database(database_url) as database:
            assert len(await titles(database)) % 2 == 0


async def test_what_was_deleted_is_not_in_a_backup(sqlite_file_url: str) -> None:
    async with Database(sqlite_file_url) as database:
        await add(database, "a secret nobody may find")
        async with database.writing() as session:
            await session.execute(text("DELETE FROM conversations"))
        await back_up(sqlite_file_url, FILE)
    with zipfile.ZipFile(FILE) as archive:
        assert b"a secret nobody" not in archive.read("data")


async def test_the_keys_of_a_backup_are_asked_for_by_name(database_url: str) -> None:
    keys = KeyRing([SecretStr(KEY)])
    async with Database(database_url) as database:
        keys.bind(database.engines.readers, database.engines.writers)
        await add(database, "a sealed title")
        manifest = await back_up(database_url, FILE)
    assert manifest.keys == [keys.newest]
    with pytest.raises(CopyFailed, match=rf"{keys.newest}.*BACKEND_ENCRYPTION_KEYS"):
        await restore(database_url, FILE, KeyRing())
    await restore(database_url, FILE, keys)


def repacked(data: bytes | None = None, change: tuple[str, str] = ("", "")) -> None:
    """The same backup with something else in it."""
    with zipfile.ZipFile(FILE) as archive:
        manifest, inside = archive.read("manifest.json").decode(), archive.read("data")
    assert change[0] in manifest
    manifest = manifest.replace(*change) if change[0] else manifest
    with zipfile.ZipFile(FILE, "w") as archive:
        archive.writestr("manifest.json", manifest)
        archive.writestr("data", inside if data is None else data)


def mode_of(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def rubbish(file: Path) -> None:
    file.write_bytes(b"rubbish" * 999)


def cut() -> None:
    FILE.write_bytes(FILE.read_bytes()[:-100])


def flip() -> None:
    content = bytearray(FILE.read_bytes())
    content[len(content) // 2] ^= 0xFF
    FILE.write_bytes(content)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (cut, "damaged, or no backup"),
        (flip, "damaged"),
        (lambda: FILE.write_text("something else"), "no backup"),
        (lambda: FILE.unlink(), "not there"),
        (lambda: repacked(data=b"no database" * 999), r"damaged|pg_restore failed"),
        (lambda: repacked(change=("parley_backup", "other")), "no backup"),
    ],
    ids=["cut", "flipped", "foreign", "gone", "other_data", "other_manifest"],
)
async def test_what_is_no_backup_changes_nothing(
    database_url: str, spoil: object, said: str
) -> None:
    async with Database(database_url) as database:
        await add(database, "still here")
        await back_up(database_url, FILE)
    assert callable(spoil)
    spoil()
    with pytest.raises(CopyFailed, match=said):
        await restore(database_url, FILE, KeyRing())
    async with Database(database_url) as database:
        assert await titles(database) == ["still here"]


async def test_a_backup_of_a_newer_parley_is_refused(database_url: str) -> None:
    manifest = await back_up(database_url, FILE)
    repacked(change=(f'"{manifest.revision}"', '"9999"'))
    with pytest.raises(CopyFailed, match="newer Parley"):
        await restore(database_url, FILE, KeyRing())


async def test_a_backup_of_the_other_database_is_refused(
    sqlite_file_url: str, postgres_url: str
) -> None:
    await back_up(sqlite_file_url, FILE)
    with pytest.raises(CopyFailed, match=r"it is of sqlite.*names postgresql"):
        await restore(postgres_url, FILE, KeyRing())


async def test_nothing_is_put_back_under_a_running_service(database_url: str) -> None:
    await back_up(database_url, FILE)
    async with Database(database_url) as database:
        await add(database, "still here")
        with pytest.raises(CopyFailed, match="in use: stop"):
            await restore(database_url, FILE, KeyRing())
        assert await titles(database) == ["still here"]
        await database.probe()


async def test_a_damaged_database_can_be_replaced(sqlite_file_url: str) -> None:
    async with Database(sqlite_file_url) as database:
        await add(database, "kept")
        await back_up(sqlite_file_url, FILE)
    rubbish(Path(sqlite_file_url.partition("///")[2]))
    kept = await restore(sqlite_file_url, FILE, KeyRing())
    assert kept is not None
    assert kept.read_bytes().startswith(b"rubbish")
    async with Database(sqlite_file_url) as database:
        assert await titles(database) == ["kept"]


async def test_what_was_in_postgresql_is_kept_beside_the_backup(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container can write there, unlike in the folder it runs in or, much, in /tmp."""
    await back_up(postgres_url, FILE)
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    kept = await restore(postgres_url, FILE, KeyRing())
    assert kept is not None
    assert sorted(os.listdir(FILE.parent)) == sorted([FILE.name, kept.name])
    assert mode_of(FILE.parent / kept.name) == 0o600


async def test_what_is_not_there_leaves_no_folder(database_url: str) -> None:
    with pytest.raises(CopyFailed, match="not there"):
        await restore(database_url, FILE, KeyRing())
    assert not FILE.parent.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
async def test_the_service_can_read_what_root_put_back(sqlite_file_url: str) -> None:
    file = sqlite_file_url.partition("///")[2]
    await back_up(sqlite_file_url, FILE)
    os.chown(file, 12345, 12345)
    await restore(sqlite_file_url, FILE, KeyRing())
    found = os.stat(file)
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (12345, 12345, 0o600)


async def test_every_table_is_known_to_the_commands(database: Database) -> None:
    async with database.engines.readers.connect() as connection:
        there = await connection.run_sync(lambda c: inspect(c).get_table_names())
    assert sorted(there) == sorted([*(t.name for t in all_tables()), REVISION_TABLE])
    assert ConversationRow.__table__ in all_tables()


async def test_postgresqls_programs_are_asked_for_by_name(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(CopyFailed, match=r"pg_dump is missing: install .*docs/docker\.md"):
        await back_up(postgres_url, FILE)
    assert os.listdir(FILE.parent) == []


def test_the_commands_say_what_they_did(database_url: str, tmp_path: Path) -> None:
    env = clean_env({"BACKEND_DATABASE_URL": database_url, "PYTHONPATH": str(ROOT)})

    def manage(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "backend.manage", *arguments]
        return subprocess.run(
            command, env=env, cwd=tmp_path, capture_output=True, text=True, check=False
        )

    done = manage("backup", "b")
    assert (done.returncode, done.stderr) == (os.EX_OK, "")
    assert "is in b" in done.stdout
    done = manage("restore", "b")
    assert (done.returncode, done.stderr) == (os.EX_OK, "")
    assert "b is put back" in done.stdout
    done = manage("restore", "missing")
    assert done.returncode == 1
    assert done.stderr == "missing is not there\n"
