"""The chat server with a model that llama.cpp runs, and what tests of faults look at."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest

from inference.llm.settings import LlmSettings
from parley.llama_build import PINS, built, pinned
from tests.fakes.gguf_model import Shape, make_gguf
from tests.processes import LOGS, ROOT, clean_env, free_port, until

WITHIN_S = 60.0
LLAMA_PYTHON = ROOT / ".venv-llama" / "bin" / "python"
TINY = Shape()
CHAT = "/v1/chat/completions"
SERVER, PACKAGE = "llama-server", "llama-cpp-python"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Running:
    """A server that answers; its engine is a child of it."""

    url: str
    pid: int

    def engine(self) -> psutil.Process:
        """The process that computes now."""
        (child,) = psutil.Process(self.pid).children()
        return child

    def slots(self) -> list[Json]:
        """As llama-server tells them itself."""
        command = self.engine().cmdline()
        socket = command[command.index("--host") + 1]
        with httpx2.Client(transport=httpx2.HTTPTransport(uds=socket), timeout=10) as client:
            told: list[Json] = client.get("http://engine/slots").json()
        return told

    def ready(self) -> Json:
        told: Json = httpx2.get(f"{self.url}/health/ready", timeout=20).json()["model"]
        return told

    def serves(self, model: str) -> bool:
        return bool(self.ready()["serving"] == model)

    def metric(self, line: str) -> float:
        """Of a sample by its name and labels; 0 where it is not there."""
        for sample in httpx2.get(f"{self.url}/metrics", timeout=10).text.splitlines():
            if sample.startswith(line + " "):
                return float(sample.rpartition(" ")[2])
        return 0.0

    def ask(self, text: str = "hello", **more: Any) -> httpx2.Response:
        return httpx2.post(f"{self.url}{CHAT}", json=body(text, **more), timeout=WITHIN_S)


def body(text: str = "hello", **more: Any) -> Json:
    return {"messages": [{"role": "user", "content": text}], "max_tokens": 4, **more}


@contextmanager
def running(
    folder: Path, *, backend: str = SERVER, shape: Shape = TINY, **settings: str
) -> Iterator[Running]:
    """A server that serves the model `tiny` of `folder`, made here where it is not there."""
    if not (folder / "tiny.gguf").exists():
        make_gguf(folder / "tiny.gguf", ctx=4096, shape=shape)
    with starting(folder, backend=backend, **settings) as server:
        until(lambda: server.serves("tiny"))
        yield server


@contextmanager
def starting(folder: Path, *, backend: str = SERVER, **settings: str) -> Iterator[Running]:
    """A server that answers, ready or not."""
    binary = LlmSettings().llama_server_bin or built(pinned(PINS.read_text())[0])
    if not binary.is_file():
        pytest.skip("llama-server is not here: `make llama`")
    if backend == PACKAGE and not LLAMA_PYTHON.exists():
        pytest.skip("llama-cpp-python is not here: `make llama-python`")
    python = LLAMA_PYTHON if backend == PACKAGE else sys.executable
    port = free_port()
    environment = clean_env(
        {
            "LLM_PORT": str(port),
            "LLM_BACKEND": backend,
            "LLM_MODEL": "tiny",
            "LLM_LLAMA_SERVER_BIN": str(binary),
            "LLAMA_CPP_LIB_PATH": str(binary.parent.resolve()),
            "PARLEY_MODELS_DIR": str(folder),
            "PYTHONPATH": str(ROOT),
            **{f"LLM_{name.upper()}": value for name, value in settings.items()},
        }
    )
    LOGS.mkdir(exist_ok=True)
    with (LOGS / f"inference.llm-{port}.log").open("wb") as log:
        process = subprocess.Popen(
            [python, "-m", "inference.llm"], env=environment, stdout=log, stderr=log, cwd=LOGS
        )
        try:
            url = f"http://127.0.0.1:{port}"
            until(lambda: _answers(url))
            yield Running(url, process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(15)


def chunks(response: httpx2.Response) -> Iterator[Json]:
    for line in response.iter_lines():
        if line.startswith("data: {"):
            yield json.loads(line.removeprefix("data: "))


@contextmanager
def stream(server: Running, text: str = "hello", **more: Any) -> Iterator[Iterator[Json]]:
    """The chunks of one streamed chat; leaving the block leaves the chat."""
    asked = body(text, **{"max_tokens": 2000, "stream": True, **more})
    with (
        httpx2.Client(timeout=WITHIN_S) as client,
        client.stream("POST", f"{server.url}{CHAT}", json=asked) as response,
    ):
        assert response.status_code == 200, response.read()
        yield chunks(response)


def written(chunk: Json) -> bool:
    return bool(chunk.get("choices") and chunk["choices"][0]["delta"].get("content"))


def _answers(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/health/live", timeout=5).status_code == 200
    except httpx2.ConnectError:
        return False
