"""`upstream`: a scripted model server; `gateway`: a backend before it, served for real."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from tests.backend.apps import DEAD, app_with
from tests.backend.gateway.upstream import Upstream, upstream_running
from tests.contract.gateway_server import Gateway
from tests.processes import free_port, until


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with upstream_running() as upstream:
        yield upstream


@pytest.fixture
def gateway(tmp_path: Path, sqlite_file_url: str, upstream: Upstream) -> Iterator[Gateway]:
    urls = {f"{service}_url": upstream.url for service in ("stt", "llm", "tts")}
    port = free_port()
    app = app_with(tmp_path, DEAD, database_url=sqlite_file_url, port=port, **urls)
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    until(lambda: server.started, 30)
    yield Gateway(f"http://127.0.0.1:{port}")
    server.should_exit = True
    thread.join()
