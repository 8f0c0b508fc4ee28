"""Numbers as people say them: 342 → "three hundred and forty two", 3.5 → "three point five"."""

from functools import cache

from unicode_rbnf import RbnfEngine

DIGIT_NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def spoken_number(value: int | float, *, with_and: bool = True) -> str:
    """Lower-case words without hyphens. `with_and`: "hundred and five", not "hundred five"."""
    if value < 0:
        return f"minus {spoken_number(-value, with_and=with_and)}"
    whole, _, decimals = f"{value}".partition(".")
    words = _spoken_whole(int(whole), with_and)
    if not decimals:
        return words
    return f"{words} point {' '.join(DIGIT_NAMES[int(digit)] for digit in decimals)}"


def _spoken_whole(value: int, with_and: bool) -> str:
    words = _engine().format_number(value).text.replace("-", " ")
    if not with_and:
        return words
    head, hundred, rest = words.rpartition("hundred ")
    joins = bool(hundred) and rest.split()[0] not in ("thousand", "million", "billion")
    return f"{head}hundred and {rest}" if joins else words


@cache
def _engine() -> RbnfEngine:
    return RbnfEngine.for_language("en")
