"""Numbers as people say them and as they read them.

342 is said "three hundred and forty two"; in a sentence to read, small numbers are words.
"""

from functools import cache

from unicode_rbnf import RbnfEngine

GROUPED_FROM = 10_000
LARGEST_PLAIN = 1e15
MOST_DECIMALS = 4
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


def written_number(value: int | float, *, words_up_to: int = 0) -> str:
    """For a sentence that is shown and spoken: "twelve", "1,234,567", "about 3.33"."""
    if isinstance(value, int):
        if 0 <= value <= words_up_to:
            return str(_engine().format_number(value).text)
        if abs(value) >= LARGEST_PLAIN:
            mantissa, exponent = f"{value:.2e}".split("e+")
            return f"about {mantissa} times 10 to the power of {int(exponent)}"
        return f"{value:,}" if abs(value) >= GROUPED_FROM else f"{value}"
    rounded = round(value, MOST_DECIMALS)
    if rounded != value:
        rounded = round(value, 2) if abs(value) >= 1 else float(f"{value:.3g}")
    plain = abs(rounded) < GROUPED_FROM or abs(rounded) >= LARGEST_PLAIN
    text = f"{rounded:.12g}" if plain else f"{rounded:,}"
    text = text.removesuffix(".0")
    return text if rounded == value else f"about {text}"


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
