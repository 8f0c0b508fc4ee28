"""Run one long command of the set-up: output to a log, lines of progress, nothing left over."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

PROGRESS_EVERY_S = 10.0
LOCK_POLL_S = 0.5
TAIL_LINES = 12
TAIL_BYTES = 8192

Say = Callable[[str], None]


class SetupFailed(Exception):
    """Why the stack cannot be set up, and the ways out."""


async def run_step(
    title: str,
    command: list[str],
    *,
    log: Path,
    say: Say,
    environment: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> None:
    """Run `command` to its end. Raises SetupFailed with the end of its log."""
    log.parent.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    say(f"{title} (log: {log})")
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *command,
            env=dict(environment) if environment is not None else None,
            cwd=cwd,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        code = await _wait(process, lambda: say(f"{title}: {time.monotonic() - started:.0f} s"))
    finally:
        _kill_group(process.pid)  # also what a finished command left running
        await process.wait()
    if code != 0:
        raise SetupFailed(f"{title} failed with {code}; from {log}:\n{_excerpt(log)}")
    say(f"{title}: done in {time.monotonic() - started:.0f} s")


@asynccontextmanager
async def alone(path: Path, work: str, say: Say) -> AsyncIterator[None]:
    """Hold the lock at `path` for the block; says so when another process is doing `work`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    told = False
    while True:
        try:
            lock.acquire(blocking=False)
            break
        except Timeout:
            if not told:
                say(f"Another `parley` is {work}: waiting for it")
            told = True
            await asyncio.sleep(LOCK_POLL_S)
    try:
        yield
    finally:
        lock.release()


def tail(log: Path, since_byte: int = 0) -> str:
    """The last lines of a log, indented; giant lines are cut."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(since_byte, size - TAIL_BYTES))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(f"  {line[:300]}" for line in text.splitlines()[-TAIL_LINES:])


def _excerpt(log: Path) -> str:
    """Both ends: some tools name the cause first, others last."""
    with log.open("rb") as file:
        first = file.read(TAIL_BYTES).decode(errors="replace").splitlines()[:TAIL_LINES]
    last = tail(log).splitlines()
    if len(first) < TAIL_LINES:
        return "\n".join(last)
    return "\n".join([*(f"  {line[:300]}" for line in first), "  …", *last])


async def _wait(process: asyncio.subprocess.Process, progress: Callable[[], None]) -> int:
    while True:
        try:
            async with asyncio.timeout(PROGRESS_EVERY_S):
                return await process.wait()
        except TimeoutError:
            progress()


def _kill_group(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
