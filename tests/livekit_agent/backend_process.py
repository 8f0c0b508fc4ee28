"""A real backend process that can be stopped, killed and started again on its port."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.processes import LOGS, ROOT, clean_env, free_port, wait_ready

KEY = "fedcba9876543210fedcba9876543210"


class BackendProcess:
    """Its database lies in `folder`; `url` stays the same."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        LOGS.mkdir(exist_ok=True)
        env = {
            "BACKEND_PORT": str(self._port),
            "PARLEY_SERVICE_KEY": KEY,
            "LIVEKIT_API_KEY": "APItest",
            "LIVEKIT_API_SECRET": "0123456789abcdef0123456789abcdef",
            "PYTHONPATH": str(ROOT),
        }
        with (LOGS / f"backend-{self._port}.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "backend"],
                env=clean_env(env),
                cwd=self._folder,
                stdout=log,
                stderr=log,
            )
        wait_ready(f"{self.url}/health/live", self._process)  # ready needs an SFU

    def stop(self) -> None:
        """By SIGKILL: what it had answered must be kept."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextlib.contextmanager
def backend_in(folder: Path) -> Iterator[BackendProcess]:
    backend = BackendProcess(folder)
    backend.start()
    try:
        yield backend
    finally:
        backend.stop()
