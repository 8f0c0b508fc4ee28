"""Whisper's own steps over CTranslate2: sound to features, features to tokens, tokens to words."""

import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from inference.audio import RATE_HZ, Pcm
from inference.stt.engine import EngineFailed, Word
from inference.stt.whisper_words import whole_words

WINDOW_S = 30.0  # what the encoder takes in; shorter sound is padded
POSITIONS = 448  # tokens the decoder can look at: prompt, prefix and answer
MAX_PROMPT_TOKENS = POSITIONS // 2 - 1
# A second of speech in the script that costs the most tokens. Without a limit by length, a short
# sound on which the model runs wild costs as much as half a minute.
TOKENS_PER_S, SPARE_TOKENS = 25, 24
SHORTEST_S = 0.5  # shorter sound is padded: the alignment needs some frames

BEAMS = 5
# Whisper's own ladder has six rungs, each as dear as the first. Two more tries mend most of what
# can be mended, and bound what a noisy sound costs to three decodings, or four where it repeats.
LADDER = (0.0, 0.4, 0.8)
SAMPLES = 3  # drawn at a temperature above 0; the likeliest is kept
NO_REPEAT_TOKENS = 3  # the last resort against repetition: no three tokens twice
# Whisper's own thresholds.
MOST_COMPRESSED = 2.4
LEAST_LOGPROB = -1.0
SILENT_PROB = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """How a window is to be decoded."""

    translate: bool = False
    temperature: float | None = None
    prompt: tuple[int, ...] = ()  # said before the window
    prefix: tuple[int, ...] = ()  # what is known of the window's text
    time_marks: bool = False
    quick: bool = False  # one greedy try


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What the decoder made of a window, after the prefix."""

    tokens: tuple[int, ...]
    avg_logprob: float
    no_speech_prob: float
    temperature: float
    compression: float

    @property
    def silent(self) -> bool:
        return self.no_speech_prob > SILENT_PROB and self.avg_logprob < LEAST_LOGPROB

    @property
    def repeats(self) -> bool:
        return self.compression > MOST_COMPRESSED

    @property
    def doubtful(self) -> bool:
        return not self.silent and (self.repeats or self.avg_logprob < LEAST_LOGPROB)


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """Windows that went through the encoder."""

    states: Any  # a ctranslate2.StorageView
    durations_s: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class _Try:
    temperature: float
    beams: int = BEAMS
    no_repeat_tokens: int = 0


class Decoder:
    """A loaded faster_whisper.WhisperModel, step by step. Any number of threads may use it."""

    def __init__(self, model: Any, folder: Path) -> None:
        from faster_whisper.transcribe import get_suppressed_tokens

        self._model = model
        self._folder = folder
        self.multilingual: bool = model.model.is_multilingual
        token = model.hf_tokenizer.token_to_id
        # Older models lack some of the languages that the library lists.
        self.languages = frozenset(
            code
            for code in model.supported_languages
            if not self.multilingual or token(f"<|{code}|>") is not None
        )
        any_language = self._tokenizer(min(self.languages), translate=False)
        self._suppressed = get_suppressed_tokens(any_language, [-1])
        self._end: int = any_language.eot
        self.first_time_mark: int = any_language.timestamp_begin

    def close(self) -> None:
        with self._failures():
            self._model.model.unload_model()

    def encode(self, sounds: Sequence[Pcm]) -> Encoded:
        """One pass of the encoder over all `sounds`."""
        with self._failures():
            states = self._model.encode(np.stack([self._features(sound) for sound in sounds]))
        return Encoded(states=states, durations_s=tuple(len(s) / RATE_HZ for s in sounds))

    def spoken_languages(self, encoded: Encoded) -> list[str]:
        """The likeliest language of each window."""
        if not self.multilingual:
            return ["en"] * len(encoded.durations_s)
        with self._failures():
            found = self._model.model.detect_language(encoded.states)
        return [str(ranked[0][0])[2:-2] for ranked in found]

    def decode(self, encoded: Encoded, languages: Sequence[str], ask: Ask) -> list[Heard]:
        """Each window's text; one that came out badly is tried again, on its own merits."""
        with self._failures():
            first, *others = _tries(ask)
            heard = self._try(encoded, languages, ask, first)
            for other in others:
                again = [
                    i
                    for i, one in enumerate(heard)
                    if (one.repeats if other.no_repeat_tokens else one.doubtful)
                ]
                if not again:
                    continue
                part = _part(encoded, again)
                found = self._try(part, [languages[i] for i in again], ask, other)
                for i, one in zip(again, found, strict=True):
                    heard[i] = _better(heard[i], one)
            return heard

    def words(
        self,
        encoded: Encoded,
        languages: Sequence[str],
        texts: Sequence[Sequence[int]],
        *,
        translate: bool,
    ) -> list[list[tuple[Word, int]]]:
        """The words of each window's text, with the tokens each took; times by cross-attention.

        A word's text keeps the space before it, if there is one.
        """
        timed: list[list[tuple[Word, int]]] = [[] for _ in texts]
        with self._failures():
            for language in sorted(set(languages)):
                mine = [i for i, other in enumerate(languages) if other == language]
                part = _part(encoded, mine)
                aligned = self._model.find_alignment(
                    self._tokenizer(language, translate=translate),
                    [list(texts[i]) for i in mine],
                    part.states,
                    [int(max(SHORTEST_S, length) * 100) for length in part.durations_s],
                )
                for i, found in zip(mine, aligned, strict=True):
                    timed[i] = whole_words(found, language, encoded.durations_s[i])
        return timed

    def tokens_of(self, text: str) -> tuple[int, ...]:
        with self._failures():
            return tuple(self._model.hf_tokenizer.encode(text, add_special_tokens=False).ids)

    def text_of(self, tokens: Sequence[int]) -> str:
        with self._failures():
            return str(self._model.hf_tokenizer.decode(list(tokens)))

    def is_text(self, token: int) -> bool:
        return token < self._end

    def _features(self, sound: Pcm) -> np.ndarray[Any, Any]:
        from faster_whisper.audio import pad_or_trim

        samples = sound.astype(np.float32) / 32768.0
        short = int(SHORTEST_S * RATE_HZ) - len(samples)
        if short > 0:
            samples = np.pad(samples, (0, short))
        # The last frame hears the padding.
        return np.asarray(pad_or_trim(self._model.feature_extractor(samples)[..., :-1]))

    def _try(
        self, encoded: Encoded, languages: Sequence[str], ask: Ask, attempt: _Try
    ) -> list[Heard]:
        prompts = [self._prompt(language, ask) for language in languages]
        wanted = len(ask.prefix) + SPARE_TOKENS + int(TOKENS_PER_S * max(encoded.durations_s))
        # The library answers with at most the half of max_length.
        length = max(2 * wanted, len(prompts[0]) + wanted)
        if attempt.temperature > 0:
            how = {"beam_size": 1, "num_hypotheses": SAMPLES, "sampling_topk": 0}
            how["sampling_temperature"] = attempt.temperature  # type: ignore[assignment]
        else:
            how = {"beam_size": attempt.beams}
        results = self._model.model.generate(
            encoded.states,
            prompts,
            max_length=min(POSITIONS, length),
            no_repeat_ngram_size=attempt.no_repeat_tokens,
            # Whisper forbids an empty answer; after a prefix there may be nothing more to say.
            suppress_blank=not ask.prefix,
            suppress_tokens=self._suppressed,
            return_scores=True,
            return_no_speech_prob=True,
            **how,
        )
        return [self._heard(result, ask, attempt) for result in results]

    def _heard(self, result: Any, ask: Ask, attempt: _Try) -> Heard:
        whole = tuple(result.sequences_ids[0])
        tokens = whole[len(ask.prefix) :]  # the answer repeats the prefix, at no cost to the score
        text = self.text_of([token for token in tokens if token < self._end]).encode()
        return Heard(
            tokens=tokens,
            avg_logprob=result.scores[0] * len(whole) / (len(tokens) + 1),
            no_speech_prob=result.no_speech_prob,
            temperature=attempt.temperature,
            compression=len(text) / len(zlib.compress(text)),
        )

    def _prompt(self, language: str, ask: Ask) -> list[int]:
        tokenizer = self._tokenizer(language, translate=ask.translate)
        prompt: list[int] = self._model.get_prompt(
            tokenizer, list(ask.prompt[-MAX_PROMPT_TOKENS:]), without_timestamps=not ask.time_marks
        )
        return prompt + list(ask.prefix)

    def _tokenizer(self, language: str, *, translate: bool) -> Any:
        from faster_whisper.tokenizer import Tokenizer

        return Tokenizer(
            self._model.hf_tokenizer,
            self.multilingual,
            task="translate" if translate else "transcribe",
            language=language,
        )

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except (RuntimeError, ValueError, TypeError, IndexError) as exc:
            raise EngineFailed(f"the Whisper model in {self._folder} broke: {exc}") from exc


def _tries(ask: Ask) -> list[_Try]:
    if ask.quick:
        return [_Try(ask.temperature or 0.0, beams=1)]
    ladder = LADDER if ask.temperature is None else (ask.temperature,)
    last = _Try(ladder[0], no_repeat_tokens=NO_REPEAT_TOKENS)
    return [*(_Try(temperature) for temperature in ladder), last]


def _better(one: Heard, other: Heard) -> Heard:
    if one.repeats or other.repeats:
        return min(one, other, key=lambda heard: heard.compression)
    return max(one, other, key=lambda heard: heard.avg_logprob)


def _part(encoded: Encoded, which: Sequence[int]) -> Encoded:
    """Some of the windows."""
    if len(which) == len(encoded.durations_s):
        return encoded
    import ctranslate2  # type: ignore[import-untyped]

    states = np.asarray(encoded.states.to_device(ctranslate2.Device.cpu))
    part = np.ascontiguousarray(states[list(which)])
    return Encoded(
        states=ctranslate2.StorageView.from_array(part),
        durations_s=tuple(encoded.durations_s[i] for i in which),
    )
