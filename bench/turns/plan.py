"""What a run of calls is asked to do, and what it found: they travel as JSON between processes."""

import json
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`calls` callers at once, each asking `turns` questions and cutting in on `barge_ins` more."""

    sfu_url: str
    api_key: str
    api_secret: str
    agent_name: str
    engines_url: str
    worker_pid: int
    calls: int = 1
    turns: int = 10
    barge_ins: int = 0


@dataclass(slots=True, kw_only=True)
class Turn:
    """A question and its answer; instants on the machine's clock."""

    call: int
    text: str
    began_at_s: float
    ended_at_s: float  # last sample of speech sent
    heard_at_s: float  # first loud sample of the reply received
    stop_s: float | None = None  # of what was interrupted: question begun → last sound of it

    @property
    def voice_to_voice_s(self) -> float:
        return self.heard_at_s - self.ended_at_s


@dataclass(slots=True, kw_only=True)
class Found:
    """Everything a run of calls measured."""

    turns: list[Turn] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    setup_s: list[float] = field(default_factory=list)
    late_s: float = 0.0
    began_at_s: float = 0.0
    ended_at_s: float = 0.0
    worker_cores: float = 0.0
    machine_cores: float = 0.0
    pss_mb: float = 0.0

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Found":
        told = json.loads(text)
        told["turns"] = [Turn(**turn) for turn in told["turns"]]
        return cls(**told)
