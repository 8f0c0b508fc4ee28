"""A real PostgreSQL for tests, from Debian's package: started once, a fresh database each.

It runs as another user where the tests run as root, whom it refuses, on a loopback port and in a
folder of its own; nothing of it is left when the block ends.
"""

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import asyncpg

from backend.data.db import Database
from tests.processes import free_port

PROGRAMS = Path("/usr/lib/postgresql")
USER = "postgres"
TEMPLATE = "parley_template"
READY_WITHIN_S = 60.0
# As most servers sort: by language, not by byte.
CLUSTER = ("--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8")
SORTED = ("--locale-provider=icu", "--icu-locale=en")
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off")
SMALL = ("shared_buffers=32MB", "max_connections=200", "wal_level=minimal", "max_wal_senders=0")


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running server. `pid` is its postmaster."""

    port: int
    pid: int
    loop: asyncio.AbstractEventLoop

    def url(self, name: str) -> str:
        return f"postgresql+asyncpg://{USER}@127.0.0.1:{self.port}/{name}"

    def run(self, statement: str) -> list[asyncpg.Record]:
        """As its administrator, beside whatever the tests have open."""
        return self.loop.run_until_complete(self.ask(statement))

    async def ask(self, statement: str) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(host="127.0.0.1", port=self.port, user=USER)
        try:
            return list(await connection.fetch(statement))
        finally:
            await connection.close()

    @contextmanager
    def database(self, template: str = TEMPLATE) -> Iterator[str]:
        """The URL of a database of its own, a copy of `template`: migrated already."""
        name = f"test_{uuid4().hex}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield self.url(name)
        finally:
            self.run(f"DROP DATABASE {name} WITH (FORCE)")


def migrate_now(url: str) -> None:
    """Outside of any test's event loop."""

    async def migrate() -> None:
        async with Database(url) as database:
            await database.probe()

    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(migrate())
    finally:
        loop.close()


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A server with a migrated database to copy."""
    folder = Path(tempfile.mkdtemp(prefix="parley-postgres-"))
    if os.geteuid() == 0:
        shutil.chown(folder, USER)
    loop = asyncio.new_event_loop()
    try:
        data = folder / "data"
        _check(_as_user("initdb", *CLUSTER, *SORTED, f"--username={USER}", f"--pgdata={data}"))
        with _serving(folder, data, loop) as server:
            server.run(f"CREATE DATABASE {TEMPLATE}")
            migrate_now(server.url(TEMPLATE))
            yield server
    finally:
        loop.close()
        shutil.rmtree(folder)


@contextmanager
def _serving(folder: Path, data: Path, loop: asyncio.AbstractEventLoop) -> Iterator[Postgres]:
    port = free_port()
    own = ("listen_addresses=127.0.0.1", f"port={port}", f"unix_socket_directories={folder}")
    options = [part for option in (*own, *FAST, *SMALL) for part in ("-c", option)]
    log = folder / "log"
    with log.open("wb") as said:
        command = _as_user("postgres", "-D", str(data), *options)
        process = subprocess.Popen(command, stdout=said, stderr=said, cwd=folder)
    try:
        server = Postgres(port, process.pid, loop)
        _wait_until_ready(server, process, log)
        yield server
    finally:
        process.send_signal(signal.SIGINT)  # its fast end: whoever is connected is let go
        process.wait(READY_WITHIN_S)


def _wait_until_ready(server: Postgres, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline_s = time.monotonic() + READY_WITHIN_S
    while True:
        try:
            server.run("SELECT 1")
            return
        except (OSError, asyncpg.PostgresError):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline_s, log.read_text()
            time.sleep(0.05)  # between two polls of a deadline


def _as_user(program: str, *arguments: str) -> list[str]:
    command = [str(_program(program)), *arguments]
    if os.geteuid() != 0:
        return command
    # It ends with the tests, also when they are killed.
    to = (f"--reuid={USER}", f"--regid={USER}", "--init-groups", "--pdeathsig=INT")
    return ["setpriv", *to, *command]


def _program(name: str) -> Path:
    found = sorted(PROGRAMS.glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    assert found, "PostgreSQL is not installed: `make test` installs it"
    return found[-1]


def _check(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    assert done.returncode == 0, done.stderr
