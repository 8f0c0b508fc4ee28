"""Find and end what a service or a dead run left behind, by a mark in the environment.

A mark survives what process groups and parent ids do not: children that moved to a session of
their own, and orphans whose parent is gone. Every process of a run carries it, no other does.
"""

import asyncio
import os
import secrets
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field

import psutil

MARK = "PARLEY_RUN"
POLL_S = 0.02


@dataclass(frozen=True, slots=True)
class Run:
    """One run of `parley up`."""

    id: str = field(default_factory=lambda: secrets.token_hex(8))

    def mark(self, service: str) -> dict[str, str]:
        """What to add to the environment of `service`'s process."""
        return {MARK: f"{self.id}/{service}"}

    def remnants(self, service: str = "") -> list[psutil.Process]:
        """Every process of this run, or of one of its services."""
        prefix = f"{self.id}/{service}"
        own_pid = os.getpid()
        return [
            process
            for process in psutil.process_iter()
            if process.pid != own_pid and _mark_of(process).startswith(prefix)
        ]


async def end(processes: Iterable[psutil.Process], *, grace_s: float = 0.0) -> None:
    """SIGTERM and `grace_s` to leave, when there is a grace; then SIGKILL. Never raises."""
    left = list(processes)
    if grace_s > 0:
        for process in left:
            _quietly(process.terminate)
        left = await _still_there(left, grace_s)
    for process in left:
        _quietly(process.kill)
    await _still_there(left, 1.0)


async def _still_there(processes: list[psutil.Process], within_s: float) -> list[psutil.Process]:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within_s
    left = [process for process in processes if _is_alive(process)]
    while left and loop.time() < deadline:
        await asyncio.sleep(POLL_S)
        left = [process for process in left if _is_alive(process)]
    return left


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _mark_of(process: psutil.Process) -> str:
    try:
        return process.environ().get(MARK, "")
    except (psutil.Error, OSError):
        return ""


def _quietly(action: Callable[[], object]) -> None:
    with suppress(psutil.Error):
        action()
