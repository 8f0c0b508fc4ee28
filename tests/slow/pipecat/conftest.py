"""Servers in the main environment, pipelines in pipecat's, and nothing beyond this machine."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from tests.processes import ROOT, running

SERVERS_PYTHON = str(ROOT / ".venv" / "bin" / "python")
HERE = ("127.0.0.1", "::1", "localhost")


@pytest.fixture(scope="session", autouse=True)
def asked() -> Iterator[list[str]]:
    """Every host outside that something asked for: refused, and noted."""
    outside: list[str] = []
    look_up = socket.getaddrinfo

    def only_here(host: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name is not None and name not in HERE:
            outside.append(name)
            raise OSError(f"{name} is not here")
        return look_up(host, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", only_here)
        yield outside


@pytest.fixture(autouse=True)
def _asks_nobody_outside(asked: list[str]) -> Iterator[None]:
    yield
    assert asked == []


@pytest.fixture(scope="session")
def tts_url() -> Iterator[str]:
    environment = {"TTS_ENGINE": "espeak", "PARLEY_OFFLINE": "1"}
    with running("inference.tts", environment, python=SERVERS_PYTHON) as url:
        yield f"{url}/v1"


@pytest.fixture(scope="session")
def llm_url() -> Iterator[str]:
    environment = {"LLM_BACKEND": "assist", "PARLEY_OFFLINE": "1"}
    with running("inference.llm", environment, python=SERVERS_PYTHON) as url:
        yield f"{url}/v1"
