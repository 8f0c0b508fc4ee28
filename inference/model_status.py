"""Where a model is on its way into memory, as operators and waiting clients are told."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any


class EngineFailed(Exception):
    """The model cannot be loaded, or broke on what it was given; the message is for operators."""


class Phase(StrEnum):
    """Where a model is on its way. Only `ready` serves."""

    ABSENT = "absent"
    WAITING = "waiting"  # for another server's download to end
    DOWNLOADING = "downloading"
    LOADING = "loading"
    WARMING = "warming"
    READY = "ready"
    FAILED = "failed"
    UNLOADED = "unloaded"  # by request: only another load brings it back
    IDLE = "idle"  # nobody asked for it lately: the next request brings it back


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What an operator and a waiting client are told."""

    model: str
    phase: Phase
    since: str
    done_bytes: int | None = None
    total_bytes: int | None = None
    reason: str | None = None

    def told(self) -> dict[str, Any]:
        told: dict[str, Any] = {
            "model": self.model,
            "state": self.phase.value,
            "since": self.since,
            "done_bytes": self.done_bytes,
            "total_bytes": self.total_bytes,
            "reason": self.reason,
        }
        return {name: value for name, value in told.items() if value is not None}

    def __str__(self) -> str:
        if self.phase is Phase.DOWNLOADING and self.total_bytes:
            return f"{self.model} is downloading: {self.done_bytes} of {self.total_bytes} bytes"
        return f"{self.model} is {self.phase.value}" + (f": {self.reason}" if self.reason else "")


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
