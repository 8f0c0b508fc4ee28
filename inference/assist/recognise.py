"""From a sentence, heard or typed, to what the person wants; or to None: never a guess."""

import re
from collections.abc import Iterator
from itertools import islice

from hassil.intents import TextSlotList
from hassil.recognize import RecognizeResult, recognize_all

from inference.assist.arithmetic import CannotCalculate, calculate
from inference.assist.meaning import meaning
from inference.assist.requests import Calculate, Request
from inference.assist.templates import templates
from inference.assist.words import Reading, read

MAX_WORDS = 120  # no request is longer; a note may be. Matching cost grows with every word.
MAX_CHARS = 1_000
MAX_PARTS = 3
RESULTS_LOOKED_AT = 60
PART_ENDS = re.compile(r"\s*(?:[,;.?!]\s+)?\b(?:and then|then|and also|and)\b\s+|[.?!;]\s+", re.I)
TYPED_START = re.compile(r"^\s*(?:what(?:'s|s| is)|how much is|calculate|compute|solve)\s+", re.I)
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


def recognise(text: str) -> tuple[Request, ...]:
    """What `text` asks for: one request, or up to MAX_PARTS joined by "and"; empty if unknown."""
    if too_long(text):
        return ()
    whole = recognise_one(text)
    if whole is not None:
        return (whole,)
    parts = [part for part in PART_ENDS.split(text) if part.strip()]
    if not 1 < len(parts) <= MAX_PARTS:
        return ()
    found = [recognise_one(part) for part in parts]
    return tuple(request for request in found if request is not None) if all(found) else ()


def too_long(text: str) -> bool:
    return len(text) > MAX_CHARS or text.count(" ") >= MAX_WORDS


def recognise_one(text: str) -> Request | None:
    """The one thing `text` asks for."""
    typed = _typed_expression(text)
    if typed is not None:
        return typed
    for reading in _readings(text):
        for result in sorted(_results(reading), key=_closeness, reverse=True):
            request = meaning(result, reading)
            if request is not None:
                return request
    return None


def _readings(text: str) -> Iterator[Reading]:
    """The likeliest first; without courtesies a note holds only what is to be noted."""
    whole = read(text)
    plain = whole.plainly()
    yield plain
    if plain.words != whole.words:
        yield whole
    seen = {plain.words, whole.words}
    for joined_after in (frozenset({"hundred"}), frozenset[str]()):
        split = read(text, joined_after=joined_after).plainly()
        if split.words not in seen:
            seen.add(split.words)
            yield split


def _results(reading: Reading) -> Iterator[RecognizeResult]:
    numbers = TextSlotList.from_tuples(reading.numbers.items(), allow_template=False, name="number")
    found = recognize_all(reading.text, templates(), slot_lists={"number": numbers})
    return islice(found, RESULTS_LOOKED_AT)


def _closeness(result: RecognizeResult) -> tuple[bool, int]:
    """Best: all words known to the template; then: the most of them."""
    free = any(entity.is_wildcard for entity in result.entities_list)
    return not free, result.text_chunks_matched


def _typed_expression(text: str) -> Calculate | None:
    """ "(2+3)*4": brackets cannot be heard, but they can be typed."""
    expression = TYPED_START.sub("", text).strip().rstrip("=? ")
    if "(" not in expression or not TYPED.fullmatch(expression):
        return None
    for typed, meant in TYPED_OPERATORS.items():
        expression = expression.replace(typed, meant)
    try:
        calculate(expression)
    except CannotCalculate:
        return None
    return Calculate(expression=expression)
