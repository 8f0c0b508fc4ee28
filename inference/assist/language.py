"""What the assistant needs to know of a language: one folder each, found by their names."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, time
from functools import cache
from importlib import import_module
from pathlib import Path

FOLDER = Path(__file__).parent
ENGLISH = "en"
Phrases = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """How text is cut into words and numbers. All words lower-case, without accents."""

    number_pattern: str
    word_pattern: str
    decimal_mark: str
    thousands: str  # marks between groups of digits
    spelled: Mapping[str, str]  # other spellings of the templates' words
    symbols: Mapping[str, str]
    times: str  # what "x" between digits means
    minus: str
    negative: frozenset[str]  # words that only ever make a number negative
    ends_of_operands: frozenset[str]  # after these, as after a number, "minus" subtracts
    operators: frozenset[str]
    homophones: Mapping[str, str]  # of numbers, undone after an operator
    misheard: Mapping[tuple[str, str], str]  # a pair of words: what the second one must be
    polite_starts: tuple[tuple[str, ...], ...]
    polite_ends: tuple[tuple[str, ...], ...]
    hesitations: frozenset[str]
    articles: tuple[str, ...]  # taken off the front of labels
    at_place: tuple[str, ...]  # taken off the front of places
    joints: str  # between two requests in one sentence: alternatives of a pattern
    asks_result: str  # before a typed expression: alternatives of a pattern
    telling: frozenset[str]  # frequent words that hardly any other language has


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberWords:
    """The words of numbers, without accents."""

    small: Mapping[tuple[str, ...], int]  # 0 to 99
    hundred: frozenset[str]
    dozen: str
    one: frozenset[str]  # before "hundred" and its like
    scales: Mapping[str, int]
    joint: str  # "and" in "hundred and five"; empty: there is none
    point: str
    digits: Mapping[str, int]  # after the point
    fractions: Mapping[tuple[str, ...], float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Formats:
    """How values are written in a sentence."""

    clock: Callable[[time], str]  # "2:05 in the afternoon"
    day: Callable[[date], str]  # "Saturday, November 21st"
    weekday: Callable[[date], str]
    month: Callable[[date], str]
    time_units: tuple[tuple[int, str, str], ...]  # seconds, name of one, name of many
    singular: Callable[[str], str]  # "nautical miles" → "nautical mile"
    to_listener: Callable[[str], str]  # "my key" → "your key"
    decimal_mark: str
    thousands_mark: str
    operators: Mapping[str, str]  # "*" → "times"
    accents: Mapping[str, str]  # a combining mark → its name, when spelling
    is_plural: Callable[[float], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """Everything that a language's folder has besides its templates."""

    code: str
    name_in_prompts: tuple[str, ...]  # how instructions call it
    words: Words
    numbers: NumberWords
    formats: Formats
    phrases: Phrases


@cache
def codes() -> tuple[str, ...]:
    """Of the languages there are; English, which the recogniser speaks, is the first."""
    found = sorted(path.parent.name for path in FOLDER.glob("*/phrases.py"))
    return (ENGLISH, *(code for code in found if code != ENGLISH))


@cache
def language(code: str) -> Language:
    """Raises KeyError for a language there is none of."""
    if code not in codes():
        raise KeyError(code)
    loaded: Language = import_module(f"inference.assist.{code}").LANGUAGE
    return loaded
