"""What a speech engine is: it turns one phrase into samples, pushed as they are made."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE_HZ = 24_000  # OpenAI's `pcm` format, and what LiveKit's plugin takes for granted

Samples = NDArray[np.float32]  # mono, SAMPLE_RATE_HZ, full scale is ±1


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """One voice a client may ask for, and the language it is to speak."""

    id: str
    name: str
    language: str  # a tag in lower case: en-us, fr-fr …


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Where a word of the phrase is heard."""

    start: int  # characters of the phrase: phrase[start:end] is the word
    end: int
    started_at_s: float  # in the phrase's sound, as it is pushed
    ended_at_s: float


class Sink(Protocol):
    """Who listens to a phrase. Called from the engine's thread."""

    @property
    def wanted(self) -> bool:
        """False: stop, nobody listens any more. Looked at every few milliseconds of work."""

    def push(self, samples: Samples) -> None:
        """A piece of sound."""

    def mark(self, mark: Mark) -> None:
        """A word's place, in the order of the words; before or after its sound is pushed."""


class Engine(AbstractContextManager["Engine"], Protocol):
    """A synthesiser. `__enter__` loads it and may block; so may `__exit__`.

    It pushes rather than yields: a library that calls back cannot be an iterator without a thread
    of its own, while one that iterates can push.
    """

    model: str
    concurrency: int  # phrases at once, each in a thread of the caller's
    is_incremental: bool  # sound comes while a phrase is made; else only when all of it is

    def voices(self) -> Sequence[Voice]:
        """The catalogue, OpenAI's thirteen names first. Only after `__enter__`."""

    def find_voice(self, voice_id: str) -> Voice | None:
        """The voice of that id, also one not in the catalogue: a blend, a language tag, a name
        another engine has (its language and sex are kept, so that a fallback is not silent)."""

    def in_language(self, voice: Voice, language: str) -> Voice | None:
        """The same voice speaking another language; None where it cannot."""

    def synthesize(self, phrase: str, voice: Voice, speed: float, sink: Sink) -> None:
        """Speak `phrase` into `sink` until done or not wanted. Raises EngineFailed."""
