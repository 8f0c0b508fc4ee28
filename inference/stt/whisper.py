"""Whisper models through faster-whisper: files in batches, live utterances by a moving window."""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from inference.audio import RATE_HZ, Pcm
from inference.stt.engine import (
    Abilities,
    EngineFailed,
    Options,
    Segment,
    Transcript,
    Word,
)
from inference.stt.whisper_decoding import WINDOW_S, Ask, Decoder, Heard
from inference.stt.whisper_stream import WhisperStream

# Without a tokenizer of its own, the library would fetch one from the network.
FILES = ("model.bin", "config.json", "tokenizer.json")
TIME_MARK_S = 0.02
# On a CPU several sounds take as long together as one after the other: 2.2 s each for the small
# model on two cores, with one, two or four in a batch.
# The encoder takes 30 s of sound however little there is: 60 s in 25 stretches cost 25 passes.
STRETCH_S = 15.0
CPU_BATCH, CUDA_BATCH = 1, 16


class Whisper:
    """An Engine. Until it is loaded, it claims English only: the files tell the rest."""

    def __init__(
        self,
        *,
        model: str,
        folder: Path,
        device: str,
        quantisation: str,
        threads: int,
        workers: int,
    ) -> None:
        self.model = model
        self.abilities = _abilities(frozenset({"en"}), multilingual=False)
        self.concurrency = workers
        self.batch = CPU_BATCH
        self.stretch_s = STRETCH_S
        self._folder = folder
        self._device = device
        self._quantisation = quantisation
        self._threads = threads
        self._decoder: Decoder | None = None

    def __enter__(self) -> Self:
        try:
            import ctranslate2  # type: ignore[import-untyped]
            from faster_whisper import WhisperModel
        except ImportError as exc:
            raise EngineFailed(
                f"Whisper needs the packages of the extra parley[stt-whisper]: {exc}"
            ) from exc
        self._check_files()
        try:
            device = self._device
            if device == "auto":
                device = "cuda" if ctranslate2.get_cuda_device_count() else "cpu"
            loaded = WhisperModel(
                str(self._folder),
                device=device,
                compute_type=_compute_type(self._quantisation, device),
                cpu_threads=self._threads,
                num_workers=self.concurrency,
                local_files_only=True,
            )
            decoder = Decoder(loaded, self._folder)
            _check_bands(loaded)
        # Each of its four libraries has errors of its own, some of them plain Exceptions.
        except Exception as exc:
            raise self._failed(str(exc)) from exc
        self._decoder = decoder
        self.batch = CUDA_BATCH if device == "cuda" else CPU_BATCH
        self.abilities = _abilities(decoder.languages, multilingual=decoder.multilingual)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        decoder, self._decoder = self._decoder, None
        if decoder:
            decoder.close()

    def transcribe(self, sounds: Sequence[Pcm], options: Options) -> list[Transcript]:
        decoder = self._loaded()
        if any(len(sound) > WINDOW_S * RATE_HZ for sound in sounds):
            raise ValueError(f"a sound is longer than {WINDOW_S:g} s")
        found = [Transcript(language=options.language or "en") for _ in sounds]
        some = [i for i, sound in enumerate(sounds) if len(sound)]
        if not some:
            return found
        encoded = decoder.encode([sounds[i] for i in some])
        languages = (
            [options.language] * len(some)
            if options.language
            else decoder.spoken_languages(encoded)
        )
        ask = Ask(
            translate=options.translate,
            temperature=options.temperature,
            prompt=decoder.tokens_of(f" {options.prompt.strip()}") if options.prompt else (),
            time_marks=True,
        )
        heard = decoder.decode(encoded, languages, ask)
        texts = [
            [] if one.silent else [token for token in one.tokens if decoder.is_text(token)]
            for one in heard
        ]
        timed: list[list[tuple[Word, int]]] = [[] for _ in some]
        if options.words and any(texts):
            timed = decoder.words(encoded, languages, texts, translate=options.translate)
        for n, i in enumerate(some):
            segments = (
                ()
                if heard[n].silent
                else _segments(decoder, heard[n], timed[n], encoded.durations_s[n])
            )
            found[i] = Transcript(segments=segments, language=languages[n])
        return found

    def open_stream(self, options: Options) -> WhisperStream:
        return WhisperStream(self._loaded(), options)

    def _loaded(self) -> Decoder:
        if self._decoder is None:
            raise self._failed("it is not loaded")
        return self._decoder

    def _check_files(self) -> None:
        for name in FILES:
            if not (self._folder / name).is_file():
                raise self._failed(f"there is no {name}")

    def _failed(self, why: str) -> EngineFailed:
        return EngineFailed(f"the Whisper model in {self._folder} cannot be used: {why}")


def _abilities(languages: frozenset[str], *, multilingual: bool) -> Abilities:
    return Abilities(
        languages=languages,
        detects_language=multilingual,
        prompt=True,
        temperature=True,
        translate=multilingual,
    )


def _compute_type(quantisation: str, device: str) -> str:
    if quantisation != "auto":
        return quantisation
    return "float16" if device == "cuda" else "int8"


def _check_bands(loaded: Any) -> None:
    bands = loaded.feature_extractor.mel_filters.shape[0]
    if bands != loaded.model.n_mels:
        raise ValueError(
            f"preprocessor_config.json says {bands} mel bands, the model {loaded.model.n_mels}"
        )


def _segments(
    decoder: Decoder, heard: Heard, timed: Sequence[tuple[Word, int]], duration_s: float
) -> tuple[Segment, ...]:
    """The text between time marks, each with its words."""
    segments = []
    words = list(timed)
    owed = 0  # tokens of the words that segments so far have not had
    for started_at_s, ended_at_s, tokens in _stretches(decoder, heard.tokens, duration_s):
        owed += len(tokens)
        mine: list[Word] = []
        while words and (owed > 0):
            word, taken = words.pop(0)
            owed -= taken
            mine.append(
                Word(
                    text=word.text.strip(),
                    started_at_s=word.started_at_s,
                    ended_at_s=word.ended_at_s,
                    confidence=word.confidence,
                )
            )
        text = decoder.text_of(tokens).strip()
        if text:
            segments.append(
                Segment(
                    text=text,
                    started_at_s=mine[0].started_at_s if mine else started_at_s,
                    ended_at_s=mine[-1].ended_at_s if mine else ended_at_s,
                    words=tuple(mine),
                    tokens=tuple(tokens),
                    avg_logprob=heard.avg_logprob,
                    no_speech_prob=heard.no_speech_prob,
                    temperature=heard.temperature,
                )
            )
    return tuple(segments)


def _stretches(
    decoder: Decoder, tokens: Sequence[int], duration_s: float
) -> list[tuple[float, float, list[int]]]:
    """From when, until when, which text tokens. Without a closing mark, until the sound's end."""
    stretches: list[tuple[float, float, list[int]]] = []
    started_at_s, text = 0.0, []
    for token in tokens:
        if decoder.is_text(token):
            text.append(token)
        elif token >= decoder.first_time_mark:
            at_s = min((token - decoder.first_time_mark) * TIME_MARK_S, duration_s)
            if text:
                stretches.append((started_at_s, max(at_s, started_at_s), text))
            started_at_s, text = max(at_s, started_at_s), []
    if text:
        stretches.append((started_at_s, duration_s, text))
    return stretches
