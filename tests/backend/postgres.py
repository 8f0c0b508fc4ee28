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
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
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


class Postgres:
    """A running server. `pid` is its postmaster."""

    def __init__(self, port: int, pid: int) -> None:
        self.port = port
        self.pid = pid
        # Beside the tests' loops; one at a time, for a template may not be in use.
        self._thread = ThreadPoolExecutor(1)
        self._spare: Future[str] | None = None

    def url(self, name: str) -> str:
        return f"postgresql+asyncpg://{USER}@127.0.0.1:{self.port}/{name}"

    def run(self, statement: str) -> list[asyncpg.Record]:
        """As its administrator, beside whatever the tests have open."""
        return self._thread.submit(self._run, statement).result()

    @contextmanager
    def database(self, template: str = TEMPLATE) -> Iterator[str]:
        """The URL of a database of its own, a copy of `template`: migrated already."""
        if template != TEMPLATE:
            name = self._thread.submit(self._copy, template).result()
        else:
            name = (self._spare or self._thread.submit(self._copy, TEMPLATE)).result()
            self._spare = self._thread.submit(self._copy, TEMPLATE)  # while the test runs
        try:
            yield self.url(name)
        finally:
            self._thread.submit(self._run, f"DROP DATABASE {name} WITH (FORCE)")

    def close(self) -> None:
        self._thread.shutdown()

    def _copy(self, template: str) -> str:
        name = f"test_{uuid4().hex}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def _run(self, statement: str) -> list[asyncpg.Record]:
        async def ask() -> list[asyncpg.Record]:
            connection = await asyncpg.connect(host="127.0.0.1", port=self.port, user=USER)
            try:
                return list(await connection.fetch(statement))
            finally:
                await connection.close()

        loop = asyncio.new_event_loop()
        try:
            return loop.run_until_complete(ask())
        finally:
            loop.close()


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
    try:
        data = folder / "data"
        _check(_as_user("initdb", *CLUSTER, *SORTED, f"--username={USER}", f"--pgdata={data}"))
        with _serving(folder, data) as server:
            server.run(f"CREATE DATABASE {TEMPLATE}")
            migrate_now(server.url(TEMPLATE))
            yield server
    finally:
        shutil.rmtree(folder)


@contextmanager
def _serving(folder: Path, data: Path) -> Iterator[Postgres]:
    port = free_port()
    own = ("listen_addresses=127.0.0.1", f"port={port}", f"unix_socket_directories={folder}")
    options = [part for option in (*own, *FAST, *SMALL) for part in ("-c", option)]
    log = folder / "log"
    with log.open("wb") as said:
        command = _as_user("postgres", "-D", str(data), *options)
        process = subprocess.Popen(command, stdout=said, stderr=said, cwd=folder)
    server = Postgres(port, process.pid)
    try:
        _wait_until_ready(server, process, log)
        yield server
    finally:
        server.close()
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
