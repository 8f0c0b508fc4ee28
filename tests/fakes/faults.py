"""What a fault proxy can be told to do to what passes through it."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Latency:
    """Whatever the server says arrives `seconds` later."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Hang:
    """Connections are accepted, and nothing passes either way; what waited passes afterwards."""


@dataclass(frozen=True, slots=True)
class Reset:
    """Every connection is reset: open ones at once, new ones at their first request."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """Nobody listens; open connections are reset, as when the process was killed."""


@dataclass(frozen=True, slots=True)
class Cut:
    """An answer ends after this many bytes of its body, chunk framing included."""

    after_bytes: int
    by_reset: bool = False


@dataclass(frozen=True, slots=True)
class SlowClose:
    """The end of every answer comes `seconds` after its content."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Rate:
    """Answers pass at this many bytes a second."""

    bytes_per_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Requests are answered with this and never reach the server; open WebSockets are reset."""

    status: int = 500
    body: bytes = b'{"error":{"message":"broken","type":"server_error","param":null,"code":null}}'
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


Fault = Latency | Hang | Reset | Refuse | Cut | SlowClose | Rate | Answer
