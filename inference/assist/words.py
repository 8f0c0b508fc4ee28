"""Text, spoken or typed, as words and numbers: "What's 12x7?" → what is 12 times 7."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from inference.assist.numerals import FRACTIONS, JOINED_AFTER, Numerals

MAX_DIGITS = 24  # longer strings of digits are no quantity anybody asks about
SPELLED = {
    "what's": "what is", "whats": "what is", "where's": "where is", "wheres": "where is",
    "who's": "who is", "when's": "when is", "how's": "how is", "it's": "it is",
    "that's": "that is", "there's": "there is", "i'm": "i am", "im": "i am", "i'd": "i would",
    "you're": "you are", "don't": "do not", "dont": "do not", "didn't": "did not",
    "didnt": "did not", "can't": "can not", "isn't": "is not", "let's": "let us",
    "alright": "all right", "bye-bye": "bye bye",
}  # fmt: skip
APOSTROPHE = "\N{RIGHT SINGLE QUOTATION MARK}"
SYMBOLS = {
    "+": "plus",
    "*": "times",
    "\N{MULTIPLICATION SIGN}": "times",
    "/": "divided by",
    "÷": "divided by",
    "^": "to the power of",
    "%": "percent",
    "°": "degrees",
    "²": "squared",
    "³": "cubed",
    "√": "square root of",
}
MINUSES = "-\N{MINUS SIGN}"
PIECE = re.compile(
    r"(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)|\d*\.?\d+)"
    rf"|(?P<word>[^\W\d_]+(?:['{APOSTROPHE}][^\W\d_]+)*)"
    rf"|(?P<symbol>[{re.escape(''.join(SYMBOLS) + MINUSES)}])"
)
# After a number or one of these, "minus" subtracts; elsewhere it makes a number negative.
ENDS_OF_OPERANDS = frozenset({"squared", "cubed", "percent", "cent", "dollars", "euros", "pounds"})
# What recognisers write for a number, and the words after which it must be one, or the reverse.
OPERATOR_WORDS = frozenset({"plus", "minus", "times", "by"})
# Said around a request without changing it.
POLITE_STARTS = (
    ("please",), ("can", "you"), ("could", "you"), ("would", "you"), ("will", "you"), ("hey",),
    ("ok",), ("okay",), ("well",), ("so",), ("now",), ("parley",), ("just",),
    ("actually",), ("i", "want", "you", "to"), ("i", "would", "like", "you", "to"),
    ("i", "need", "you", "to"), ("i", "would", "like", "to"), ("i", "want", "to"),
)  # fmt: skip
POLITE_ENDS = (("please",), ("for", "me"), ("parley",))
HESITATIONS = frozenset({"um", "uh", "er", "erm", "hmm", "uhm"})
HOMOPHONES = {"for": "four", "to": "two", "too": "two", "won": "one", "ate": "eight"}


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

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)

    @property
    def numbers(self) -> dict[str, int | float]:
        """Each number's text in this reading, and its value."""
        return {word.text: word.value for word in self.words if word.value is not None}

    def plainly(self) -> "Reading":
        """Without what is said for politeness or while thinking, as far as something is left."""
        words = [word for word in self.words if word.text not in HESITATIONS]
        while start := _matching(words, POLITE_STARTS, at_end=False):
            words = words[start:]
        while end := _matching(words, POLITE_ENDS, at_end=True):
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


def read(text: str, *, joined_after: frozenset[str] = JOINED_AFTER) -> Reading:
    """`joined_after`: with "hundred", "hundred and five" is 105, else it is two numbers."""
    pieces = list(_pieces(text))
    pieces = [_heard(before, word) for before, word in zip([None, *pieces], pieces, strict=False)]
    return Reading(text, tuple(_signed(_numbered(pieces, joined_after))))


def _matching(words: list[Word], phrases: Iterable[tuple[str, ...]], *, at_end: bool) -> int:
    """How many words of `words`, at their start or end, are one of `phrases`."""
    for phrase in phrases:
        edge = words[-len(phrase) :] if at_end else words[: len(phrase)]
        if tuple(word.text for word in edge) == phrase:
            return len(phrase)
    return 0


def _pieces(text: str) -> Iterator[Word]:
    found = list(PIECE.finditer(text))
    for index, match in enumerate(found):
        kind: Literal["number", "word", "symbol"] = match.lastgroup  # type: ignore[assignment]
        piece = match.group().casefold().replace(APOSTROPHE, "'")
        start, end = match.span()
        beside_numbers = 0 < index < len(found) - 1 and _is_number(found[index + 1])
        if kind == "number" and len(piece) <= MAX_DIGITS:
            value = _value(piece.replace(",", ""))
            yield Word(text=_number_text(value), start=start, end=end, value=value)
        elif piece in MINUSES:
            if index < len(found) - 1 and (_is_number(found[index + 1]) or _spaced(text, start)):
                yield Word(text="minus", start=start, end=end)
        elif piece == "x" and beside_numbers:
            yield Word(text="times", start=start, end=end)
        else:
            spelled = SYMBOLS.get(piece) or SPELLED.get(piece, piece)
            for part in spelled.split():
                yield Word(text=part, start=start, end=end)


def _is_number(match: re.Match[str]) -> bool:
    return match.lastgroup == "number"


def _spaced(text: str, at: int) -> bool:
    """A dash with spaces around is a minus, one inside a word is not."""
    return text[max(0, at - 1) : at].isspace() and text[at + 1 : at + 2].isspace()


def _value(digits: str) -> int | float:
    return float(digits) if "." in digits else int(digits)


def _number_text(value: int | float) -> str:
    """A text without signs, which the template matcher would take for punctuation."""
    return f"{value}".replace("-", "neg")


def _heard(before: Word | None, word: Word) -> Word:
    """Undo homophones where only one of the two makes sense."""
    if before is None:
        return word
    if before.text in OPERATOR_WORDS and word.text in HOMOPHONES:
        return replace(word, text=HOMOPHONES[word.text])
    if before.text in ("timer", "alarm") and word.text == "four":
        return replace(word, text="for")
    return word


def _numbered(words: list[Word], joined_after: frozenset[str]) -> Iterator[Word]:
    """Join the words of each number."""
    numerals = Numerals([word.text for word in words], [word.value for word in words], joined_after)
    at = 0
    while at < len(words):
        found = numerals.at(at)
        if found is None:
            yield words[at]
            at += 1
            continue
        value, after = found
        for phrase, part in FRACTIONS.items():
            if tuple(word.text for word in words[after : after + len(phrase)]) == phrase:
                value, after = value + part, after + len(phrase)
        text = _number_text(value)
        yield Word(text=text, start=words[at].start, end=words[after - 1].end, value=value)
        at = after


def _signed(words: Iterator[Word]) -> Iterator[Word]:
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
            before.value is not None or before.text in ENDS_OF_OPERANDS
        )
        if word.text == "negative" or (word.text == "minus" and not subtracts):
            sign = word
        else:
            yield word
        before = word
    if sign is not None:
        yield sign
