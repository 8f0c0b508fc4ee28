"""A whole stack of tiny real processes, run by the real `parley up` in a folder of its own."""

import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.processes import ROOT, clean_env, free_ports

FAKE = Path(__file__).parent / "fake_service.py"
NAMES = ("stt", "llm", "tts", "embedded", "agent", "backend")
MODULES = {
    "stt": "inference/stt.py",
    "llm": "inference/llm.py",
    "tts": "inference/tts.py",
    "embedded": "inference/embedded.py",
    "agent": "livekit_agent.py",
    "backend": "backend.py",
}
WITHIN_S = 30.0


class Stack:
    """A folder, its settings, and the `parley` processes started in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        numbers = free_ports(len(NAMES) + 4)
        self.ports = {name: numbers.pop() for name in (*NAMES, "sfu")}
        self.variables = {
            "PYTHONPATH": str(ROOT),
            "PARLEY_STATE_DIR": str(folder / "state"),
            "FAKE_STACK_MARK": str(folder),
            "BACKEND_WEB_DIR": str(folder),
            "LIVEKIT_SERVER_BIN": str(folder / "livekit-server"),
            "LIVEKIT_PORT": str(self.ports["sfu"]),
            "LIVEKIT_RTC_TCP_PORT": str(numbers.pop()),
            "LIVEKIT_UDP_PORT": str(numbers.pop()),
            "AGENT_SDK_PORT": str(numbers.pop()),
        } | {f"{name.upper()}_PORT": str(self.ports[name]) for name in NAMES}
        self.process: subprocess.Popen[str] | None = None
        self.output: list[str] = []
        self._news: queue.Queue[str | None] = queue.Queue()

    def install_fakes(self) -> None:
        shutil.copy(FAKE, self.folder / "fake_service.py")
        (self.folder / "inference").mkdir()
        (self.folder / "inference" / "__init__.py").touch()
        for name, module in MODULES.items():
            body = f"import fake_service\nfake_service.serve({name!r}, {self.ports[name]})\n"
            (self.folder / module).write_text(body)
        binary = self.folder / "livekit-server"
        binary.write_text(
            f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(self.folder)!r})\n"
            "if '--version' in sys.argv:\n    print('livekit-server version 1.13.5')\n"
            f"else:\n    import fake_service\n    fake_service.serve('sfu', {self.ports['sfu']})\n"
        )
        binary.chmod(0o755)

    def mode(self, name: str, mode: str) -> None:
        """How `name` behaves from its next start on."""
        (self.folder / f"{name}.mode").write_text(mode)

    def parley(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a `parley` command to its end."""
        return subprocess.run(
            [sys.executable, "-m", "parley", *arguments],
            cwd=self.folder,
            env=clean_env(self.variables),
            capture_output=True,
            text=True,
            timeout=WITHIN_S,
            check=False,
        )

    def start(self) -> subprocess.Popen[str]:
        """Start `parley up`; the caller reads its output."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "parley", "up"],
            cwd=self.folder,
            env=clean_env(self.variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return self.process

    def up(self) -> None:
        """Start `parley up`; its lines are kept as they come."""
        process = self.start()
        self.output = []
        self._news = queue.Queue()
        threading.Thread(target=_read, args=(process, self._news), daemon=True).start()

    def wait_line(self, text: str) -> str:
        """The next line that has `text`."""
        deadline = time.monotonic() + WITHIN_S
        while True:
            try:
                line = self._news.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                line = None
            if line is None:
                raise AssertionError(f"no line with {text!r} in:\n{''.join(self.output)}")
            self.output.append(line)
            if text in line:
                return line

    def saw_or_wait(self, text: str) -> str:
        """A line that has `text`, come already or to come: services get ready in any order."""
        return next((line for line in self.output if text in line), None) or self.wait_line(text)

    def up_and_ready(self) -> None:
        self.up()
        self.wait_line("Parley is ready")

    def wait_end(self) -> int:
        """The exit status of `parley up`; all its output is in `output` then."""
        assert self.process is not None
        code = self.process.wait(WITHIN_S)
        while (line := self._news.get(timeout=WITHIN_S)) is not None:
            self.output.append(line)
        return code

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.wait_end()

    def main_process(self, name: str) -> psutil.Process:
        """The process `parley up` started for a service."""
        assert self.process is not None
        for child in psutil.Process(self.process.pid).children():
            if child.environ().get("PARLEY_RUN", "").endswith(f"/{name}"):
                return child
        raise AssertionError(f"{name} does not run")

    def pid_of(self, name: str) -> int | None:
        try:
            return self.main_process(name).pid
        except (AssertionError, psutil.NoSuchProcess):
            return None

    def processes(self) -> list[psutil.Process]:
        """Every living process that descends from this test's `parley`."""
        return [process for process in psutil.process_iter() if self._is_ours(process)]

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            alive = process.status() != psutil.STATUS_ZOMBIE
            return alive and process.environ().get("FAKE_STACK_MARK") == str(self.folder)
        except psutil.Error:
            return False

    def environment_of(self, name: str) -> dict[str, str]:
        return dict(json.loads((self.folder / f"{name}.environment").read_text()))


def _read(process: subprocess.Popen[str], news: queue.Queue[str | None]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        news.put(line)
    news.put(None)


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    stack = Stack(tmp_path)
    stack.install_fakes()
    yield stack
    for process in stack.processes():
        with suppress(psutil.NoSuchProcess):
            process.kill()
    if stack.process is not None:
        stack.process.wait(WITHIN_S)


def is_alive(process: psutil.Process) -> bool:
    """A zombie that its parent has yet to collect is not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_until(condition: Callable[[], bool], what: str, within_s: float = WITHIN_S) -> None:
    """Poll `condition` until it holds; fails after `within_s`."""
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within_s:g} s: {what}")
        time.sleep(0.01)  # between two looks, not a guess


def mode_bits(path: Path) -> int:
    return os.stat(path).st_mode & 0o777
