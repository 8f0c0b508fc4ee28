"""A real service of the rig: started, killed and started again, its log read as events."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from tests.processes import clean_env, wait_ready

STOP_WITHIN_S = 15.0
Event = dict[str, Any]


@dataclass(slots=True)
class Service:
    """One service; `start` and `kill` as often as wanted."""

    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    log: Path
    ready_url: str
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def start(self) -> None:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.folder,
                env=clean_env(self.environment),
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def wait_ready(self, within_s: float = 60.0) -> None:
        assert self.process is not None
        wait_ready(self.ready_url, self.process, within_s)

    def kill(self) -> None:
        """The process and all it started, as a lost machine would."""
        family = self.family()
        for process in family:
            process.kill()
        assert self.process is not None
        self.process.wait(STOP_WITHIN_S)
        psutil.wait_procs(family, timeout=STOP_WITHIN_S)

    def terminate(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)

    def stop(self) -> None:
        """End it whatever state it is in."""
        if self.process is None or self.process.poll() is not None:
            return
        self.kill()

    @contextmanager
    def with_settings(self, **settings: str) -> Iterator[None]:
        """Restarted with these settings until the block ends, and then again without."""
        usual = self.environment
        self.stop()
        self.environment = {**usual, **settings}
        self.start()
        try:
            self.wait_ready()
            yield
        finally:
            self.environment = usual
            self.stop()

    def family(self) -> list[psutil.Process]:
        try:
            process = psutil.Process(self.pid)
            return [process, *process.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def mark(self) -> int:
        """Where its log ends now, for `events`."""
        return self.log.stat().st_size if self.log.exists() else 0

    def events(self, since: int = 0) -> list[Event]:
        """What it logged after `since`, as JSON lines; what is not JSON is left out."""
        with self.log.open("rb") as log:
            log.seek(since)
            lines = log.read().decode(errors="replace").splitlines()
        found = []
        for line in lines:
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if isinstance(event, dict):
                found.append(event)
        return found


def connected_to(service: Service, port: int) -> set[int]:
    """Processes under `service`, not itself, with a connection to `port`: jobs in a room."""
    pids = set()
    for process in service.family()[1:]:
        try:
            connections = process.net_connections("tcp")
        except psutil.Error:  # it ended meanwhile
            continue
        if any(c.raddr and c.raddr.port == port for c in connections):
            pids.add(process.pid)
    return pids


def send(pid: int, signum: int) -> None:
    os.kill(pid, signum)
