"""What every recogniser offers. All methods block: the server calls them in a slot's thread."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp
from types import TracebackType
from typing import Protocol, Self

from inference.audio import Pcm
from inference.model_status import EngineFailed
from inference.stt.languages import joined

__all__ = [
    "Abilities",
    "Engine",
    "EngineFailed",
    "Hypothesis",
    "Options",
    "Segment",
    "Stream",
    "Transcript",
    "Word",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """What a model can be asked for; a request for anything else is refused by name."""

    languages: frozenset[str]  # ISO 639-1 codes
    detects_language: bool = False  # where none is named
    prompt: bool = False
    temperature: bool = False
    translate: bool = False  # into English


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a request asks of the engine, within its Abilities."""

    language: str | None = None
    prompt: str | None = None
    temperature: float | None = None  # from 0 to 1; None: the engine's own way
    translate: bool = False
    words: bool = False  # times of words are wanted, where they cost extra


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A word heard; times are seconds from the start of the sound it was found in."""

    text: str
    started_at_s: float
    ended_at_s: float
    confidence: float | None  # from 0 to 1; None where the model does not tell


@dataclass(frozen=True, slots=True, kw_only=True)
class Hypothesis:
    """What a stream holds for said so far: `stable` only ever grows, `unstable` may change."""

    stable: str = ""
    unstable: str = ""
    words: tuple[Word, ...] = ()  # of `stable`
    confidence: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A stretch of a transcript: times from the start of the sound, numbers as the model has them.

    `avg_logprob` is the mean log posterior of its words or tokens.
    """

    text: str
    started_at_s: float
    ended_at_s: float
    words: tuple[Word, ...] = ()
    tokens: tuple[int, ...] = ()
    avg_logprob: float | None = None
    no_speech_prob: float | None = None
    temperature: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """What was said, decided. Without speech there are no segments."""

    segments: tuple[Segment, ...] = ()
    language: str = "en"  # ISO 639-1

    @property
    def text(self) -> str:
        return joined((segment.text for segment in self.segments), self.language)

    @property
    def words(self) -> tuple[Word, ...]:
        return tuple(word for segment in self.segments for word in segment.words)

    @property
    def confidence(self) -> float | None:
        """From 0 to 1, by the log-probabilities; None where the model does not tell them."""
        told = [(s.avg_logprob, len(s.text)) for s in self.segments if s.avg_logprob is not None]
        weight = sum(chars for _, chars in told)
        if not weight:
            return None
        return exp(sum(logprob * chars for logprob, chars in told) / weight)


class Stream(Protocol):
    """One utterance, written down while it is spoken. Mono int16 at RATE_HZ, any piece length."""

    def push(self, pcm: Pcm) -> Hypothesis: ...

    def pause(self) -> None:
        """The speaker paused: the end may be near, or more may come."""

    def finish(self) -> Transcript:
        """No more sound will come."""

    def close(self) -> None:
        """Give back what the stream holds; may be called at any time, more than once."""


class Engine(Protocol):
    """A recogniser. `with engine` loads it, in a thread, and lets it go.

    Raises EngineFailed where the model cannot be loaded or breaks.
    """

    model: str  # the id clients see
    abilities: Abilities
    # Calls that may be inside at once. One that batches wants as many as there are streams.
    concurrency: int
    batch: int  # sounds that one `transcribe` is best given
    stretch_s: float  # of a file, which the first pause after ends; where a sound has a fixed cost

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def transcribe(self, sounds: Sequence[Pcm], options: Options) -> list[Transcript]:
        """A transcript for each of `sounds`, each of at most `cutting.MAX_STRETCH_S`."""

    def open_stream(self, options: Options) -> Stream:
        """A live utterance. May block for as long as it takes to make room for its state."""
