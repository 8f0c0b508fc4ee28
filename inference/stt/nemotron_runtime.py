"""What runs a streaming transducer for the Nemotron engine: one pass over many streams."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NewType, Protocol

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]  # mono at RATE_HZ, from -1 to 1
Handle = NewType("Handle", int)  # names a stream's state inside its runtime; never used twice


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """The next of a stream's sound: exactly one chunk; with `last`, what is left, maybe nothing."""

    handle: Handle
    samples: Samples
    last: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A token as the model writes it: one that begins a word begins with "▁"."""

    text: str
    token: int
    at_s: float  # from the start of the stream's sound, padding not counted
    logprob: float | None  # natural logarithm; None where the library does not tell


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a step added to a stream's text. Transducers never take back what they wrote."""

    pieces: tuple[Piece, ...] = ()


class Runtime(Protocol):
    """A loaded transducer and the state of its streams. All methods block.

    One thread calls `load` and everything after it: there are no locks inside. Whatever the library
    raises, and whatever it returns in another shape than expected, becomes EngineFailed.
    """

    max_streams: int  # open at once; known before `load`

    @property
    def chunk_s(self) -> float:
        """What a step takes of each stream; known once loaded."""

    def load(self) -> None: ...

    def close(self) -> None:
        """Free the model and all streams; may be called at any time, more than once."""

    def open(self, language: str | None) -> Handle:
        """State for one stream more, of at most `max_streams`. `language` is an ISO 639-1 code."""

    def step(self, work: Sequence[Work]) -> list[Told]:
        """Feed streams of any age in one forward pass, each at most once: in the order of `work`.

        For one that has its `last`, pad on the right so that no word is lost. It then takes no more
        work but holds its state until `drop`. After EngineFailed no stream of `work` has been fed,
        or those that have been fail again when fed alone.
        """

    def drop(self, handle: Handle) -> None:
        """Free a stream's state, wherever it was; unknown and dropped ones are none to free."""
