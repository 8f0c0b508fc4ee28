"""The phonemes of a phrase, by the rules of its language."""

import logging
import threading
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any

from chassis.logs import get_logger
from inference.model_status import EngineFailed
from inference.tts.spelling import Piece, Spelling, spans_of, spelled_by_pieces, spelled_by_words

ENGLISH_TAGGER = "en_core_web_sm"
ENGLISH = ("en-us", "en-gb")
BY_ESPEAK = ("es", "fr-fr", "hi", "it", "pt-br")

# A language's library: what it makes of a text, with the pieces where it tells them.
Spell = Callable[[str], tuple[str, Sequence[Piece] | None]]

log = get_logger(__name__)


class Speller:
    """All languages that can be spelled here. Any thread may call it."""

    def __init__(self) -> None:
        """Imports the libraries, which may take seconds. Raises EngineFailed without them."""
        try:
            espeak = import_module("misaki.espeak")
        except (ImportError, OSError) as exc:
            raise EngineFailed(f"misaki with espeak-ng does not load: {exc}") from exc
        self._spells: dict[str, Spell] = {}
        self._lock = threading.Lock()  # espeak-ng and spaCy keep state; a phrase takes 1 ms
        for tag in ENGLISH:
            self._spells[tag] = _english(tag, espeak)
        for tag in BY_ESPEAK:
            self._spells[tag] = _by_espeak(tag, espeak)
        for tag, make in (("ja", _japanese), ("cmn", _mandarin)):
            try:
                self._spells[tag] = make()
            except (ImportError, OSError, RuntimeError) as exc:
                log.info("language_left_out", language=tag, reason=str(exc).splitlines()[0])
        # It warns of every phrase with a contraction. Each of its backends sets this anew.
        logging.getLogger("phonemizer").setLevel(logging.ERROR)

    @property
    def languages(self) -> frozenset[str]:
        return frozenset(self._spells)

    def spell(self, phrase: str, language: str) -> Spelling:
        """Raises EngineFailed for a language that is not among `languages`."""
        spell = self._spells.get(language)
        if spell is None:
            raise EngineFailed(f"{language} cannot be turned into phonemes here")
        phrase = phrase.translate(_BLANKS)  # of the same length
        with self._lock:
            phonemes, pieces = spell(phrase)
            if pieces is not None:
                return spelled_by_pieces(phrase, pieces)
            alone = [spell(phrase[start:end])[0].strip() for start, end in spans_of(phrase)]
        return spelled_by_words(phrase, phonemes, alone)


_BLANKS = dict.fromkeys(map(ord, "\t\n\v\f\r\x1c\x1d\x1e\x85\u2028\u2029"), " ")


def _english(tag: str, espeak: Any) -> Spell:
    """misaki's dictionary where its tagger is installed, which it would otherwise fetch."""
    british = tag == "en-gb"
    rules = espeak.EspeakFallback(british=british)  # the only one that writes as Kokoro learnt it
    rules.backend = espeak.EspeakG2P(language=tag).backend  # which leaves no "(fr)" among phonemes
    if all(map(find_spec, (ENGLISH_TAGGER, "spacy"))):
        return _by_dictionary(british, rules)
    if not british:  # once
        log.info("english_without_tagger", missing=ENGLISH_TAGGER, spelled_by="espeak-ng")
    return lambda text: (rules(SimpleNamespace(text=text))[0] or "", None)


def _by_dictionary(british: bool, rules: Any) -> Spell:
    g2p = import_module("misaki.en").G2P(british=british, fallback=rules, unk="")

    def spell(text: str) -> tuple[str, Sequence[Piece]]:
        # Without its preprocessing: clients are not to write [word](/phonemes/).
        _, tokens = g2p(text, preprocess=False)
        return "", [Piece(t.text, (t.phonemes or "") + t.whitespace) for t in tokens]

    return spell


def _by_espeak(tag: str, espeak: Any) -> Spell:
    g2p = espeak.EspeakG2P(language=tag)
    return lambda text: (g2p(text)[0], None)


def _japanese() -> Spell:
    g2p = import_module("misaki.ja").JAG2P()

    def spell(text: str) -> tuple[str, Sequence[Piece] | None]:
        phonemes, tokens = g2p(text)
        if not tokens:
            return phonemes, None
        return phonemes, [Piece(t.text, (t.phonemes or "") + t.whitespace) for t in tokens]

    return spell


def _mandarin() -> Spell:
    import_module("jieba").setLogLevel(logging.WARNING)
    g2p = import_module("misaki.zh").ZHG2P()

    # It stumbles over nothing at all.
    return lambda text: (g2p(text)[0] if text.strip() else "", None)
