"""What Kokoro's two engines share: from a phrase to sound and marks, whatever runs the network."""

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from inference.model_status import EngineFailed
from inference.tts.engine import SAMPLE_RATE_HZ, Mark, Samples, Sink, Voice
from inference.tts.kokoro_voices import Styles, Voices
from inference.tts.phonemes import Speller
from inference.tts.polish import SILENCE
from inference.tts.spelling import MAX_PHONEMES, Spelling
from inference.tts.tempo import Tempo

# What the network was trained on and says well; Tempo does the rest, without changing the pitch.
SLOWEST, FASTEST = 0.5, 2.0
BOUNDARY = 0  # the token before the first phoneme and after the last

# How long phonemes take, roughly, in a network that does not tell.
_VOWELS = frozenset("aeiouyøæœɐɑɒɔəɘɚɛɜɝɞɤɨɪɯɵɶʉʊʌʏᵊᵻAIOQWYᵿ")  # noqa: RUF001 (this is IPA)
_WEIGHTLESS = frozenset("ˈˌʲʰ\u0303→↓↗↘")
_VOWEL_S, _CONSONANT_S, _PAUSE_S = 0.11, 0.07, 0.2
_PAUSES = frozenset(".,;:!?…—")


@dataclass(frozen=True, slots=True)
class Made:
    """The sound of some tokens. `frames`: how long each took, boundaries included, in any unit."""

    samples: Samples
    frames: NDArray[np.int64] | None = None


class Network(Protocol):
    """The weights in memory, and what runs them."""

    vocabulary: Mapping[str, int]
    has_speed: bool

    def run(
        self, tokens: Sequence[int], style: Styles, speed: float, wanted: Callable[[], bool]
    ) -> Made | None:
        """`tokens` with their boundaries; one row of style, (1, STYLE_SIZE). None: it stopped
        midway, because the sound is not wanted any more. Raises EngineFailed."""

    def close(self) -> None:
        """Out of memory with it. Blocks."""


class KokoroEngine(ABC):
    """Engine (see engine.py), but for the network."""

    is_incremental = False
    concurrency: int

    def __init__(self, *, model: str, folder: Path) -> None:
        self.model = model
        self._folder = folder
        self._network: Network | None = None
        self._speller: Speller | None = None
        self._voices: Voices | None = None

    @abstractmethod
    def _load(self) -> tuple[Network, Mapping[str, Styles]]:
        """The network, and every voice of the folder by name. Raises EngineFailed."""

    def __enter__(self) -> Self:
        network, styles = self._load()
        speller = Speller()
        self._voices = Voices(styles, speller.languages)
        self._network, self._speller = network, speller
        return self

    def __exit__(self, *_: object) -> None:
        if self._network is not None:
            self._network.close()
        self._network = self._speller = self._voices = None

    def voices(self) -> Sequence[Voice]:
        return self._catalogue.listed()

    def find_voice(self, voice_id: str) -> Voice | None:
        return self._catalogue.find(voice_id)

    def in_language(self, voice: Voice, language: str) -> Voice | None:
        return self._catalogue.in_language(voice, language)

    @property
    def _catalogue(self) -> Voices:
        if self._voices is None:
            raise EngineFailed(f"{self.model} is not loaded")
        return self._voices

    def synthesize(self, phrase: str, voice: Voice, speed: float, sink: Sink) -> None:
        network, speller = self._network, self._speller
        styles = self._catalogue.style(voice)
        if network is None or speller is None:
            raise EngineFailed(f"{self.model} is not loaded")
        own_speed = min(max(speed, SLOWEST), FASTEST) if network.has_speed else 1.0
        outlet = _Outlet(speed / own_speed, sink)
        spelling = speller.spell(phrase, voice.language).known_to(network.vocabulary)
        for part in spelling.parts(min(MAX_PHONEMES, len(styles))):
            if not sink.wanted:
                return
            tokens = [BOUNDARY, *(network.vocabulary[p] for p in part.phonemes), BOUNDARY]
            style = styles[len(part.phonemes) - 1][None, :]
            made = network.run(tokens, style, own_speed, lambda: sink.wanted)
            if made is None:
                return
            if not np.isfinite(made.samples).all():
                raise EngineFailed(f"{self.model} made sound that is not a number")
            outlet.take(part, made)
        outlet.finish()


def shared(threads: int) -> tuple[int, int]:
    """How many phrases at once, and the threads of each, of `threads` in all (0: one a core).

    Two at once with half of the threads each make as much sound a second as one after the other,
    a short phrase does not wait behind a long one, and threads that need not meet lose less where
    others want the cores: on two busy ones a phrase of 11 s took one thread 9.4 s, two 15 s.
    """
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    concurrency = min(2, threads or cores)
    return concurrency, (threads or cores) // concurrency


class _Outlet:
    """One phrase's way to its sink, part by part, at its own tempo."""

    def __init__(self, factor: float, sink: Sink) -> None:
        self._factor = factor
        self._tempo = Tempo(factor) if abs(factor - 1) > 1e-3 else None
        self._sink = sink
        self._before_s = 0.0

    def take(self, part: Spelling, made: Made) -> None:
        for mark in marks(part, made):
            self._sink.mark(
                Mark(
                    start=mark.start,
                    end=mark.end,
                    started_at_s=(self._before_s + mark.started_at_s) / self._factor,
                    ended_at_s=(self._before_s + mark.ended_at_s) / self._factor,
                )
            )
        self._before_s += made.samples.size / SAMPLE_RATE_HZ
        samples = self._tempo.push(made.samples) if self._tempo else made.samples
        if samples.size:
            self._sink.push(samples)

    def finish(self) -> None:
        if self._tempo and self._before_s and self._sink.wanted:
            self._sink.push(self._tempo.finish())


def marks(part: Spelling, made: Made) -> Iterator[Mark]:
    """Where each word is in `made.samples`. A word without phonemes is not heard."""
    edges_s = _edges_s(part.phonemes, made)
    for word in part.words:
        if word.first < word.last:
            yield Mark(
                start=word.start,
                end=word.end,
                started_at_s=float(edges_s[word.first]),
                ended_at_s=float(edges_s[word.last]),
            )


def _edges_s(phonemes: str, made: Made) -> NDArray[np.floating[Any]]:
    """When each phoneme begins, and the last one ends."""
    samples, frames = made.samples, made.frames
    if frames is not None and len(frames) == len(phonemes) + 2:
        edges = np.cumsum(frames)[:-1]  # the first boundary's end is the first phoneme's start
        return edges * (samples.size / SAMPLE_RATE_HZ / max(int(frames.sum()), 1))
    # Only an estimate: what is heard, shared out by what such phonemes usually take.
    heard = np.flatnonzero(np.abs(samples) > SILENCE)
    begin, end = (heard[0], heard[-1] + 1) if heard.size else (0, samples.size)
    weights = np.array([_usual_s(phoneme) for phoneme in phonemes])
    if phonemes and phonemes[-1] in _PAUSES:
        weights[-1] = 0.0  # its pause is not heard
    shares = np.concatenate(([0.0], np.cumsum(weights))) / max(float(weights.sum()), 1e-6)
    return (begin + shares * (end - begin)) / SAMPLE_RATE_HZ


def _usual_s(phoneme: str) -> float:
    if phoneme in _PAUSES:
        return _PAUSE_S
    if phoneme in _WEIGHTLESS or phoneme.isspace():
        return 0.0
    return _VOWEL_S if phoneme in _VOWELS else _CONSONANT_S
