"""Kokoro's voices: their names, what else they answer to, and blends of them."""

import math
import re
import threading
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from inference.model_status import EngineFailed
from inference.tts.engine import Voice

# One style for each number of phonemes, from one up: (rows, STYLE_SIZE).
Styles = NDArray[np.float32]

STYLE_SIZE = 256
MAX_PARTS = 8
MAX_BLENDS_KEPT = 16  # half a megabyte each

# A voice's name starts with its language and its sex: af_heart speaks American English, female.
LANGUAGES = {
    "a": "en-us",
    "b": "en-gb",
    "e": "es",
    "f": "fr-fr",
    "h": "hi",
    "i": "it",
    "j": "ja",
    "p": "pt-br",
    "z": "cmn",
}
NAME = re.compile(r"([abefhijpz])([fm])_([a-z0-9]{1,30})")
SYNONYMS = {"en": "en-us", "fr": "fr-fr", "pt": "pt-br", "zh": "cmn"}
REGION_CHARS = 2

# OpenAI's thirteen names. A folder without that voice has the first of the same language and sex.
ALIASES = {
    "alloy": "af_alloy",
    "ash": "am_michael",
    "ballad": "bm_george",
    "cedar": "am_fenrir",
    "coral": "af_bella",
    "echo": "am_echo",
    "fable": "bm_fable",
    "marin": "af_heart",
    "nova": "af_nova",
    "onyx": "am_onyx",
    "sage": "af_sarah",
    "shimmer": "af_sky",
    "verse": "am_puck",
}
# The best of each language, by the grades its makers publish; what is not here comes later.
FIRST = (
    *("af_heart", "af_bella", "am_michael", "am_fenrir", "bf_emma", "bm_george", "ef_dora"),
    *("ff_siwis", "hf_alpha", "if_sara", "jf_alpha", "pf_dora", "zf_xiaoxiao"),
)

# `af_bella+am_adam(0.3)`: a part without a weight has 1, and weights are taken relative to their
# sum, so that here am_adam is 0.3 / 1.3 of the voice.
_PART = re.compile(r"([a-z0-9_]{1,40})(?:\(([0-9]{1,4}(?:\.[0-9]{1,4})?)\))?")
_TAG = re.compile(r"([a-z]{2,3}(?:-[a-z0-9]{2,4})?)(?:\+([fm])[0-9]{0,2})?")


@dataclass(frozen=True, slots=True)
class Kin:
    """What a name says about its voice."""

    language: str
    sex: str  # f or m


def kin(voice_id: str) -> Kin | None:
    """The language and sex of one of Kokoro's names, here or not: `bm_daniel` is en-gb, m."""
    name = NAME.fullmatch(voice_id)
    return Kin(LANGUAGES[name[1]], name[2]) if name else None


class Voices:
    """The catalogue of what is in a folder.

    `styles`: by name. `languages`: those whose text can be turned into phonemes here; a voice of
    another one is left out. Raises EngineFailed when no voice remains.
    """

    def __init__(self, styles: Mapping[str, Styles], languages: Collection[str]) -> None:
        self._languages = frozenset(languages)
        spoken = [name for name in styles if (of := kin(name)) and of.language in self._languages]
        self._names = sorted(spoken, key=_rank)
        if not self._names:
            raise EngineFailed("there is no voice whose language can be spoken here")
        self._styles = {name: styles[name] for name in self._names}
        self._aliases = {alias: self._nearest(name) for alias, name in ALIASES.items()}
        self._blends: OrderedDict[str, Styles] = OrderedDict()
        self._lock = threading.Lock()

    def listed(self) -> Sequence[Voice]:
        """OpenAI's names, then Kokoro's own."""
        return [
            *(_voice(alias, name) for alias, name in self._aliases.items()),
            *(_voice(name, name) for name in self._names),
        ]

    def find(self, voice_id: str) -> Voice | None:
        """By alias, name, blend, or language tag: `fr`, `pt-br`, `en-gb+m3`."""
        wanted = voice_id.strip().lower()
        if name := self._named(wanted):
            return _voice(wanted, name)
        if parts := self._parts(wanted):
            heaviest = max(parts, key=lambda name: parts[name])
            return replace(_voice(wanted, heaviest), name=wanted)
        if tag := _TAG.fullmatch(wanted.replace("_", "-")):
            language = self.language(tag[1])
            named = [name for name in self._names if _kin(name).language == language]
            if named:
                sex = tag[2] or _kin(named[0]).sex
                return _voice(*[next((n for n in named if _kin(n).sex == sex), named[0])] * 2)
        return None

    def in_language(self, voice: Voice, tag: str) -> Voice | None:
        """Any voice speaks any language, with the accent of its own."""
        language = self.language(tag.lower().replace("_", "-"))
        return replace(voice, language=language) if language else None

    def language(self, tag: str) -> str | None:
        """The tag used here for what people write: `fr`, `fr-ca`, `zh-cn`."""
        base, _, region = tag.partition("-")
        near = (tag, base) if len(region) <= REGION_CHARS else (tag,)
        for name in near:
            if (known := SYNONYMS.get(name, name)) in self._languages:
                return known
        return None

    def style(self, voice: Voice) -> Styles:
        """Raises EngineFailed for a voice that `find` did not give."""
        if name := self._named(voice.id):
            return self._styles[name]
        with self._lock:
            if (blend := self._blends.get(voice.id)) is not None:
                self._blends.move_to_end(voice.id)
                return blend
        parts = self._parts(voice.id)
        if parts is None:
            raise EngineFailed("there is no such voice in the model's folder")
        blend = _blended([(self._styles[name], weight) for name, weight in parts.items()])
        with self._lock:
            self._blends[voice.id] = blend
            while len(self._blends) > MAX_BLENDS_KEPT:
                self._blends.popitem(last=False)
        return blend

    def _named(self, wanted: str) -> str | None:
        return wanted if wanted in self._styles else self._aliases.get(wanted)

    def _parts(self, wanted: str) -> dict[str, float] | None:
        """What a blend is made of, name → weight; None where it is not one."""
        written = wanted.split("+", MAX_PARTS)
        parts: dict[str, float] = {}
        for part in written[:MAX_PARTS]:
            match = _PART.fullmatch(part.strip())
            name = self._named(match[1]) if match else None
            weight = float(match[2] or 1) if match else 0.0
            if name is None or not weight > 0:
                return None
            parts[name] = parts.get(name, 0.0) + weight
        return parts if len(written) <= MAX_PARTS else None

    def _nearest(self, name: str) -> str:
        """That voice, or the one here that is most like it."""
        if name in self._styles:
            return name
        of = _kin(name)
        return max(
            self._names,
            key=lambda other: (
                _kin(other).language[:2] == of.language[:2],
                _kin(other).sex == of.sex,
                _kin(other).language == of.language,
                -self._names.index(other),
            ),
        )


def checked(styles: NDArray[np.generic], name: str) -> Styles:
    """A voice's file as Styles. Raises EngineFailed when it is something else."""
    if styles.size == 0 or styles.size % STYLE_SIZE or styles.shape[-1] != STYLE_SIZE:
        raise EngineFailed(f"the voice {name} is damaged: its shape is {styles.shape}")
    rows = styles.reshape(-1, STYLE_SIZE).astype(np.float32)
    if not math.isfinite(float(rows.sum())):
        raise EngineFailed(f"the voice {name} is damaged: it holds what is not a number")
    return rows


def _blended(parts: Sequence[tuple[Styles, float]]) -> Styles:
    rows = min(len(styles) for styles, _ in parts)
    total = sum(weight for _, weight in parts)
    made = np.zeros((rows, STYLE_SIZE), np.float32)
    for styles, weight in parts:
        made += styles[:rows] * np.float32(weight / total)
    return made


def _voice(voice_id: str, name: str) -> Voice:
    shown = voice_id.partition("_")[2] or voice_id
    return Voice(id=voice_id, name=shown.title(), language=_kin(name).language)


def _kin(name: str) -> Kin:
    found = kin(name)
    assert found is not None, name
    return found


def _rank(name: str) -> tuple[int, int, str]:
    first = FIRST.index(name) if name in FIRST else len(FIRST)
    return list(LANGUAGES).index(name[0]), first, name
