"""The Nemotron engine: a streaming transducer whose concurrent streams are stepped together."""

from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from math import exp
from types import TracebackType
from typing import Self

import numpy as np

from inference.audio import RATE_HZ, Pcm
from inference.stt.batch_order import Priority
from inference.stt.batching import Batcher, OnStep, Seat, told
from inference.stt.engine import (
    Abilities,
    EngineFailed,
    Hypothesis,
    Options,
    Segment,
    Transcript,
    Word,
)
from inference.stt.nemotron_runtime import Piece, Runtime, Samples, Told

FULL_SCALE = 32_768
WORD_START = "▁"
PIECE_S = 0.08  # what one output of the encoder stands for
MAX_BATCH = 16
STRETCH_S = 5.0  # each stretch costs a step or two more, to flush it
# Places kept for the sounds of files, beside those of live streams: neither waits for the other.
FILE_PLACES = 8
LIVE_WAIT_S = 10.0  # for a place; only where more streams come than `concurrency` says
FILE_WAIT_S = 120.0  # behind the sounds of other files


class Nemotron:
    """Engine over a Runtime. `languages` are ISO 639-1 codes, the first for where none is asked.

    Of the runtime's streams FILE_PLACES (half, where there are few) are for files, the rest live.
    With `max_batch` 1 each stream is stepped alone. `on_step` is called by the model's thread.
    """

    def __init__(
        self,
        *,
        model: str,
        runtime: Runtime,
        on_step: OnStep,
        languages: Sequence[str] = ("en",),
        max_batch: int = MAX_BATCH,
    ) -> None:
        self.model = model
        self.abilities = Abilities(
            languages=frozenset(languages), detects_language=len(languages) > 1
        )
        self.batch = max(1, min(FILE_PLACES, runtime.max_streams // 2))
        self.stretch_s = STRETCH_S
        self.concurrency = max(1, runtime.max_streams - self.batch)
        self._language = languages[0]
        self._runtime = runtime
        self._batcher = Batcher(runtime, max_batch=max_batch, max_files=self.batch, on_step=on_step)

    def __enter__(self) -> Self:
        self._batcher.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._batcher.__exit__(kind, error, trace)

    def open_stream(self, options: Options) -> "LiveStream":
        seat = self._seat(Priority.LIVE, options, LIVE_WAIT_S)
        if seat is None:
            raise EngineFailed(f"no stream of the model became free in {LIVE_WAIT_S:.0f} s")
        return LiveStream(seat, self._chunk, options.language or self._language)

    def transcribe(self, sounds: Sequence[Pcm], options: Options) -> list[Transcript]:
        """All `sounds` side by side, as many as there are places, a chunk of each at a time."""
        waiting = deque(enumerate(sounds))
        reading: dict[int, _FileStream] = {}
        written: dict[int, Transcript] = {}
        language = options.language or self._language
        try:
            while waiting or reading:
                while waiting:
                    seat = self._seat(Priority.FILE, options, 0.0 if reading else FILE_WAIT_S)
                    if seat is None:
                        break
                    index, sound = waiting.popleft()
                    reading[index] = _FileStream(seat, sound, self._chunk)
                if not reading:
                    raise EngineFailed(f"no place for a file became free in {FILE_WAIT_S:.0f} s")
                answers = [(index, stream, stream.submit()) for index, stream in reading.items()]
                for index, stream, answer in answers:
                    stream.writing.add(told(answer))
                    if stream.ended:
                        written[index] = stream.writing.transcript(len(stream.sound), language)
                        reading.pop(index).seat.close()
        finally:
            for stream in reading.values():
                stream.seat.close()
        return [written[index] for index in range(len(sounds))]

    @property
    def _chunk(self) -> int:
        return round(self._runtime.chunk_s * RATE_HZ)

    def _seat(self, priority: Priority, options: Options, wait_s: float) -> Seat | None:
        # Models of one language take none; others find it out where none is named.
        named = options.language if self.abilities.detects_language else None
        return self._batcher.open(priority, named, wait_s=wait_s)


class LiveStream:
    """One utterance while it is spoken. After `close`, by any thread, StreamClosed is raised."""

    def __init__(self, seat: Seat, chunk: int, language: str) -> None:
        self._seat = seat
        self._chunk = chunk
        self._language = language
        self._writing = _Writing()
        self._rest: Pcm = np.empty(0, np.int16)  # less than a chunk
        self._samples = 0

    def push(self, pcm: Pcm) -> Hypothesis:
        """Returns when the model has heard every whole chunk of what was pushed."""
        self._samples += len(pcm)
        sound = np.concatenate([self._rest, pcm])
        whole = len(sound) // self._chunk * self._chunk
        self._rest = sound[whole:]
        for at in range(0, whole, self._chunk):
            self._writing.add(self._seat.step(_samples(sound[at : at + self._chunk])))
        return self._writing.hypothesis()

    def pause(self) -> None:
        """A transducer is never behind by more than a chunk: there is nothing to prepare."""

    def finish(self) -> Transcript:
        """The text with what was left of the sound, which gives the stream's place back."""
        self._writing.add(self._seat.step(_samples(self._rest), last=True))
        self.close()
        return self._writing.transcript(self._samples, self._language)

    def close(self) -> None:
        self._seat.close()


@dataclass(slots=True)
class _FileStream:
    """A whole sound, on its way through the model."""

    seat: Seat
    sound: Pcm
    chunk: int
    writing: "_Writing" = field(default_factory=lambda: _Writing())
    at: int = 0
    ended: bool = False

    def submit(self) -> Future[Told]:
        piece = self.sound[self.at : self.at + self.chunk]
        self.at += len(piece)
        self.ended = self.at >= len(self.sound)
        return self.seat.submit(_samples(piece), last=self.ended)


class _Writing:
    """Text out of pieces: words that are complete, and the last one, which may still grow."""

    def __init__(self) -> None:
        self._words: list[Word] = []
        self._text = ""
        self._last: list[Piece] = []
        self._tokens: list[int] = []
        self._logprobs: list[float | None] = []

    def add(self, told: Told) -> None:
        for piece in told.pieces:
            if piece.text.startswith(WORD_START) and self._last:
                self._complete(next_at_s=piece.at_s)
            self._last.append(piece)
            self._tokens.append(piece.token)
            self._logprobs.append(piece.logprob)

    def hypothesis(self) -> Hypothesis:
        return Hypothesis(
            stable=self._text,
            unstable=_text(self._last),
            words=tuple(self._words),
            confidence=_confidence(self._logprobs),
        )

    def transcript(self, samples: int, language: str) -> Transcript:
        """All of it, said in `samples` of sound."""
        ended_at_s = samples / RATE_HZ
        self._complete(next_at_s=ended_at_s)
        if not self._text:
            return Transcript(language=language)
        # What was written in the silence behind the sound was said at its end.
        words = tuple(_within(word, ended_at_s) for word in self._words)
        segment = Segment(
            text=self._text,
            started_at_s=words[0].started_at_s,
            ended_at_s=words[-1].ended_at_s,
            words=words,
            tokens=tuple(self._tokens),
            avg_logprob=_mean(self._logprobs),
        )
        return Transcript(segments=(segment,), language=language)

    def _complete(self, *, next_at_s: float) -> None:
        """The last word will not grow any more."""
        pieces, self._last = self._last, []
        text = _text(pieces)
        if not text:
            return
        begun_at_s, heard_s = pieces[0].at_s, pieces[-1].at_s + PIECE_S
        word = Word(
            text=text,
            started_at_s=begun_at_s,
            ended_at_s=max(begun_at_s, min(heard_s, next_at_s)),
            confidence=_confidence([piece.logprob for piece in pieces]),
        )
        self._words.append(word)
        self._text = f"{self._text} {text}" if self._text else text


def _samples(pcm: Pcm) -> Samples:
    return pcm.astype(np.float32) / np.float32(FULL_SCALE)


def _text(pieces: Iterable[Piece]) -> str:
    return "".join(piece.text for piece in pieces).replace(WORD_START, " ").strip()


def _mean(logprobs: Sequence[float | None]) -> float | None:
    """None where one is not told: half of the numbers would flatter."""
    told = [logprob for logprob in logprobs if logprob is not None]
    return sum(told) / len(told) if told and len(told) == len(logprobs) else None


def _confidence(logprobs: Sequence[float | None]) -> float | None:
    mean = _mean(logprobs)
    return None if mean is None else min(1.0, exp(mean))


def _within(word: Word, end_s: float) -> Word:
    return Word(
        text=word.text,
        started_at_s=min(word.started_at_s, end_s),
        ended_at_s=min(word.ended_at_s, end_s),
        confidence=word.confidence,
    )
