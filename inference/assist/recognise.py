"""From a sentence, heard or typed, to what the person wants; or to None: never a guess."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice

from hassil.intents import TextSlotList
from hassil.recognize import RecognizeResult, recognize_all

from inference.assist.arithmetic import CannotCalculate, calculate
from inference.assist.language import ENGLISH, language
from inference.assist.meaning import meaning
from inference.assist.requests import Calculate, FollowUp, Request
from inference.assist.templates import templates
from inference.assist.words import Reading, read

MAX_WORDS = 120  # no request is longer; a note may be. Matching cost grows with every word.
MAX_CHARS = 1_000
LONG_WORDS = 30  # beyond these, numbers are read in one way only
MAX_PARTS = 3
RESULTS_LOOKED_AT = 60
TYPED_OPERATORS = {
    "x": "*",
    "X": "*",
    "\N{MULTIPLICATION SIGN}": "*",
    "÷": "/",
    "\N{MINUS SIGN}": "-",
    ",": "",
    "^": "**",
    "%": "/100",
}
TYPED = re.compile(rf"[\d\s.()*/+{re.escape(''.join(TYPED_OPERATORS))}-]+")


@dataclass(frozen=True, slots=True)
class Found:
    """What was recognised, and how surely: free parts match anything."""

    request: Request
    free: bool


def recognise(text: str, code: str = ENGLISH) -> tuple[Request, ...]:
    """What `text` asks for: one request, or up to MAX_PARTS joined by "and"; empty if unknown."""
    return tuple(found.request for found in found_in(text, code))


def found_in(text: str, code: str) -> tuple[Found, ...]:
    """As `recognise`, with how sure it is."""
    if too_long(text):
        return ()
    whole = _best(text, code)
    if whole is not None and not (whole.free and isinstance(whole.request, FollowUp)):
        return (whole,)
    parts = [part for part in _part_ends(code).split(text) if part.strip()]
    if 1 < len(parts) <= MAX_PARTS:
        found = [_best(part, code) for part in parts]
        # Two fragments are no two requests: they belong to the sentence they were cut from.
        if all(part and not isinstance(part.request, FollowUp) for part in found):
            return tuple(part for part in found if part is not None)
    return (whole,) if whole is not None else ()


def too_long(text: str) -> bool:
    return len(text) > MAX_CHARS or text.count(" ") >= MAX_WORDS


def recognise_one(text: str, code: str = ENGLISH) -> Request | None:
    """The one thing `text` asks for."""
    found = _best(text, code)
    return found.request if found is not None else None


@cache
def _part_ends(code: str) -> re.Pattern[str]:
    joints = language(code).words.joints
    return re.compile(rf"\s*(?:[,;.?!]\s+)?\b(?:{joints})\b\s+|[.?!;]\s+", re.I)


@cache
def _typed_start(code: str) -> re.Pattern[str]:
    return re.compile(rf"^\s*(?:{language(code).words.asks_result})\s+", re.I)


def _best(text: str, code: str) -> Found | None:
    typed = _typed_expression(text, code)
    if typed is not None:
        return Found(typed, free=False)
    follow_up: Found | None = None
    for reading in _readings(text, code):
        for result in sorted(_results(reading), key=_closeness, reverse=True):
            request = meaning(result, reading)
            if request is None:
                continue
            found = Found(request, free=not _closeness(result)[0])
            certain = follow_up is None or not found.free or follow_up.free
            if not isinstance(request, FollowUp) and certain:
                return found
            follow_up = follow_up or found
    return follow_up


def _readings(text: str, code: str) -> Iterator[Reading]:
    """The likeliest first; without courtesies a note holds only what is to be noted."""
    whole = read(text, code)
    plain = whole.plainly()
    yield plain
    if plain.words != whole.words:
        yield whole
    if len(plain.words) > LONG_WORDS:
        return
    seen = {plain.words, whole.words}
    for joined_after in (language(code).numbers.hundred, frozenset[str]()):
        split = read(text, code, joined_after=joined_after).plainly()
        if split.words not in seen:
            seen.add(split.words)
            yield split


def _results(reading: Reading) -> Iterator[RecognizeResult]:
    numbers = TextSlotList.from_tuples(reading.numbers.items(), allow_template=False, name="number")
    found = recognize_all(reading.text, templates(reading.code), slot_lists={"number": numbers})
    return islice(found, RESULTS_LOOKED_AT)


def _closeness(result: RecognizeResult) -> tuple[bool, bool, int]:
    """Best: all words known to the template; whole requests; then: the most known words."""
    free = any(entity.is_wildcard for entity in result.entities_list)
    return not free, result.intent.name != FollowUp.__name__, result.text_chunks_matched


def _typed_expression(text: str, code: str) -> Calculate | None:
    """ "(2+3)*4": brackets cannot be heard, but they can be typed."""
    expression = _typed_start(code).sub("", text).strip().rstrip("=? ")
    if "(" not in expression or not TYPED.fullmatch(expression):
        return None
    for typed, meant in TYPED_OPERATORS.items():
        expression = expression.replace(typed, meant)
    try:
        calculate(expression)
    except CannotCalculate:
        return None
    return Calculate(expression=expression)
