"""What the fake engines were asked, and when: instants on the machine's monotonic clock."""

import time
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Stage = Literal["interim", "stt", "llm", "tts"]  # interim: the last word of a sentence


@dataclass(slots=True, kw_only=True)
class Entry:
    """One request, or one text a socket was told. `done_at_s` stays None when cut short."""

    stage: Stage
    asked_at_s: float
    text: str = ""
    code: str = ""  # the made-up name in a reply: tells which speech belongs to which answer
    first_at_s: float | None = None
    done_at_s: float | None = None
    aborted: bool = False
    sent: int = 0  # words of a reply, or milliseconds of speech


@dataclass(slots=True)
class Ledger:
    """Everything since the engines started."""

    entries: list[Entry] = field(default_factory=list)
    connections: set[tuple[str, int]] = field(default_factory=set)
    requests: int = 0
    sockets: int = 0

    def open(self, stage: Stage, text: str, code: str = "") -> Entry:
        entry = Entry(stage=stage, asked_at_s=time.perf_counter(), text=text, code=code)
        self.entries.append(entry)
        return entry

    def told(self) -> dict[str, Any]:
        return {
            "entries": [asdict(entry) for entry in self.entries],
            "connections": len(self.connections),
            "requests": self.requests,
            "sockets": self.sockets,
        }
