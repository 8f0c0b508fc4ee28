"""One service's process: started in a session of its own, output straight to its log file."""

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from parley.build_step import tail
from parley.remnants import Run, end
from parley.services import Service

KEPT_LOGS = 3
PR_SET_PDEATHSIG = 1
# Loaded before any fork: between fork and exec nothing may be imported.
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class ServiceProcess:
    """The process of one service, as often as it is started."""

    def __init__(self, service: Service, logs_dir: Path, run: Run) -> None:
        self.service = service
        self.log = logs_dir / f"{service.name}.log"
        self._run = run
        self._process: asyncio.subprocess.Process | None = None
        self._log_start = 0

    @property
    def pid(self) -> int | None:
        """While it runs."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def start(self) -> None:
        """Raises OSError when the command cannot be run."""
        # The child writes the file itself: no pipe to keep empty, no line too long for a reader.
        with self.log.open("ab") as output:
            self._log_start = output.tell()
            self._process = await asyncio.create_subprocess_exec(
                *self.service.command,
                env={**self.service.environment, **self._run.mark(self.service.name)},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=_die_with_parent(self.service.orphan_signal),
            )

    async def ended(self) -> int:
        """Wait for the end of the process; its exit status, negative when a signal ended it."""
        assert self._process is not None
        return await self._process.wait()

    def terminate(self) -> None:
        """Ask the process to leave. It alone: it tells its children itself, in its own order."""
        if self._process is not None and self.pid is not None:
            self._process.send_signal(self.service.stop_signal)

    def kill(self) -> None:
        """The process and its whole group."""
        if self._process is not None:
            _kill_group(self._process.pid)

    async def end_remnants(self) -> None:
        """After its process ended: kill what it started, in its group or out of it."""
        self.kill()
        self._process = None  # its number may soon be another process's
        await end(self._run.remnants(self.service.name))

    def last_lines(self) -> str:
        """The end of what it wrote since its latest start."""
        return tail(self.log, self._log_start)


def rotate(log: Path) -> None:
    """Keep the logs of the last few runs as `.1`, `.2`, `.3`."""
    for age in range(KEPT_LOGS, 0, -1):
        older = log.with_name(f"{log.name}.{age}")
        newer = log if age == 1 else log.with_name(f"{log.name}.{age - 1}")
        if newer.exists():
            newer.replace(older)


def _kill_group(pid: int) -> None:
    # Gone; or, on macOS, only a zombie is left.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _die_with_parent(number: signal.Signals) -> Callable[[], None] | None:
    """For the child, before exec: have the kernel send it `number` when `parley` dies."""
    libc = _libc
    if libc is None:
        return None
    parent = os.getpid()

    def in_child() -> None:
        libc.prctl(PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:  # it died before the call above
            os.kill(os.getpid(), signal.SIGKILL)

    return in_child
