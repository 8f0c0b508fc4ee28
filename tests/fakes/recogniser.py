"""A recogniser with scripted delay and failure: it hears one `w` for each half second."""

import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from inference.audio import RATE_HZ, Pcm
from inference.stt.engine import (
    Abilities,
    EngineFailed,
    Hypothesis,
    Options,
    Segment,
    Transcript,
    Word,
)

WORD_S = 0.5


class Recogniser:
    """An `Engine`. Clear `hold` to keep whoever is inside; `broken` makes work fail."""

    def __init__(self, model: str = "fake", *, concurrency: int = 1, batch: int = 1) -> None:
        self.model = model
        self.abilities = Abilities(languages=frozenset({"en"}))
        self.concurrency = concurrency
        self.batch = batch
        self.stretch_s = 0.0
        self.open_streams = 0
        self.is_loaded = False
        self.fails_to_load = ""
        self.broken = ""
        self.pauses = 0
        self.batches: list[int] = []
        self.hold = threading.Event()
        self.hold.set()
        self.holding = threading.Event()
        self.opens_slowly = threading.Event()  # cleared, opening a stream waits for it
        self.opens_slowly.set()
        self.opening = threading.Event()

    def __enter__(self) -> Self:
        if self.fails_to_load:
            raise EngineFailed(self.fails_to_load)
        self.is_loaded = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.is_loaded = False

    def transcribe(self, sounds: Sequence[Pcm], options: Options) -> list[Transcript]:
        self.worked()
        self.batches.append(len(sounds))
        return [_transcript(len(sound)) for sound in sounds]

    def open_stream(self, options: Options) -> "RecogniserStream":
        self.opening.set()
        assert self.opens_slowly.wait(10)
        self.open_streams += 1
        return RecogniserStream(self)

    def worked(self) -> None:
        assert self.is_loaded
        self.holding.set()
        assert self.hold.wait(10)
        if self.broken:
            raise EngineFailed(self.broken)


class RecogniserStream:
    """A `Stream`."""

    def __init__(self, engine: Recogniser) -> None:
        self._engine = engine
        self._samples = 0
        self._is_closed = False

    def push(self, pcm: Pcm) -> Hypothesis:
        self._engine.worked()
        self._samples += len(pcm)
        return Hypothesis(stable=_transcript(self._samples).text)

    def pause(self) -> None:
        self._engine.pauses += 1

    def finish(self) -> Transcript:
        return _transcript(self._samples)

    def close(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._engine.open_streams -= 1


def _transcript(samples: int) -> Transcript:
    heard_s = samples / RATE_HZ
    words = tuple(
        Word(text="w", started_at_s=n * WORD_S, ended_at_s=(n + 1) * WORD_S, confidence=1.0)
        for n in range(int(heard_s / WORD_S))
    )
    if not words:
        return Transcript()
    text = " ".join(word.text for word in words)
    segment = Segment(text=text, started_at_s=0, ended_at_s=heard_s, words=words, avg_logprob=0.0)
    return Transcript(segments=(segment,))
