import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.backend.apps import SERVICE_KEY, AlwaysFine, app_with


@pytest.fixture(autouse=True)
def no_env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the database file is made here too


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


@pytest.fixture
def client(tmp_path: Path, peers: str) -> Iterator[TestClient]:
    with TestClient(app_with(tmp_path, peers)) as client:
        yield client


@pytest.fixture
def agent(tmp_path: Path, peers: str) -> Iterator[TestClient]:
    """As `client`, with the service key on every request."""
    with TestClient(app_with(tmp_path, peers)) as client:
        client.headers["authorization"] = f"Bearer {SERVICE_KEY}"
        yield client
