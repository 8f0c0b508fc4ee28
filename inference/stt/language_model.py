"""The embedded recogniser's words and n-grams, built from sentences and kept in a cache folder."""

import hashlib
import os
import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from itertools import pairwise
from math import log10
from pathlib import Path

from chassis.logs import get_logger
from inference.stt.sphinx_library import MODEL_DIR, LanguageModel

BUILDER_VERSION = 1  # raise when what is built from the same sentences changes
OPEN_WORDS = 10_000  # most frequent words of general English: 9 in 100 missed; 2 000: 28 in 100
# Share of each count kept for what the sentences do not show.
DISCOUNT = 0.05
DICTIONARY = MODEL_DIR / "cmudict-en-us.dict"
GENERAL_MODEL = MODEL_DIR / "en-us.lm.bin"

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """What the decoders load."""

    domain_ngrams: Path
    domain_words: Path
    open_words: Path


def model_files(
    sentences: Callable[[], list[str]], sentences_version: str, cache_dir: Path
) -> ModelFiles:
    """The files for `sentences`, built when the cache has none; without a cache if that fails."""
    folder = cache_dir.expanduser() / _key(sentences_version)
    files = ModelFiles(folder / "domain.arpa", folder / "domain.dict", folder / "open.dict")
    if files.open_words.is_file():
        return files
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _build_into(folder, sentences())
    except OSError as exc:
        log.warning("cache_unusable", folder=str(folder), reason=str(exc))
        beside = Path(tempfile.mkdtemp(prefix="parley-stt-"))
        return model_files(sentences, sentences_version, beside)
    log.info("language_model_built", folder=str(folder))
    return files


def write_arpa(sentences: Iterable[str], path: Path) -> None:
    """Trigrams, each level mixed with DISCOUNT of the one below."""
    grams = _counts(sentences)
    unigrams, bigrams, trigrams = _probabilities(grams)
    seen_2, seen_3 = {a for a, _ in bigrams}, {(a, b) for a, b, _ in trigrams}
    back_off = log10(DISCOUNT)
    with path.open("w") as out:
        out.write(f"\\data\\\nngram 1={len(unigrams) + 1}\nngram 2={len(bigrams)}\n")
        out.write(f"ngram 3={len(trigrams)}\n\n\\1-grams:\n-99 <s> {back_off:.4f}\n")
        for word, p in sorted(unigrams.items()):
            out.write(f"{log10(p):.4f} {word} {back_off if word in seen_2 else 0:.4f}\n")
        out.write("\n\\2-grams:\n")
        for pair, p in sorted(bigrams.items()):
            out.write(f"{log10(p):.4f} {' '.join(pair)} {back_off if pair in seen_3 else 0:.4f}\n")
        out.write("\n\\3-grams:\n")
        for triple, p in sorted(trigrams.items()):
            out.write(f"{log10(p):.4f} {' '.join(triple)}\n")
        out.write("\n\\end\\\n")


def _counts(
    sentences: Iterable[str],
) -> tuple[Counter[str], Counter[tuple[str, ...]], Counter[tuple[str, ...]]]:
    ones: Counter[str] = Counter()
    twos: Counter[tuple[str, ...]] = Counter()
    threes: Counter[tuple[str, ...]] = Counter()
    for sentence in sentences:
        words = ("<s>", *sentence.split(), "</s>")
        ones.update(words[1:])
        twos.update(pairwise(words))
        threes.update(zip(words, words[1:], words[2:], strict=False))
    return ones, twos, threes


def _probabilities(
    grams: tuple[Counter[str], Counter[tuple[str, ...]], Counter[tuple[str, ...]]],
) -> tuple[dict[str, float], dict[tuple[str, ...], float], dict[tuple[str, ...], float]]:
    ones, twos, threes = grams
    after_1: dict[str, int] = defaultdict(int)
    after_2: dict[tuple[str, ...], int] = defaultdict(int)
    for pair, count in twos.items():
        after_1[pair[0]] += count
    for triple, count in threes.items():
        after_2[triple[:2]] += count
    kept, total = 1 - DISCOUNT, ones.total()
    unigrams = {w: kept * n / total + DISCOUNT / len(ones) for w, n in ones.items()}
    bigrams = {p: kept * n / after_1[p[0]] + DISCOUNT * unigrams[p[1]] for p, n in twos.items()}
    trigrams = {t: kept * n / after_2[t[:2]] + DISCOUNT * bigrams[t[1:]] for t, n in threes.items()}
    return unigrams, bigrams, trigrams


def _build_into(folder: Path, sentences: list[str]) -> None:
    """Whole or not at all: built beside, then renamed, so that two processes may race."""
    beside = Path(tempfile.mkdtemp(prefix=".building-", dir=folder.parent))
    try:
        domain = {word for sentence in sentences for word in sentence.split()}
        write_arpa(sentences, beside / "domain.arpa")
        _write_dictionary(domain, beside / "domain.dict")
        _write_dictionary(domain | set(_frequent_words()), beside / "open.dict")
        os.replace(beside, folder)
    except OSError:
        if not folder.is_dir():  # else another process was faster
            raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _write_dictionary(words: set[str], path: Path) -> None:
    known = set()
    with DICTIONARY.open() as source, path.open("w") as out:
        for line in source:
            word = line.partition(" ")[0].partition("(")[0]
            if word in words:
                known.add(word)
                out.write(line)
    if unknown := sorted(word for word in words - known):
        log.warning("words_without_pronunciation", count=len(unknown), some=unknown[:10])


def _frequent_words() -> Iterator[str]:
    general = LanguageModel(GENERAL_MODEL)
    ranked = sorted(general.unigrams(), key=lambda entry: -entry[1])
    general.close()
    words = (word for word, _ in ranked if word[0].isalpha())
    for _, word in zip(range(OPEN_WORDS), words, strict=False):
        yield word


def _key(sentences_version: str) -> str:
    made_of = f"{BUILDER_VERSION} {version('pocketsphinx')} {sentences_version}"
    return hashlib.sha256(made_of.encode()).hexdigest()[:16]
