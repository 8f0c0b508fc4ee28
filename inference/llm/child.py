"""One engine process: started apart from the server, listened to, measured, and ended for good."""

import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psutil

from chassis.logs import get_logger
from inference.model_status import EngineFailed

LAUNCHER = Path(__file__).with_name("launch.py")
START_WITHIN_S = 10.0  # to be a process at all
TERM_WITHIN_S = 3.0  # to leave by itself
KILL_WITHIN_S = 5.0
TAIL_LINES = 40
LINE_CHARS = 400
# Of the server's environment: what finds programs, libraries and GPUs. Its keys are not in there,
# nor are variables that would change the engine's own settings.
PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR", "TZ", "LD_LIBRARY_PATH", "SSL_CERT_FILE")
PASSED_ON_OF = ("LC_", "CUDA_", "NVIDIA_", "HIP_", "ROCR_", "GGML_", "OMP_", "KMP_", "VK_")

log = get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What a process has used of the machine."""

    cpu_s: float
    read_bytes: int  # from disks; a model that is paged in computes nothing meanwhile
    rss_bytes: int


class Child:
    """The process of `command`, in a group of its own; it never outlives this one.

    May be used from any thread. A thread of its own starts it and waits for its end: the kernel
    ties a child's life to the thread that started it.
    """

    def __init__(
        self, command: Sequence[str], *, name: str, environment: Mapping[str, str] | None = None
    ) -> None:
        self._command = [str(part) for part in command]
        self._name = name
        # What a debugger says of a crash takes seconds, and holds what people said.
        self._environment = _environment() | {"GGML_NO_BACKTRACE": "1"} | dict(environment or {})
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._process: subprocess.Popen[bytes] | None = None
        self._refused: OSError | None = None
        self._begun = threading.Event()
        self._ended = threading.Event()
        self._lock = threading.Lock()  # held while the process is signalled, measured or reaped
        self._on_end: list[Callable[[], None]] = []
        self.is_stopping = False  # asked to by us

    def start(self) -> None:
        """Blocks until it is a process. Raises EngineFailed where it cannot become one."""
        threading.Thread(target=self._keep, name=f"keep-{self._name}", daemon=True).start()
        if not self._begun.wait(START_WITHIN_S) or self._process is None:
            raise EngineFailed(f"{self._name} cannot be started: {self._refused or 'no time'}")

    @property
    def pid(self) -> int:
        """Of the process that was started. Raises EngineFailed before."""
        if self._process is None:
            raise EngineFailed(f"{self._name} was not started")
        return self._process.pid

    @property
    def ended(self) -> bool:
        return self._ended.is_set()

    def on_end(self, callback: Callable[[], None]) -> None:
        """Called from another thread as soon as the process ended; at once where it has."""
        with self._lock:
            if not self._ended.is_set():
                self._on_end.append(callback)
                return
        callback()

    def wait(self, timeout_s: float) -> bool:
        """Whether it ended within that time. Blocks."""
        return self._ended.wait(timeout_s)

    def used(self) -> Used | None:
        """None of a process that ended."""
        with self._lock:
            if self._process is None or self._ended.is_set():
                return None
            try:
                return _used(psutil.Process(self._process.pid))
            except psutil.Error:
                return None

    def terminate(self) -> None:
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """At once, and whatever it started."""
        self._signal(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to leave, make it where it does not. Blocks until it is gone."""
        self.is_stopping = True
        self.terminate()
        if not self.wait(TERM_WITHIN_S):
            self.kill()
            if not self.wait(KILL_WITHIN_S):  # stuck in the kernel, on a disk or a driver
                log.error("engine_does_not_die", engine=self._name, pid=self.pid)

    def last_lines(self) -> list[str]:
        """The end of what it wrote. May hold what people said once it answered requests."""
        return list(self._tail)

    def ending(self) -> str:
        """How it ended, in words."""
        code = self._process.returncode if self._process else None
        if code is None:
            return f"{self._name} runs"
        if code < 0:
            with suppress(ValueError):
                return f"{self._name} was ended by {signal.Signals(-code).name}"
        return f"{self._name} ended with status {code}"

    def _signal(self, number: signal.Signals) -> None:
        with self._lock:
            if self._process is None or self._ended.is_set():
                return  # its number may be another's by now
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    def _keep(self) -> None:
        command = [sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid()), *self._command]
        try:
            process = subprocess.Popen(  # noqa: S603 - what runs is the settings' to say
                command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as exc:
            self._refused = exc
            self._ended.set()
            self._begun.set()
            return
        assert process.stdout is not None
        reading = threading.Thread(target=self._read, args=(process.stdout,), daemon=True)
        reading.start()
        self._process = process
        self._begun.set()
        if hasattr(os, "waitid"):  # a zombie until we say so: its number is not another's
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        else:
            process.wait()
        with self._lock:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)  # what it left behind
            process.wait()
        reading.join(1.0)  # its last words tell why
        with self._lock:
            self._ended.set()
            callbacks, self._on_end = self._on_end, []
        for callback in callbacks:
            callback()

    def _read(self, output: IO[bytes]) -> None:
        with output:
            while line := output.readline(LINE_CHARS):
                text = line.decode(errors="replace").rstrip()
                if text:
                    self._tail.append(text)
                    log.debug("engine_said", engine=self._name, line=text)


def _used(process: psutil.Process) -> Used:
    with process.oneshot():
        times = process.cpu_times()
        rss = process.memory_info().rss
    read_bytes = 0
    if hasattr(process, "io_counters"):
        with suppress(psutil.AccessDenied):
            read_bytes = process.io_counters().read_bytes
    return Used(cpu_s=times.user + times.system, read_bytes=read_bytes, rss_bytes=rss)


def _environment() -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()
        if name in PASSED_ON or name.startswith(PASSED_ON_OF)
    }
