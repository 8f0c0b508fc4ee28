"""The servers under test: ours, llama-server by itself, and llama-cpp-python's."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx2

from tests.processes import LOGS, ROOT, clean_env, free_port, running, wait_ready

PYTHON = ROOT / ".venv-llama" / "bin" / "python"  # of the package: `make llama-python`
LOAD_WITHIN_S = 300.0
STOP_WITHIN_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The same for each server."""

    file: Path
    binary: Path
    slots: int
    ctx_tokens: int  # of one chat
    threads: int


@dataclass(frozen=True, slots=True)
class Server:
    """A running one. `url` ends with `/v1`."""

    name: str
    url: str


@contextmanager
def ours(plan: Plan) -> Iterator[Server]:
    """Raises AssertionError where the assistant stepped in for the model."""
    env = {
        "LLM_MODEL": str(plan.file),
        "LLM_LLAMA_SERVER_BIN": str(plan.binary),
        "LLM_CTX_SIZE": str(plan.ctx_tokens),
        "LLM_SLOTS": str(plan.slots),
        "LLM_THREADS": str(plan.threads),
        "LLM_FIRST_TOKEN_S": "900",  # a busy machine reads a thousand tokens for minutes
        "LLM_INTER_TOKEN_S": "300",
        "PARLEY_OFFLINE": "1",
    }
    with running("inference.llm", env) as url:
        told = httpx2.get(f"{url}/health/ready", timeout=30).json()["model"]
        assert told["serving"] == plan.file.stem, told
        yield Server("parley", f"{url}/v1")


@contextmanager
def llama_server(plan: Plan) -> Iterator[Server]:
    """With what our server gives it too, where that is not its default."""
    command: list[object] = [plan.binary, "--model", plan.file, "--alias", "bench"]
    command += ["--ctx-size", plan.ctx_tokens * plan.slots, "--parallel", plan.slots]
    command += ["--threads", plan.threads, "--no-kv-unified", "--jinja", "--no-ui", "--offline"]
    with _started("llama-server", [str(part) for part in command], {}, "/health") as server:
        yield server


@contextmanager
def llama_cpp_python(plan: Plan) -> Iterator[Server]:
    """It has one slot; by default a second request would cut off the first one's answer."""
    options = {
        "--model": plan.file,
        "--model_alias": "bench",
        "--n_ctx": plan.ctx_tokens,
        "--n_threads": plan.threads,
        "--n_threads_batch": plan.threads,
        "--interrupt_requests": "false",
    }
    command = [str(PYTHON), "-m", "llama_cpp.server"]
    command += [str(part) for option in options.items() for part in option]
    # Where `make llama` puts the libraries that the package was installed without.
    built = os.environ.get("LLAMA_CPP_LIB_PATH", str(plan.binary.parent))
    env = {"LLAMA_CPP_LIB_PATH": built}
    with _started("llama-cpp-python", command, env, "/v1/models") as server:
        yield server


@contextmanager
def _started(
    name: str, command: list[str], env: Mapping[str, str], health: str
) -> Iterator[Server]:
    port = free_port()
    LOGS.mkdir(exist_ok=True)
    with (LOGS / f"bench-{name}-{port}.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port)],
            env=clean_env(env),
            stdout=log,
            stderr=log,
        )
        try:
            wait_ready(f"http://127.0.0.1:{port}{health}", process, LOAD_WITHIN_S)
            yield Server(name, f"http://127.0.0.1:{port}/v1")
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(STOP_WITHIN_S)
            if process.poll() is None:
                process.kill()
                process.wait()
