"""An engine's process: apart from the server, listened to, and never left behind."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from inference.llm import child as children
from inference.llm.child import Child
from inference.model_status import EngineFailed
from tests.processes import ROOT

WITHIN_S = 20.0
SLEEP = "import time; print('ready', flush=True); time.sleep(600)"


@contextmanager
def running(code: str, **environment: str) -> Iterator[Child]:
    child = Child([sys.executable, "-c", code], name="fake", environment=environment)
    child.start()
    try:
        yield child
    finally:
        child.kill()
        assert child.wait(WITHIN_S)


def said(child: Child, line: str) -> None:
    waiting = threading.Event()
    for _ in range(int(WITHIN_S / 0.02)):
        if line in child.last_lines():
            return
        waiting.wait(0.02)
    raise AssertionError(f"it did not say {line!r} but {child.last_lines()}")


def test_it_runs_apart_and_the_kernel_takes_it_first() -> None:
    with running(SLEEP) as child:
        said(child, "ready")
        assert os.getpgid(child.pid) == child.pid
        if sys.platform == "linux":
            assert int(Path(f"/proc/{child.pid}/oom_score_adj").read_text()) > 0
        used = child.used()
        assert used is not None
        assert used.rss_bytes > 1 << 20


def test_nothing_of_the_servers_secrets_and_settings_is_passed_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LLM_API_KEY", "secret")
    monkeypatch.setenv("LLAMA_ARG_CTX_SIZE", "1")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    code = "import os; print(sorted(n for n in os.environ if '_' in n)); print('end')"
    with running(code, CONFIG_FILE="here") as child:
        said(child, "end")
        told = child.last_lines()[0]
    assert "LLM_API_KEY" not in told
    assert "LLAMA_ARG" not in told
    assert "CUDA_VISIBLE_DEVICES" in told
    assert "CONFIG_FILE" in told


def test_its_end_is_told_at_once_and_in_words() -> None:
    ended = threading.Event()
    with running(SLEEP) as child:
        child.on_end(ended.set)
        os.kill(child.pid, signal.SIGKILL)
        assert ended.wait(WITHIN_S)
        assert child.ended
        assert child.ending() == "fake was ended by SIGKILL"
        assert child.used() is None
        late = threading.Event()
        child.on_end(late.set)
        assert late.is_set()


def test_its_last_words_are_kept_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    code = "print('x' * 5000)\nfor n in range(500): print(n)\nraise SystemExit(3)"
    with running(code) as child:
        assert child.wait(WITHIN_S)
        assert child.last_lines()[-1] == "499"
        assert len(child.last_lines()) == children.TAIL_LINES
        assert child.ending() == "fake ended with status 3"


def test_one_that_does_not_leave_is_made_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "TERM_WITHIN_S", 0.2)
    stubborn = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + SLEEP
    with running(stubborn) as child:
        said(child, "ready")
        child.stop()
        assert child.ended
        assert child.ending() == "fake was ended by SIGKILL"


def test_a_stopped_one_is_made_to_leave_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "TERM_WITHIN_S", 0.2)
    with running(SLEEP) as child:
        said(child, "ready")
        os.kill(child.pid, signal.SIGSTOP)
        child.stop()
        assert child.ended


def test_what_it_started_goes_with_it() -> None:
    code = (
        "import subprocess, sys, time\n"
        "other = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print(other.pid, flush=True); time.sleep(600)"
    )
    with running(code) as child:
        for _ in range(1000):
            if child.last_lines():
                break
            threading.Event().wait(0.02)
        grandchild = psutil.Process(int(child.last_lines()[0]))
        os.kill(child.pid, signal.SIGKILL)
        assert child.wait(WITHIN_S)
        gone, _ = psutil.wait_procs([grandchild], WITHIN_S)
        assert gone or grandchild.status() == psutil.STATUS_ZOMBIE


def test_a_command_that_cannot_be_run_says_why() -> None:
    child = Child(["/nonexistent/llama-server"], name="fake")
    child.start()
    assert child.wait(WITHIN_S)
    assert "No such file or directory" in child.last_lines()[-1]
    with pytest.raises(EngineFailed):
        _ = Child(["x"], name="fake").pid


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's doing")
def test_it_dies_with_a_server_that_is_killed() -> None:
    code = (
        "import sys, time\nfrom inference.llm.child import Child\n"
        "child = Child([sys.executable, '-c', 'import time; time.sleep(600)'], name='fake')\n"
        "child.start(); print(child.pid, flush=True); time.sleep(600)"
    )
    server = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=ROOT)
    assert server.stdout is not None
    with server.stdout:
        engine = psutil.Process(int(server.stdout.readline()))
    server.kill()
    server.wait()
    gone, _ = psutil.wait_procs([engine], WITHIN_S)
    assert gone or engine.status() == psutil.STATUS_ZOMBIE


def test_no_files_are_left_open() -> None:
    with running(SLEEP) as child:
        said(child, "ready")
    before = psutil.Process().num_fds()
    for _ in range(3):
        with running(SLEEP) as child:
            said(child, "ready")
    assert psutil.Process().num_fds() <= before
