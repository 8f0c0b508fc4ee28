"""What a speech engine is: it turns one phrase into samples, pushed as they are made."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE_HZ = 24_000  # OpenAI's `pcm` format, and what LiveKit's plugin takes for granted

Samples = NDArray[np.float32]  # mono, SAMPLE_RATE_HZ, full scale is ±1
Sink = Callable[[Samples], bool]  # takes a piece of sound; False: stop, nobody listens any more


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """One voice a client may ask for."""

    id: str
    name: str
    language: str  # as the engine names it: en-us, fr-fr …


class EngineFailed(Exception):
    """The engine cannot load, or could not speak a phrase it was given."""


class Engine(Protocol):
    """A synthesiser. `load`, `synthesize` and `close` are only ever called from one thread.

    It pushes rather than yields: a library that calls back cannot be an iterator without a thread
    of its own, while one that iterates can push.
    """

    model: str

    def load(self) -> None:
        """Make ready. Raises EngineFailed."""

    def close(self) -> None:
        """Let go of what `load` took."""

    def voices(self) -> Sequence[Voice]:
        """The catalogue; empty before `load`."""

    def find_voice(self, voice_id: str) -> Voice | None:
        """The voice of that id, also one too specific for the catalogue."""

    def synthesize(self, phrase: str, voice: Voice, speed: float, sink: Sink) -> None:
        """Speak `phrase`, into `sink` piece by piece, until done or told to stop.

        Raises EngineFailed.
        """
