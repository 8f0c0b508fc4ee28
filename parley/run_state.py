"""One run of the stack in a folder at a time; what a dead run left behind is ended first."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import BaseModel, ValidationError

from parley.remnants import Run

OWNER_ONLY = 0o700


class RunRecord(BaseModel):
    """What `run.json` holds while a stack runs, and after its supervisor was killed."""

    run: str
    pid: int
    address: str


class AlreadyRunning(Exception):
    """A stack runs in this folder."""

    def __init__(self, record: RunRecord | None) -> None:
        where = f" (pid {record.pid}, {record.address})" if record else ""
        super().__init__(f"Parley is already running here{where}")


@contextmanager
def sole_run(state_dir: Path, address: str) -> Iterator[tuple[Run, Run | None]]:
    """Yields this run and, when it did not end well, the one before. Raises AlreadyRunning."""
    state_dir.mkdir(mode=OWNER_ONLY, parents=True, exist_ok=True)
    lock = FileLock(state_dir / "run.lock")
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise AlreadyRunning(read_record(state_dir)) from None
    try:
        dead = read_record(state_dir)
        run = Run()
        record = RunRecord(run=run.id, pid=os.getpid(), address=address)
        _path(state_dir).write_text(record.model_dump_json())
        yield run, Run(dead.run) if dead else None
        _path(state_dir).unlink(missing_ok=True)
    finally:
        lock.release()


def read_record(state_dir: Path) -> RunRecord | None:
    """The run that is on, or that was killed. None when there is none to speak of."""
    try:
        return RunRecord.model_validate_json(_path(state_dir).read_bytes())
    except (OSError, ValidationError):
        return None


def _path(state_dir: Path) -> Path:
    return state_dir / "run.json"
