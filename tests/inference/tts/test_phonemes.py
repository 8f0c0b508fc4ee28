"""Phrases turned into phonemes, and which phonemes say which word."""
# ruff: noqa: RUF001 (IPA looks like Latin)

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from inference.model_status import EngineFailed
from inference.tts.engine import Mark, Samples
from inference.tts.espeak import Espeak
from inference.tts.phonemes import Speller
from inference.tts.spelling import (
    MAX_PHONEMES,
    SILENT,
    Piece,
    Spelling,
    Word,
    spelled_by_pieces,
    spelled_by_words,
)

ROUNDS = 12


@pytest.fixture(scope="module")
def speller() -> Speller:
    return Speller()


def said(phrase: str, spelling: Spelling) -> dict[str, str]:
    """Each word with its phonemes."""
    return {
        phrase[word.start : word.end]: spelling.phonemes[word.first : word.last]
        for word in spelling.words
    }


@pytest.mark.parametrize(
    ("phrase", "words"),
    [
        ("Hello, world!", {"Hello": "həlˈO", "world": "wˈɜɹld"}),
        # espeak-ng says "of the" in one go; each word keeps its part.
        ("in the middle of the road", {"of": "ʌv", "road": "ɹˈOd", "middle": "mˈɪdᵊl"}),
        ("It costs 25 dollars.", {"25": "twˈɛnti fˈIv", "dollars": "dˈɑləɹz"}),
        ("I don't know", {"don't": "dˈOnt"}),
        ("a well-known e-mail", {"well-known": "wˈɛlnˈOn", "a": "ə"}),
        ("Really (yes) — “no”…", {"Really": "ɹˈiəli", "yes": "jˈɛs", "no": "nˈO"}),
    ],
)
def test_every_word_has_its_phonemes(speller: Speller, phrase: str, words: dict[str, str]) -> None:
    spelled = said(phrase, speller.spell(phrase, "en-us"))
    assert {word: spelled[word] for word in words} == words


@pytest.mark.parametrize(
    ("language", "phrase", "word", "phonemes"),
    [
        ("en-us", "a bath", "bath", "bˈæθ"),
        ("en-gb", "a bath", "bath", "bˈaθ"),
        ("fr-fr", "Bonjour les enfants, vingt-cinq", "enfants", "ɑ̃fˈɑ̃"),
        ("es", "¿Cómo estás?", "Cómo", "kˈomo"),
        ("it", "buona sera", "sera", "sˈera"),
        ("pt-br", "bom dia", "bom", "bˈoŋ"),
        ("hi", "आप कैसे हैं?", "कैसे", "kˈɛːseː"),
    ],
)
def test_every_language_is_spelled_by_its_own_rules(
    speller: Speller, language: str, phrase: str, word: str, phonemes: str
) -> None:
    assert said(phrase, speller.spell(phrase, language))[word] == phonemes


def test_languages_without_their_package_are_left_out(speller: Speller) -> None:
    assert speller.languages == {"en-us", "en-gb", "es", "fr-fr", "hi", "it", "pt-br"}
    with pytest.raises(EngineFailed, match="ja cannot"):
        speller.spell("x", "ja")


@pytest.mark.parametrize(
    "phrase",
    [
        "",
        " ",
        "…",
        "?!.,;:",
        "\u0301",
        "日本語",
        "привет",
        "🙂 ok 🙂",
        "a\nb\tc\u2028d",
        "x" * 400,
        "3.14 1,000 -7 50% $5",
        "[read](/ɹˈɛd/) [[h@l'oU]]",
        "(fr) <ssml/> & \\",
        "''' l'''a'''",
        "\x00null",
        "e\u0301a\u200db\ufeff",
        "the " * 100,
    ],
)
@pytest.mark.parametrize("language", ["en-us", "fr-fr", "hi"])
def test_nothing_breaks_it(speller: Speller, phrase: str, language: str) -> None:
    spelling = speller.spell(phrase, language)
    done = 0
    for word in spelling.words:
        assert phrase[word.start : word.end].strip()
        assert done <= word.first <= word.last <= len(spelling.phonemes)
        done = word.last


def test_no_language_switch_is_left_among_the_phonemes(speller: Speller) -> None:
    assert "(" not in speller.spell("Bonjour Facebook, hello team", "fr-fr").phonemes
    assert "(" not in speller.spell("日本 déjà vu", "en-us").phonemes


def test_two_kinds_of_threads_share_espeak_without_harm(speller: Speller) -> None:
    """The rules of Kokoro's languages and the espeak engine's sound come from one library."""
    phrases = {
        "en-us": "The people of the village were in the middle of the road.",
        "fr-fr": "Les enfants sont au milieu de la route.",
        "es": "Los niños están en medio de la calle.",
    }
    with Espeak() as espeak:

        def heard(language: str) -> Samples:
            sink = _Heard()
            voice = espeak.find_voice(language)
            assert voice is not None
            espeak.synthesize(phrases[language], voice, 1.0, sink)
            return np.concatenate(sink.heard)

        spelled = {language: speller.spell(phrases[language], language) for language in phrases}
        sounds = {language: heard(language) for language in phrases}
        stop = threading.Event()

        def spell_on(language: str) -> int:
            done = 0
            while not stop.is_set():
                assert speller.spell(phrases[language], language) == spelled[language]
                done += 1
            return done

        with ThreadPoolExecutor() as pool:
            spelling = [pool.submit(spell_on, language) for language in phrases]
            try:
                for _ in range(ROUNDS):
                    for language, sound in sounds.items():
                        again = heard(language)
                        assert again.size == sound.size
                        assert np.corrcoef(_loudness(again), _loudness(sound))[0, 1] > 0.9
            finally:
                stop.set()
            assert all(done.result(timeout=30) > 0 for done in spelling)


def test_what_the_model_does_not_know_is_dropped_and_words_stay_in_place() -> None:
    spelling = Spelling("haxlo", (Word(0, 1, 0, 2), Word(2, 3, 2, 5)))
    assert spelling.known_to("halo") == Spelling("halo", (Word(0, 1, 0, 2), Word(2, 3, 2, 4)))
    assert spelling.known_to("") == Spelling("", (Word(0, 1, 0, 0), Word(2, 3, 0, 0)))


def test_a_short_phrase_is_one_part() -> None:
    spelling = Spelling("həlˈO", (Word(0, 5, 0, 5),))
    assert spelling.parts() == [spelling]
    assert Spelling("", ()).parts() == []
    assert Spelling("… !", ()).parts() == []  # nothing to say


@pytest.mark.parametrize("text", ["wˈʌn tˈu " * 100, "wˈʌn, tˈu. " * 100, "a" * 1200])
def test_a_long_phrase_is_cut_where_it_hurts_least_and_loses_nothing(text: str) -> None:
    words = tuple(
        Word(at, at + 1, at, at + 1) for at, char in enumerate(text) if char not in SILENT
    )
    parts = Spelling(text, words).parts()
    assert len(parts) > 1
    assert max(len(part.phonemes) for part in parts) <= MAX_PHONEMES
    assert "".join(part.phonemes for part in parts) == text
    assert [word.start for part in parts for word in part.words] == [w.start for w in words]
    for part in parts:
        assert all(part.phonemes[w.first] == text[w.start] for w in part.words)
    if "." in text:
        assert all(part.phonemes.endswith(". ") for part in parts)
    elif " " in text:
        assert all(part.phonemes.endswith(" ") for part in parts)


def test_phonemes_that_match_no_word_are_shared_out_in_proportion() -> None:
    spelling = spelled_by_words("one three", "pqrstuvw", ["1", "2"])
    assert [(w.first, w.last) for w in spelling.words][-1][1] == 8
    assert all(w.first <= w.last for w in spelling.words)


def test_a_piece_that_is_not_in_the_phrase_is_said_all_the_same() -> None:
    spelling = spelled_by_pieces("one two", [Piece("1", "wʌn "), Piece("two", "tu")])
    assert spelling.phonemes == "wʌn tu"
    assert said("one two", spelling)["two"] == "tu"


@pytest.fixture
def tagger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    """Stands in for spaCy, its model and misaki's dictionary, which are not here."""
    calls: list[dict[str, object]] = []

    class Token:
        def __init__(self, text: str, phonemes: str | None, whitespace: str) -> None:
            self.text, self.phonemes, self.whitespace = text, phonemes, whitespace

    class G2P:
        def __init__(self, **options: object) -> None:
            calls.append(options)

        def __call__(self, text: str, **options: object) -> tuple[str, list[Token]]:
            calls.append({"text": text, **options})
            return "", [Token("read", "ɹˈɛd", " "), Token("it", None, ""), Token(".", ".", "")]

    module = ModuleType("misaki.en")
    module.__dict__["G2P"] = G2P
    monkeypatch.setitem(sys.modules, "misaki.en", module)
    for name in ("en_core_web_sm", "spacy"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    return calls


def test_misakis_dictionary_is_used_where_its_tagger_is(tagger: list[dict[str, object]]) -> None:
    spelling = Speller().spell("read it.", "en-us")
    assert spelling.phonemes == "ɹˈɛd ."
    assert said("read it.", spelling) == {"read": "ɹˈɛd", "it": ""}
    assert tagger[-1] == {"text": "read it.", "preprocess": False}  # no notation of clients
    assert [call["british"] for call in tagger[:-1]] == [False, True]


def _loudness(sound: Samples) -> Samples:
    """By 20 ms: espeak-ng's waves differ a little from call to call."""
    loudness: Samples = np.sqrt((sound[: sound.size // 480 * 480].reshape(-1, 480) ** 2).mean(1))
    return loudness


class _Heard:
    """A sink that keeps what it is given."""

    wanted = True

    def __init__(self) -> None:
        self.heard: list[Samples] = []

    def push(self, samples: Samples) -> None:
        self.heard.append(samples)

    def mark(self, mark: Mark) -> None:
        pass
