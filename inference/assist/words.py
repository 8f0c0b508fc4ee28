"""Text, spoken or typed, as words and numbers: "What's 12x7?" → what is 12 times 7."""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

from inference.assist.language import ENGLISH, Language, language
from inference.assist.numerals import Numerals

MAX_DIGITS = 24  # longer strings of digits are no quantity anybody asks about
APOSTROPHE = "\N{RIGHT SINGLE QUOTATION MARK}"
MINUSES = "-\N{MINUS SIGN}"
LIGATURES = {"œ": "oe", "æ": "ae", "ß": "ss"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One word or number of a text, and where it stands there."""

    text: str
    start: int
    end: int
    value: int | float | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """A text as the templates see it."""

    source: str
    words: tuple[Word, ...]
    code: str = ENGLISH  # of the language it was read in

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)

    @property
    def numbers(self) -> dict[str, int | float]:
        """Each number's text in this reading, and its value."""
        return {word.text: word.value for word in self.words if word.value is not None}

    def plainly(self) -> "Reading":
        """Without what is said for politeness or while thinking, as far as something is left."""
        known = language(self.code).words
        words = [word for word in self.words if word.text not in known.hesitations]
        while start := _matching(words, known.polite_starts, at_end=False):
            words = words[start:]
        while end := _matching(words, known.polite_ends, at_end=True):
            words = words[:-end]
        return replace(self, words=tuple(words)) if words else self

    def original(self, start: int, end: int) -> str:
        """The part of the source behind `text[start:end]`, as it was written."""
        starts = [0]
        for word in self.words:
            starts.append(starts[-1] + len(word.text) + 1)
        first = bisect_right(starts, start) - 1
        last = min(bisect_right(starts, max(start, end - 1)) - 1, len(self.words) - 1)
        return self.source[self.words[first].start : self.words[last].end]


def read(text: str, code: str = ENGLISH, *, joined_after: frozenset[str] | None = None) -> Reading:
    """`joined_after`: after which words "and" goes on with a number; None: all that it can."""
    known = language(code)
    if joined_after is None:
        joined_after = known.numbers.hundred | frozenset(known.numbers.scales)
    pieces = list(_pieces(text, known))
    around = zip([None, *pieces], pieces, [*pieces[1:], None], strict=False)
    pieces = [_heard(before, word, after, known) for before, word, after in around]
    numbered = _numbered(pieces, known, joined_after)
    return Reading(text, tuple(_signed(numbered, known)), code)


def plain_letters(text: str) -> str:
    """Lower-case and without accents: "Où" → "ou"."""
    folded = unicodedata.normalize("NFKD", text.casefold().replace(APOSTROPHE, "'"))
    bare = "".join(letter for letter in folded if not unicodedata.combining(letter))
    return "".join(LIGATURES.get(letter, letter) for letter in bare)


def _matching(words: list[Word], phrases: Iterable[tuple[str, ...]], *, at_end: bool) -> int:
    """How many words of `words`, at their start or end, are one of `phrases`."""
    for phrase in phrases:
        edge = words[-len(phrase) :] if at_end else words[: len(phrase)]
        if tuple(word.text for word in edge) == phrase:
            return len(phrase)
    return 0


@cache
def _piece_pattern(code: str) -> re.Pattern[str]:
    known = language(code).words
    symbols = re.escape("".join(known.symbols) + MINUSES)
    return re.compile(
        rf"(?P<number>{known.number_pattern})|(?P<word>{known.word_pattern})|(?P<symbol>[{symbols}])",
        re.IGNORECASE,
    )


def _pieces(text: str, known: Language) -> Iterator[Word]:
    words = known.words
    found = list(_piece_pattern(known.code).finditer(text))
    for index, match in enumerate(found):
        kind: Literal["number", "word", "symbol"] = match.lastgroup  # type: ignore[assignment]
        piece = match.group()
        start, end = match.span()
        beside_numbers = 0 < index < len(found) - 1 and _is_number(found[index + 1])
        if kind == "number" and len(piece) <= MAX_DIGITS:
            value = _value(piece, known)
            yield Word(text=_number_text(value), start=start, end=end, value=value)
        elif piece in MINUSES:
            if index < len(found) - 1 and (_is_number(found[index + 1]) or _spaced(text, start)):
                yield Word(text=words.minus, start=start, end=end)
        elif piece.casefold() == "x" and beside_numbers:
            yield Word(text=words.times, start=start, end=end)
        else:
            plain = plain_letters(piece) if kind == "word" else piece
            spelled = words.symbols.get(plain) or words.spelled.get(plain, plain)
            for part in spelled.split():
                yield Word(text=part, start=start, end=end)


def _is_number(match: re.Match[str]) -> bool:
    return match.lastgroup == "number"


def _spaced(text: str, at: int) -> bool:
    """A dash with spaces around is a minus, one inside a word is not."""
    return text[max(0, at - 1) : at].isspace() and text[at + 1 : at + 2].isspace()


def _value(digits: str, known: Language) -> int | float:
    for mark in known.words.thousands:
        digits = digits.replace(mark, "")
    digits = digits.replace(known.words.decimal_mark, ".")
    return float(digits) if "." in digits else int(digits)


def _number_text(value: int | float) -> str:
    """A text without signs, which the template matcher would take for punctuation."""
    return f"{value}".replace("-", "neg")


def _heard(before: Word | None, word: Word, after: Word | None, known: Language) -> Word:
    """Undo homophones where only one of the two makes sense."""
    if before is None:
        return word
    words = known.words
    if before.text in words.operators and word.text in words.homophones:
        return replace(word, text=words.homophones[word.text])
    counts = after is not None and (after.value is not None or (after.text,) in known.numbers.small)
    meant = words.misheard.get((before.text, word.text)) if counts else None
    return replace(word, text=meant) if meant else word


def _numbered(words: list[Word], known: Language, joined_after: frozenset[str]) -> Iterator[Word]:
    """Join the words of each number."""
    numerals = Numerals(
        [word.text for word in words], [word.value for word in words], known.numbers, joined_after
    )
    at = 0
    while at < len(words):
        found = numerals.at(at)
        if found is None:
            yield words[at]
            at += 1
            continue
        value, after = found
        for phrase, part in known.numbers.fractions.items():
            if tuple(word.text for word in words[after : after + len(phrase)]) == phrase:
                value, after = value + part, after + len(phrase)
        text = _number_text(value)
        yield Word(text=text, start=words[at].start, end=words[after - 1].end, value=value)
        at = after


def _signed(words: Iterator[Word], known: Language) -> Iterator[Word]:
    """Join a sign with its number."""
    before = sign = None
    for word in words:
        if sign is not None:
            if word.value is not None:
                word = Word(
                    text=_number_text(-word.value),
                    start=sign.start,
                    end=word.end,
                    value=-word.value,
                )
            else:
                yield sign
            sign = None
        subtracts = before is not None and (
            before.value is not None or before.text in known.words.ends_of_operands
        )
        is_minus = word.text == known.words.minus and not subtracts
        if word.text in known.words.negative or is_minus:
            sign = word
        else:
            yield word
        before = word
    if sign is not None:
        yield sign
