"""Real service processes for tests: started on a free port, waited for until ready, logs kept."""

import fcntl
import functools
import itertools
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import httpx2
import psutil

ROOT = Path(__file__).parent.parent
LOGS = ROOT / "test-logs"
READY_WITHIN_S = 60.0
STOP_WITHIN_S = 30.0  # on a machine that others load


class _Ports:
    """A block of ports that no other test process chooses from, handed out in turn.

    Outside of what the system lends to whoever asks: between the choice and the use of a port, no
    connection and no other worker takes it.
    """

    FIRST, END, BLOCK = 22_000, 32_000, 200

    def __init__(self) -> None:
        self._held, first = self._claim()
        self._turn = itertools.cycle(range(first, first + self.BLOCK))

    def next(self) -> int:
        return next(port for port in itertools.islice(self._turn, self.BLOCK) if _is_free(port))

    def _claim(self) -> tuple[IO[str], int]:
        folder = Path(tempfile.gettempdir()) / f"parley-test-ports-{os.getuid()}"
        folder.mkdir(exist_ok=True)
        for first in range(self.FIRST, self.END, self.BLOCK):
            held = (folder / str(first)).open("w")
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)  # until this process ends
            except BlockingIOError:
                held.close()
            else:
                return held, first
        raise AssertionError("too many test processes at once")


@functools.cache
def _ports() -> _Ports:
    return _Ports()


def _is_free(port: int) -> bool:
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        try:
            tcp.bind(("", port))
            udp.bind(("", port))
        except OSError:
            return False
    return True


def free_ports(count: int) -> list[int]:
    """Different ports nothing listens on, by TCP or UDP."""
    return [_ports().next() for _ in range(count)]


def free_port() -> int:
    return _ports().next()


def own_folder(name: str) -> Path:
    """Where the logs called `name` go. Tests that run side by side have one each."""
    return LOGS / "-".join(filter(None, (name, os.environ.get("PYTEST_XDIST_WORKER"))))


def wait_ready(
    url: str, process: subprocess.Popen[bytes], within_s: float = READY_WITHIN_S
) -> None:
    """Until `url` answers 200. Fails at once when the process ends, and after `within_s`."""
    deadline = time.monotonic() + within_s
    last = "no answer"
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise AssertionError(
                f"the process ended with {process.returncode} before {url} was ready"
            )
        try:
            response = httpx2.get(url, timeout=5, trust_env=False)
            if response.status_code == 200:
                return
            last = response.text
        except httpx2.HTTPError as exc:
            last = repr(exc)
        time.sleep(0.05)  # between two polls of a deadline, not a guess at how long it takes
    raise AssertionError(f"{url} was not ready within {within_s:g} s: {last}")


def until(holds: Callable[[], bool], within_s: float = 60.0) -> float:
    """How long it took."""
    began_s = time.monotonic()
    while not holds():
        assert time.monotonic() - began_s < within_s, "it did not happen in time"
        time.sleep(0.02)  # between two polls of a process, not a guess
    return time.monotonic() - began_s


def listening_pid(url: str) -> int:
    """The process that serves `url`."""
    port = int(url.rpartition(":")[2])
    return next(
        c.pid
        for c in psutil.net_connections("tcp")
        if c.laddr and c.laddr.port == port and c.pid and c.status == psutil.CONN_LISTEN
    )


def clean_env(env: Mapping[str, str]) -> dict[str, str]:
    """This process's environment without Parley's settings and models, plus `env`."""
    services = ("STT_", "LLM_", "TTS_", "EMBEDDED_", "AGENT_", "BACKEND_")
    ours = (*services, "LIVEKIT_", "PARLEY_")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
    return kept | {"PARLEY_MODELS_DIR": str(LOGS / "no-models")} | dict(env)


@contextmanager
def running(
    module: str,
    env: Mapping[str, str],
    *,
    cwd: Path | None = None,
    python: str = sys.executable,
    ready_within_s: float = READY_WITHIN_S,
    health: str = "/health/ready",
) -> Iterator[str]:
    """Run `python -m <module>` (say `inference.stt`) until the block ends; yields its base URL.

    It waits for `health` to answer 200: `/health/live` of a server that is not to be ready yet.
    """
    prefix = module.rpartition(".")[2].upper()
    port = free_port()
    LOGS.mkdir(exist_ok=True)
    log_path = LOGS / f"{module}-{port}.log"
    environment = clean_env({f"{prefix}_PORT": str(port), "PYTHONPATH": str(ROOT), **env})
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            [python, "-m", module], env=environment, stdout=log, stderr=log, cwd=cwd or LOGS
        )
        try:
            wait_ready(f"http://127.0.0.1:{port}{health}", process, ready_within_s)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise AssertionError(f"{module} did not stop within {STOP_WITHIN_S:g} s") from None
