"""Runs a streaming transducer with sherpa-onnx: little memory, quick to start, at home on CPUs."""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import compress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import numpy as np

from inference.audio import RATE_HZ
from inference.stt.engine import EngineFailed
from inference.stt.nemotron_runtime import Handle, Piece, Samples, Told, Work
from inference.stt.onnx_file import read_metadata

FRAME = RATE_HZ // 100  # samples; sherpa-onnx's features come every 10 ms
# The library takes a window only when the frame after it is there, and a frame when the 25 ms it
# looks at are: with so many frames of silence up front, each chunk lets it take one step.
AHEAD = 2
# Models write a word a little after it was said: so much silence follows the end, at least.
TAIL_S = 0.24
# onnxruntime's idle threads would spin for work. Where others want the cores, that doubles what a
# step takes: 656 ms instead of 297 for one stream of a real model, on two busy cores.
SESSION = "SessionConfig.session.intra_op.allow_spinning=0\n"
BLANK = "<blk>"
WORD_START = "▁"
# Without these the library ends the process: it is never shown a model that lacks one.
REQUIRED = (
    "vocab_size",
    "window_size",
    "chunk_shift",
    "subsampling_factor",
    "pred_rnn_layers",
    "pred_hidden",
    *(f"cache_last_{cache}_dim{n}" for cache in ("channel", "time") for n in (1, 2, 3)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Files:
    encoder: Path
    decoder: Path
    joiner: Path
    tokens: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    """Of the encoder's steps, in frames of the sound's features."""

    window: int
    shift: int
    vocabulary: int


@dataclass(slots=True, eq=False)
class _Reading:
    """One stream's state, and what was told of it."""

    stream: Any
    tokens: list[str] = field(default_factory=list)
    times: int = 0
    over: bool = False
    failure: EngineFailed | None = None


class Sherpa:
    """The Runtime of a folder with encoder, decoder and joiner (.int8.onnx or .onnx), tokens.txt.

    `threads` are those of a step. `provider` is onnxruntime's: cpu, or cuda in builds that have it.
    """

    def __init__(
        self, folder: Path, *, threads: int, max_streams: int, provider: str = "cpu"
    ) -> None:
        self.max_streams = max_streams
        self._folder = folder
        self._threads = threads
        self._provider = provider
        self._recogniser: Any = None
        self._shape: _Shape | None = None
        self._ids: dict[str, int] = {}
        self._readings: dict[Handle, _Reading] = {}
        self._opened = 0

    @property
    def chunk_s(self) -> float:
        return self._loaded.shift * FRAME / RATE_HZ

    def load(self) -> None:
        files = _find(self._folder)
        shape = _shape(files.encoder)
        read_metadata(files.decoder)
        read_metadata(files.joiner)
        self._ids = _token_ids(files.tokens, shape.vocabulary)
        try:
            library: Any = importlib.import_module("sherpa_onnx")
        except ImportError as exc:
            raise EngineFailed("package sherpa-onnx is missing: extra stt-sherpa") from exc
        if self._provider == "cuda" and not _has_cuda(Path(library.__file__).parent):
            # It would only grumble, and use the CPU.
            raise EngineFailed("this build of sherpa-onnx has no CUDA: take its CUDA wheel, or cpu")
        try:
            with NamedTemporaryFile("w", suffix=".conf") as session:
                session.write(SESSION)
                session.flush()
                self._recogniser = library.OnlineRecognizer.from_transducer(
                    encoder=str(files.encoder),
                    decoder=str(files.decoder),
                    joiner=str(files.joiner),
                    tokens=str(files.tokens),
                    num_threads=self._threads,
                    provider=f"{self._provider}:{session.name}",
                    enable_endpoint_detection=False,
                )
        except (OSError, RuntimeError, ValueError, AssertionError) as exc:
            raise EngineFailed(f"sherpa-onnx cannot load {self._folder}: {exc}") from exc
        self._shape = shape

    def close(self) -> None:
        self._readings.clear()
        self._recogniser = self._shape = None

    def open(self, language: str | None) -> Handle:
        shape = self._loaded
        if len(self._readings) >= self.max_streams:
            raise EngineFailed(f"{self.max_streams} streams are open: there is no room for more")
        stream = self._recogniser.create_stream()
        if language:
            stream.set_option("language", language)
        ahead = shape.window - shape.shift + AHEAD  # what the first step sees before the sound
        stream.accept_waveform(RATE_HZ, np.zeros(ahead * FRAME, np.float32))
        self._opened += 1
        handle = Handle(self._opened)
        self._readings[handle] = _Reading(stream)
        return handle

    def step(self, work: Sequence[Work]) -> list[Told]:
        chunk = self._loaded.shift * FRAME
        readings = [self._reading(item, chunk) for item in work]
        sounds = [_padded(item.samples, chunk) if item.last else item.samples for item in work]
        for item, reading in zip(work, readings, strict=True):
            reading.over = item.last
        try:
            return self._advanced(readings, sounds, chunk)
        except EngineFailed as exc:
            for reading in readings:
                reading.failure = exc  # its state is lost: none can go on
            raise

    def drop(self, handle: Handle) -> None:
        self._readings.pop(handle, None)

    @property
    def _loaded(self) -> _Shape:
        if self._shape is None:
            raise EngineFailed("the model is not loaded")
        return self._shape

    def _advanced(self, readings: list[_Reading], sounds: list[Samples], chunk: int) -> list[Told]:
        for reading, sound in zip(readings, sounds, strict=True):
            reading.stream.accept_waveform(RATE_HZ, sound)
        most = max(len(sound) for sound in sounds) // chunk
        for done in range(most):  # more than one only where a stream ends
            longer = [len(sound) > done * chunk for sound in sounds]
            self._decode(list(compress(readings, longer)))
        return [self._told(reading) for reading in readings]

    def _reading(self, item: Work, chunk: int) -> _Reading:
        reading = self._readings.get(item.handle)
        if reading and reading.failure:
            raise EngineFailed(str(reading.failure)) from reading.failure
        if reading is None or reading.over:
            raise EngineFailed("a stream was fed that is dropped or over")
        size = len(item.samples)
        if size > chunk or (size != chunk and not item.last):
            raise EngineFailed(f"a stream was fed {size} samples: a chunk has {chunk}")
        return reading

    def _decode(self, readings: list[_Reading]) -> None:
        streams = [reading.stream for reading in readings]
        if not all(map(self._recogniser.is_ready, streams)):
            raise EngineFailed("sherpa-onnx takes no step for a chunk of sound: another version?")
        try:
            self._recogniser.decode_streams(streams)
        except (RuntimeError, ValueError) as exc:
            raise EngineFailed(f"sherpa-onnx failed: {exc}") from exc

    def _told(self, reading: _Reading) -> Told:
        """What is new in the library's result, which is of all that was heard."""
        if self._recogniser.is_ready(reading.stream):
            raise EngineFailed("sherpa-onnx wants more steps than chunks: another version?")
        result = self._recogniser.get_result_all(reading.stream)
        tokens, times, logprobs = result.tokens, result.timestamps, result.ys_probs
        before = len(reading.tokens)
        if tokens[:before] != reading.tokens:
            raise EngineFailed("sherpa-onnx took back text")
        new_tokens, new_times = tokens[before:], times[reading.times :]
        new_scores: list[float | None] = logprobs[reading.times :]
        # Unknown tokens leave a time and a score, but no text: whose is whose then is not told.
        if len(new_times) < len(new_tokens) or len(logprobs) not in (0, len(times)):
            raise EngineFailed(
                f"sherpa-onnx told {len(tokens)} tokens, {len(times)} times, {len(logprobs)} scores"
            )
        if len(new_scores) != len(new_tokens):
            new_scores = [None] * len(new_tokens)
        reading.tokens, reading.times = list(tokens), len(times)
        return Told(pieces=tuple(map(self._piece, new_tokens, new_times, new_scores)))

    def _piece(self, symbol: str, time_s: float, logprob: float | None) -> Piece:
        text = WORD_START + symbol[1:] if symbol.startswith(" ") else symbol
        token = self._ids.get(text)
        if token is None:
            raise EngineFailed(f"sherpa-onnx told {symbol!r}, which is not in the vocabulary")
        at_s = max(0.0, time_s - AHEAD * FRAME / RATE_HZ)
        return Piece(text=text, token=token, at_s=at_s, logprob=logprob)


def _padded(samples: Samples, chunk: int) -> Samples:
    """With silence to whole chunks, of which enough for what the model has yet to write."""
    size = len(samples) + int(TAIL_S * RATE_HZ)
    whole = np.zeros(-(-size // chunk) * chunk, np.float32)
    whole[: len(samples)] = samples
    return whole


def _has_cuda(package: Path) -> bool:
    return any(package.glob("lib/*onnxruntime_providers_cuda*"))


def _find(folder: Path) -> _Files:
    def one(name: str) -> Path:
        for path in (folder / f"{name}.int8.onnx", folder / f"{name}.onnx"):
            if path.is_file():
                return path
        raise EngineFailed(f"there is no {name}.int8.onnx or {name}.onnx in {folder}")

    tokens = folder / "tokens.txt"
    if not tokens.is_file():
        raise EngineFailed(f"there is no tokens.txt in {folder}")
    return _Files(
        encoder=one("encoder"), decoder=one("decoder"), joiner=one("joiner"), tokens=tokens
    )


def _shape(encoder: Path) -> _Shape:
    told = read_metadata(encoder)
    for key in REQUIRED:
        if not told.get(key, "").isdecimal() or int(told[key]) < 1:
            raise EngineFailed(
                f"{encoder} has {key}={told.get(key, '')!r} in its metadata: "
                "it is no streaming NeMo transducer for sherpa-onnx"
            )
    window, shift = int(told["window_size"]), int(told["chunk_shift"])
    if window < shift:
        raise EngineFailed(f"{encoder} has a window_size below its chunk_shift")
    return _Shape(window=window, shift=shift, vocabulary=int(told["vocab_size"]))


def _token_ids(path: Path, vocabulary: int) -> dict[str, int]:
    """Ids by token. Raises EngineFailed for what would end the process in the library's hands."""
    ids: dict[str, int] = {}
    numbers: list[int] = []
    try:
        for line in path.read_text(encoding="utf-8").removesuffix("\n").split("\n"):
            token, _, number = line.strip(" \t\r").rpartition(" ")
            if " " in token:
                raise ValueError(f"line {line!r}")
            numbers.append(int(number))
            ids.setdefault(token or " ", numbers[-1])
    except (OSError, ValueError) as exc:
        raise EngineFailed(f"{path} is not a list of tokens and their ids: {exc}") from exc
    if numbers != list(range(vocabulary + 1)):
        raise EngineFailed(f"{path} does not number {vocabulary + 1} tokens from 0 up")
    if ids.get(BLANK) != vocabulary:
        raise EngineFailed(f"{path} does not end with {BLANK}")
    return ids
