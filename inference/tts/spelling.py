"""A phrase as phonemes, and which of them say which word."""

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import accumulate

MAX_PHONEMES = 510  # Kokoro's context is 512, two of which are its boundaries

SILENT = frozenset(" ;:,.!?—…\"()“”«»¿¡'-")  # what a word neither begins nor ends with

# Scripts written without blanks: there, every character stands for a word.
_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}][^\s{_UNSPACED}—…]*")
_SENTENCE, _CLAUSE, _BLANK = (
    re.compile(pattern) for pattern in (r"[.!?…][”\")]*\s", r"[,;:—][”\")]*\s", r"\s")
)


@dataclass(frozen=True, slots=True)
class Word:
    """phrase[start:end] is said by phonemes[first:last], which may be empty."""

    start: int
    end: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the phrase and what it became."""

    text: str
    phonemes: str


@dataclass(frozen=True, slots=True)
class Spelling:
    """What the model is given, one character a phoneme, and where the words are in it."""

    phonemes: str
    words: tuple[Word, ...]

    def known_to(self, vocabulary: Container[str]) -> "Spelling":
        """Without phonemes that the model was not trained on."""
        kept = [phoneme in vocabulary for phoneme in self.phonemes]
        before = [0, *accumulate(kept)]
        return Spelling(
            "".join(p for p, keep in zip(self.phonemes, kept, strict=True) if keep),
            tuple(Word(w.start, w.end, before[w.first], before[w.last]) for w in self.words),
        )

    def parts(self, most: int = MAX_PHONEMES) -> list["Spelling"]:
        """Of at most `most` phonemes each, cut after a sentence, a clause, a word, or anywhere."""
        made: list[Spelling] = []
        start = 0
        while start < len(self.phonemes):
            end = _part_end(self.phonemes, start, most)
            made.append(self._cut(start, end))
            start = end
        return [part for part in made if not SILENT.issuperset(part.phonemes)]

    def _cut(self, start: int, end: int) -> "Spelling":
        """A word that lies across a cut belongs to the part in which it begins."""
        words = (
            Word(w.start, w.end, w.first - start, min(w.last, end) - start)
            for w in self.words
            if start <= w.first < end
        )
        return Spelling(self.phonemes[start:end], tuple(words))


def spans_of(phrase: str) -> list[tuple[int, int]]:
    """The words: phrase[start:end], without the punctuation around them."""
    spans: list[tuple[int, int]] = []
    for match in _WORD.finditer(phrase):
        start, end = match.span()
        while unicodedata.category(phrase[end - 1])[0] in "PS":  # its first is a letter or digit
            end -= 1
        spans.append((start, end))
    return spans


def spelled_by_pieces(phrase: str, pieces: Iterable[Piece]) -> Spelling:
    """From a library that tells what each piece of the phrase became."""
    anchors = [(0, 0)]
    read = said = 0
    phonemes: list[str] = []
    for piece in pieces:
        text = piece.text.strip()
        at = phrase.find(text, read) if text else -1
        if at >= 0:
            anchors.append((at, said))
            read = at + len(text)
            anchors.append((read, said + len(piece.phonemes.rstrip())))
        said += len(piece.phonemes)
        phonemes.append(piece.phonemes)
    anchors.append((len(phrase), said))
    return _spelled("".join(phonemes), spans_of(phrase), spans_of(phrase), anchors)


def spelled_by_words(phrase: str, phonemes: str, alone: Sequence[str]) -> Spelling:
    """From a library that tells nothing, by what it makes of each word `alone`.

    In a sentence it joins words ("of the" → ʌvðə), splits them (numbers) and says them otherwise
    ("a"): what the words share with the sentence, letter by letter, shows where they are in it.
    """
    joined = " ".join(alone)
    ends = list(accumulate((len(word) + 1 for word in alone), initial=0))
    places = [(at, at + len(word)) for at, word in zip(ends, alone, strict=False)]
    codes = SequenceMatcher(None, joined, phonemes, autojunk=False).get_opcodes()
    anchors = [(i, j) for _, i, _, j, _ in codes] + [(len(joined), len(phonemes))]
    return _spelled(phonemes, spans_of(phrase), places, anchors)


def _spelled(
    phonemes: str,
    spans: Sequence[tuple[int, int]],
    places: Sequence[tuple[int, int]],
    anchors: Sequence[tuple[int, int]],
) -> Spelling:
    """`places`: of each word, on the axis of the anchors' left sides."""
    words: list[Word] = []
    done = 0
    for (start, end), (begins, ends) in zip(spans, places, strict=True):
        first = max(done, _mapped(begins, anchors, bisect_right))
        last = max(first, _mapped(ends, anchors, bisect_left))
        while first < last and phonemes[first] in SILENT:
            first += 1
        while first < last and phonemes[last - 1] in SILENT:
            last -= 1
        words.append(Word(start, end, first, last))
        done = last
    return Spelling(phonemes, tuple(words))


def _mapped(
    at: int,
    anchors: Sequence[tuple[int, int]],
    bisect: Callable[..., int],  # to take the earlier or the later of equal anchors
) -> int:
    """In proportion between the anchors around it, which are sorted on both sides."""
    right = min(max(bisect(anchors, at, key=lambda anchor: anchor[0]), 1), len(anchors) - 1)
    (x1, y1), (x2, y2) = anchors[right - 1], anchors[right]
    share = (at - x1) / (x2 - x1) if x2 > x1 else 1.0
    return round(y1 + (y2 - y1) * min(max(share, 0.0), 1.0))


def _part_end(phonemes: str, start: int, most: int) -> int:
    if len(phonemes) - start <= most:
        return len(phonemes)
    window = phonemes[start : start + most]
    for end in (_SENTENCE, _CLAUSE, _BLANK):
        places = [match.end() for match in end.finditer(window)]
        if places and places[-1] > most // 4:
            return start + places[-1]
    return start + most
