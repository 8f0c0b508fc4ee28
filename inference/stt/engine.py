"""What every recogniser offers. All methods block: the server calls them in a slot's thread."""

from dataclasses import dataclass
from math import exp
from types import TracebackType
from typing import Protocol, Self

from inference.audio import Pcm


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A word heard; times are seconds from the start of the audio it was found in."""

    text: str
    started_at_s: float
    ended_at_s: float
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Hypothesis:
    """What a stream holds for said so far: `stable` only ever grows, `unstable` may change."""

    stable: str = ""
    unstable: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """What was said, decided. `avg_logprob` is the mean log posterior of its words."""

    text: str = ""
    words: tuple[Word, ...] = ()
    avg_logprob: float = 0.0

    @property
    def confidence(self) -> float:
        """From 0 to 1; 0 where nothing was heard."""
        return exp(self.avg_logprob) if self.text else 0.0


class Stream(Protocol):
    """One stretch of speech, written down while it is spoken. Mono int16 at RATE_HZ."""

    def push(self, pcm: Pcm) -> Hypothesis: ...

    def finish(self) -> Transcript:
        """No more audio will come."""

    def close(self) -> None:
        """Give back what the stream holds; may be called at any time, more than once."""


class Engine(Protocol):
    """A recogniser. `with engine` loads it and lets it go."""

    model: str

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def transcribe(self, audio: Pcm) -> Transcript:
        """One stretch of speech of at most `segments.MAX_SEGMENT_S`."""

    def open_stream(self) -> Stream: ...
