"""The espeak-ng engine: no download, 130 languages, first sound within milliseconds."""

import threading
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import espeakng_loader
import numpy as np
import soxr
from numpy.typing import NDArray

from inference.model_status import EngineFailed
from inference.tts.engine import SAMPLE_RATE_HZ, Mark, Samples, Sink, Voice
from inference.tts.espeak_library import Language, Library, LibraryFailed
from inference.tts.kokoro_voices import Kin, kin
from inference.tts.tempo import Tempo
from inference.tts.text import is_said

MODEL = "espeak-ng"
WORDS_PER_MINUTE = 170  # at speed 1: an unhurried speaker
MIN_WPM = 80  # espeak-ng goes no slower; below, Tempo stretches
VOLUME = 60  # of 100: some variants clip inside the library at more
TARGET_RMS = 0.13  # -18 dBFS in the louder half, about -20 dBFS while speaking
LEVEL_TEST = "1 2 3 4 5 6 7."  # digits can be said in every language
DEFAULT_VARIANT = "f2"
PIECE_S = 0.2  # of sound handled at a time: each piece costs the same, whatever its length
FULL_SCALE = 32_768


@dataclass(frozen=True, slots=True)
class Timbre:
    """How espeak-ng makes one voice: a variant file and two of its parameters (0 to 99)."""

    variant: str = DEFAULT_VARIANT
    pitch: int = 50
    pitch_range: int = 50
    language: str = "en-us"


# OpenAI's thirteen names, told apart by variant and pitch. Of the hundred variants, those that a
# speech recogniser (pocketsphinx, five sentences) understood: word error rate 0.29 to 0.67, where
# espeak-ng's own default voice has 0.91. alloy, the default, has 0.39.
ALIASES = {
    "alloy": Timbre("f2", 45, 60),
    "ash": Timbre("benjamin", 48, 60),
    "ballad": Timbre("edward", 58, 70),
    "cedar": Timbre("miguel", 38, 55),
    "coral": Timbre("f5", 50, 65),
    "echo": Timbre("klatt5", 55, 60),
    "fable": Timbre("m6", 55, 65, "en-gb"),
    "marin": Timbre("f1", 40, 60),
    "nova": Timbre("f2", 62, 70),
    "onyx": Timbre("mike2", 35, 45),
    "sage": Timbre("f5", 32, 50),
    "shimmer": Timbre("f5", 68, 70),
    "verse": Timbre("michel", 66, 70),
}
FEMALE = ("alloy", "coral", "marin", "nova", "sage", "shimmer")
# espeak-ng's own tag of what people ask for.
SYNONYMS = {"en": "en-us", "fr": "fr-fr", "zh": "cmn", "no": "nb", "es-mx": "es-419"}
REGION_CHARS = 2


class Espeak:
    """Engine (see engine.py). A voice is an alias, a language tag, or `tag+variant`; it stands in
    for Kokoro's by language and sex."""

    model = MODEL
    concurrency = 1  # the library has one state a process
    is_incremental = True

    def __init__(self) -> None:
        self._library: Library | None = None
        self._speaking = threading.Lock()  # the library must not go in the middle of a phrase
        self._languages: dict[str, Language] = {}
        self._variants: dict[str, str] = {}
        self._gains: dict[Timbre, float] = {}

    def __enter__(self) -> Self:
        try:
            self._library = Library()
        except (LibraryFailed, OSError) as exc:
            raise EngineFailed(f"espeak-ng does not load: {exc}") from exc
        self._languages = {language.tag: language for language in self._library.languages()}
        folder = Path(espeakng_loader.get_data_path()) / "voices" / "!v"
        # Names with blanks exist; as ids they would be a nuisance, and none is a good voice.
        self._variants = {f.name.lower(): f.name for f in folder.iterdir() if " " not in f.name}
        return self

    def __exit__(self, *_: object) -> None:
        with self._speaking:
            library, self._library = self._library, None
            if library is not None:
                library.close()

    def voices(self) -> Sequence[Voice]:
        aliases = [
            Voice(id=name, name=name.title(), language=timbre.language)
            for name, timbre in ALIASES.items()
        ]
        natives = [
            Voice(id=language.tag, name=language.name, language=language.tag)
            for language in self._languages.values()
        ]
        return [*aliases, *natives]

    def find_voice(self, voice_id: str) -> Voice | None:
        wanted = voice_id.lower()
        if wanted in ALIASES:
            return Voice(id=wanted, name=wanted.title(), language=ALIASES[wanted].language)
        if (of := _kin(wanted)) and self._language(of.language):
            return Voice(id=wanted, name=wanted, language=of.language)
        tag, plus, variant = wanted.partition("+")
        language = self._language(tag.replace("_", "-"))
        if language is None or (plus and variant not in self._variants):
            return None
        return Voice(id=f"{language.tag}{plus}{variant}", name=language.name, language=language.tag)

    def in_language(self, voice: Voice, language: str) -> Voice | None:
        found = self._language(language.lower().replace("_", "-"))
        return None if found is None else replace(voice, language=found.tag)

    def _language(self, tag: str) -> Language | None:
        """`fr-fr`, and what people write for it: `fr`, `fr-ca`."""
        known = self._languages.get(SYNONYMS.get(tag, tag))
        base, _, region = tag.partition("-")
        if known is None and len(region) == REGION_CHARS:
            known = self._languages.get(SYNONYMS.get(base, base))
        return known

    def synthesize(self, phrase: str, voice: Voice, speed: float, sink: Sink) -> None:
        timbre = self._timbre(voice)
        try:
            with self._speaking:
                self._speak(phrase, timbre, speed, self._gain(timbre), sink)
        except LibraryFailed as exc:
            raise EngineFailed(str(exc)) from exc

    def _timbre(self, voice: Voice) -> Timbre:
        if voice.id in ALIASES:
            return replace(ALIASES[voice.id], language=voice.language)
        if of := _kin(voice.id):
            return replace(ALIASES[_stand_in(voice.id, of)], language=voice.language)
        _, _, variant = voice.id.partition("+")
        return Timbre(variant or DEFAULT_VARIANT, language=voice.language)

    def _gain(self, timbre: Timbre) -> float:
        """What brings this timbre to TARGET_RMS; found out once, by listening to it (5 ms)."""
        if timbre not in self._gains:
            heard: list[Samples] = []

            self._speak(LEVEL_TEST, timbre, 1.0, 1.0, _Heard(heard))
            self._gains[timbre] = _gain_to_target(np.concatenate(heard) if heard else None)
        return self._gains[timbre]

    def _speak(self, text: str, timbre: Timbre, speed: float, gain: float, sink: Sink) -> None:
        library = self._library
        if library is None:
            raise EngineFailed("espeak-ng is not loaded")
        wpm = WORDS_PER_MINUTE * speed
        library.set_voice(f"{self._languages[timbre.language].file}+{self._file(timbre)}")
        library.set("rate", round(max(wpm, MIN_WPM)))
        library.set("pitch", timbre.pitch)
        library.set("range", timbre.pitch_range)
        library.set("volume", VOLUME)
        slowing = Tempo(wpm / MIN_WPM) if wpm < MIN_WPM else None
        out = _Outlet(library.rate_hz, gain, slowing, sink)
        words = _Words(text, wpm / MIN_WPM if slowing else 1.0, sink)
        library.synthesize(text, out.take, words.begins)
        out.finish()
        words.finish(out.pushed / SAMPLE_RATE_HZ)

    def _file(self, timbre: Timbre) -> str:
        return self._variants[timbre.variant.lower()]


class _Heard:
    """A sink that keeps what it is given."""

    wanted = True

    def __init__(self, heard: list[Samples]) -> None:
        self._heard = heard

    def push(self, samples: Samples) -> None:
        self._heard.append(samples)

    def mark(self, mark: Mark) -> None:
        pass


class _Outlet:
    """From the library's samples to the engine's: level, rate, tempo, and pieces worth handling."""

    def __init__(self, rate_hz: int, gain: float, slowing: Tempo | None, sink: Sink) -> None:
        self._gain = np.float32(gain / FULL_SCALE)
        self._resampler = soxr.ResampleStream(rate_hz, SAMPLE_RATE_HZ, 1, dtype="float32")
        self._slowing = slowing
        self._sink = sink
        self.pushed = 0
        self._gathered: list[NDArray[np.int16]] = []
        self._wanted = 1  # samples: the first piece at once, then fewer and larger ones
        self._piece = int(PIECE_S * rate_hz)

    def take(self, samples: NDArray[np.int16]) -> bool:
        self._gathered.append(samples)
        if sum(map(len, self._gathered)) >= self._wanted:
            self._wanted = self._piece
            self._hand_on(last=False)
        return self._sink.wanted

    def finish(self) -> None:
        if self._sink.wanted:
            self._hand_on(last=True)

    def _hand_on(self, *, last: bool) -> None:
        raw = np.concatenate([np.zeros(0, np.int16), *self._gathered])
        self._gathered.clear()
        made = self._resampler.resample_chunk(raw.astype(np.float32) * self._gain, last=last)
        if self._slowing is not None:
            made = self._slowing.push(made)
            if last:
                made = np.concatenate((made, self._slowing.finish()))
        self.pushed += made.size
        self._sink.push(made)


class _Words:
    """Marks from where the library says that words begin: each lasts until the next."""

    def __init__(self, text: str, tempo: float, sink: Sink) -> None:
        self._text = text
        self._tempo = tempo
        self._sink = sink
        self._begun: tuple[int, float] | None = None

    def begins(self, at: int, at_s: float) -> None:
        if self._begun is None or at > self._begun[0]:  # else it is a part of the same word
            self._end(at, at_s / self._tempo)
            self._begun = at, at_s / self._tempo

    def finish(self, at_s: float) -> None:
        self._end(len(self._text), at_s)

    def _end(self, at: int, at_s: float) -> None:
        if self._begun is None:
            return
        start, started_at_s = self._begun
        said = [place for place in range(start, at) if is_said(self._text[place])]
        if said:
            self._sink.mark(
                Mark(
                    start=said[0],
                    end=said[-1] + 1,
                    started_at_s=started_at_s,
                    ended_at_s=max(started_at_s, at_s),
                )
            )


def _kin(voice_id: str) -> Kin | None:
    """What one of Kokoro's names, or the first of a blend, says of its voice."""
    return kin(voice_id.partition("+")[0].partition("(")[0])


def _stand_in(voice_id: str, of: Kin) -> str:
    """Of that sex, and always the same for the same name."""
    some = FEMALE if of.sex == "f" else [name for name in ALIASES if name not in FEMALE]
    return some[zlib.crc32(voice_id.encode()) % len(some)]


def _gain_to_target(samples: Samples | None) -> float:
    """From the loudness of the louder half: pauses do not count."""
    if samples is None or not samples.any():
        return 1.0
    frames = samples[: samples.size // 480 * 480].reshape(-1, 480)
    power = np.sort((frames**2).mean(axis=1))[frames.shape[0] // 2 :]
    rms = float(np.sqrt(power.mean()))
    return TARGET_RMS / rms
