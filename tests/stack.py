"""The whole stack for end-to-end tests: `parley up` on free ports, in a folder of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psutil

from tests.processes import ROOT, clean_env, free_ports, own_folder, wait_ready

UP_WITHIN_S = 120.0
DOWN_WITHIN_S = 20.0
PORTS = (
    "BACKEND_PORT",
    "STT_PORT",
    "LLM_PORT",
    "TTS_PORT",
    "EMBEDDED_PORT",
    "AGENT_PORT",
    "AGENT_SDK_PORT",
    "LIVEKIT_PORT",
    "LIVEKIT_RTC_TCP_PORT",
    "LIVEKIT_UDP_PORT",
    "SIP_PORT",
    "SIP_HEALTH_PORT",
    "REDIS_PORT",
)
RTP_PORTS = range(20_000, 32_000)  # below those that systems give away by themselves
RTP_PORTS_A_STACK = 100

PORT_OF = {
    "sfu": "LIVEKIT_PORT",
    "stt": "STT_PORT",
    "llm": "LLM_PORT",
    "tts": "TTS_PORT",
    "embedded": "EMBEDDED_PORT",
    "agent": "AGENT_PORT",
    "backend": "BACKEND_PORT",
    "sip": "SIP_HEALTH_PORT",
}


@dataclass(frozen=True, slots=True)
class Stack:
    """A running stack."""

    folder: Path
    ports: dict[str, int]
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://localhost:{self.ports['BACKEND_PORT']}"

    def pids(self, service: str) -> list[int]:
        """The main process of `service`, found by its command line among the stack's children."""
        marks = {
            "sfu": "livekit-server",
            "stt": "inference.stt",
            "llm": "inference.llm",
            "tts": "inference.tts",
            "embedded": "inference.embedded",
            "agent": "livekit_agent",
            "backend": "backend",
            "sip": "livekit-sip",
            "redis": "redis-server",
        }
        mark = marks[service]
        children = psutil.Process(self.process.pid).children()
        return [child.pid for child in children if any(mark in word for word in words_of(child))]

    def status(self) -> dict[str, str]:
        services = httpx2.get(f"{self.url}/api/health", trust_env=False).json()["services"]
        return {s["name"]: s["state"] for s in services}

    def wait_service_ready(self, service: str, within_s: float) -> None:
        """Until `service` itself says it is ready, whatever others remember of it."""
        path = "/" if service in ("sfu", "sip") else "/health/ready"
        port = self.ports[PORT_OF[service]]
        wait_ready(f"http://127.0.0.1:{port}{path}", self.process, within_s)

    def wait_restarted(self, service: str, old_pid: int, within_s: float) -> None:
        """Until another process runs as `service`, so that readiness is not the dead one's."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            if any(pid != old_pid for pid in self.pids(service)):
                return
            time.sleep(0.02)  # between two polls of a deadline
        raise AssertionError(f"{service} was not restarted within {within_s:g} s")

    def wait_ready(self, within_s: float = UP_WITHIN_S) -> None:
        """Until a call works: every service ready."""
        deadline = time.monotonic() + within_s
        seen: object = None
        while time.monotonic() < deadline:
            try:
                seen = self.status()
                if all(state == "ready" for state in self.status().values()):
                    return
            except httpx2.HTTPError as exc:
                seen = exc
            time.sleep(0.05)  # between two polls of a deadline
        raise AssertionError(f"the stack was not ready within {within_s:g} s: {seen}")


def words_of(process: psutil.Process) -> list[str]:
    """Of its command line; none of one that is dead and not yet buried."""
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def start(name: str, settings: Mapping[str, str] | None = None) -> Stack:
    """Start `parley up` in `test-logs/<name>`; its logs stay there."""
    folder = own_folder(name)
    folder.mkdir(parents=True, exist_ok=True)
    ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
    rtp = RTP_PORTS[ports["SIP_PORT"] * RTP_PORTS_A_STACK % len(RTP_PORTS)]
    env = clean_env(
        {
            **{port: str(number) for port, number in ports.items()},
            "SIP_RTP_PORT_START": str(rtp),
            "SIP_RTP_PORT_END": str(rtp + RTP_PORTS_A_STACK - 1),
            "PARLEY_STATE_DIR": str(folder / "state"),
            "BACKEND_TOKENS_PER_MINUTE": "600",
            "BACKEND_RECORDING": "allowed",
            "PYTHONPATH": str(ROOT),
            **(settings or {}),
        }
    )
    with (folder / "up.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "parley", "up"],
            cwd=folder,
            env=env,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    return Stack(folder, ports, process)


def stop(stack: Stack, signum: int = signal.SIGTERM) -> list[psutil.Process]:
    """Stop the stack; returns the processes it left behind."""
    if stack.process.poll() is not None:
        return []
    family = psutil.Process(stack.process.pid).children(recursive=True)
    os.kill(stack.process.pid, signum)
    try:
        stack.process.wait(DOWN_WITHIN_S)
    except subprocess.TimeoutExpired:
        stack.process.kill()
    _, alive = psutil.wait_procs(family, timeout=2)
    return alive


def wait_until_up(stack: Stack) -> None:
    """Until it is ready for calls."""
    wait_ready(f"{stack.url}/health/live", stack.process, UP_WITHIN_S)
    stack.wait_ready()


@contextmanager
def running_stack(name: str, settings: Mapping[str, str] | None = None) -> Iterator[Stack]:
    """The stack, ready for calls, until the block ends."""
    stack = start(name, settings)
    try:
        wait_until_up(stack)
        yield stack
    finally:
        for left in stop(stack):
            left.kill()
