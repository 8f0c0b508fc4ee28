"""Backends and databases for tests. Whoever asks for a database runs twice, SQLite and PostgreSQL.

`database_url`  a migrated, empty database of this test alone
`empty_database_url`  the same before the migrations
`database`      that database, entered
`another`       the same database, entered by another process as it were
`build_app`     the whole app over it: `build_app(tokens_per_minute=3)`; see `apps.app_with`
`client`, `agent`  a client of that app; the agent has the service key
"""

import shutil
import threading
from collections.abc import AsyncIterator, Iterator
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from fastapi._compat.v2 import ModelField
from fastapi.testclient import TestClient
from sqlalchemy import Pool, event

from backend.data.db import Database
from tests.backend.apps import SERVICE_KEY, AlwaysFine, BuildApp, app_with, sqlite_url
from tests.backend.postgres import Postgres, migrate_now, postgres


@pytest.fixture(scope="session", autouse=True)
def routes_are_prepared_when_asked() -> Iterator[None]:
    """Fields of a route are compiled when the route is first used, not all when an app is built:
    most tests build one and ask for few routes."""
    compiled = ModelField.__post_init__

    def compile_now(field: ModelField, name: str) -> Any:
        if name != "_type_adapter":
            raise AttributeError(name)
        compiled(field)
        return field.__dict__[name]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ModelField, "__post_init__", lambda _: None)
        patch.setattr(ModelField, "__getattr__", compile_now, raising=False)
        yield


@pytest.fixture(scope="session", autouse=True)
def sqlite_waits_for_no_disk() -> Iterator[None]:
    """What is written outlives a killed process, not a lost machine: disks of others are slow."""

    def wait_for_no_disk(connection: Any, _: object) -> None:
        if "sqlite" in type(connection).__module__:
            cursor = connection.cursor()
            cursor.execute("PRAGMA synchronous = OFF")
            cursor.close()

    event.listen(Pool, "connect", wait_for_no_disk)
    yield
    event.remove(Pool, "connect", wait_for_no_disk)


@pytest.fixture(autouse=True)
def no_env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # a database that no fixture names is made here too


@pytest.fixture(scope="session")
def peers() -> Iterator[str]:
    """The address of a server that stands for the SFU and every service, all ready."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), AlwaysFine)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    with postgres() as server:
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file to copy: migrations take longer than most tests."""
    file = tmp_path_factory.mktemp("sqlite") / "template.db"
    migrate_now(sqlite_url(file))
    return file


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_file_url")
    else:
        yield request.getfixturevalue("postgres_url")


@pytest.fixture(params=["sqlite", "postgres"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """For what is about migrations: nothing is in it yet."""
    if request.param == "sqlite":
        yield sqlite_url(tmp_path / "empty.db")
        return
    server: Postgres = request.getfixturevalue("postgres_server")
    with server.database(template="template1") as url:
        yield url


@pytest.fixture
def sqlite_file_url(tmp_path: Path, sqlite_template: Path) -> str:
    """For what is about the file; all else asks for `database_url`."""
    return sqlite_url(Path(shutil.copy(sqlite_template, tmp_path / "parley.db")))


@pytest.fixture
def postgres_url(postgres_server: Postgres, tmp_path: Path) -> Iterator[str]:
    """For what is about the server; all else asks for `database_url`."""
    with postgres_server.database() as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url) as database:
        yield database


@pytest.fixture
async def another(database: Database, database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url) as another:
        yield another


@pytest.fixture
def build_app(tmp_path: Path, peers: str, database_url: str) -> BuildApp:
    return partial(app_with, tmp_path, peers, database_url=database_url)


@pytest.fixture
def client(build_app: BuildApp) -> Iterator[TestClient]:
    with TestClient(build_app()) as client:
        yield client


@pytest.fixture
def agent(build_app: BuildApp) -> Iterator[TestClient]:
    """As `client`, with the service key on every request."""
    with TestClient(build_app()) as client:
        client.headers["authorization"] = f"Bearer {SERVICE_KEY}"
        yield client
