"""What is measured, started: a backend, and what stands behind it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.processes import ROOT, free_port, listening_pid, running

ENCRYPTION_KEY = "key-of-the-bench-0123456789abcdef0123456789"
SERVICE_KEY = "service-key-of-the-bench-0123456789abcdef"
START_WITHIN_S = 20.0
MANY = "100000000"
ENVIRONMENT = {
    "LIVEKIT_API_KEY": "APIbench",
    "LIVEKIT_API_SECRET": "0123456789abcdef" * 2,
    "PARLEY_SERVICE_KEY": SERVICE_KEY,
    "BACKEND_ENCRYPTION_KEYS": f'["{ENCRYPTION_KEY}"]',
    # What holds back one client is not what is measured.
    "BACKEND_TOKENS_PER_MINUTE": MANY,
    "BACKEND_CALLS_PER_USER": MANY,
}


@contextmanager
def on_one_core() -> Iterator[None]:
    """Processes started meanwhile share a core; this one stays off it from then on."""
    first, *others = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {first})
    try:
        yield
    finally:
        os.sched_setaffinity(0, others or {first})


@contextmanager
def upstream() -> Iterator[str]:
    """`bench.backend.upstream`; yields its URL."""
    port = free_port()
    command = [sys.executable, "-m", "bench.backend.upstream", str(port)]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        _wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


@contextmanager
def backend(behind: str, database: Path) -> Iterator[str]:
    """`behind`: where every model server, the SFU and the agent are said to be."""
    services = ("STT", "LLM", "TTS", "EMBEDDED", "AGENT")
    env = {
        **ENVIRONMENT,
        **{f"BACKEND_{service}_URL": behind for service in services},
        "LIVEKIT_URL": behind.replace("http", "ws", 1),
        "BACKEND_DATABASE_URL": f"sqlite+aiosqlite:///{database}",
    }
    with running("backend", env) as url:
        yield url


def cpu_s(url: str) -> float:
    """What the server at `url` has used of processors so far."""
    times = psutil.Process(listening_pid(url)).cpu_times()
    return float(times.user + times.system)


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + START_WITHIN_S
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)  # between two polls of a deadline
    raise SystemExit(f"bench.backend: nothing listens on {port}")
