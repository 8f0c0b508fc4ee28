"""Numbers as people say them and as they read them.

342 is said "three hundred and forty two"; in a sentence to read, small numbers are words.
"""

from functools import cache

from unicode_rbnf import RbnfEngine

from inference.assist.language import ENGLISH, language

GROUPED_FROM = 10_000
LARGEST_PLAIN = 1e15
MOST_DECIMALS = 4
DIGIT_NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def spoken_number(value: int | float, *, with_and: bool = True) -> str:
    """English, lower-case, without hyphens. `with_and`: "hundred and five", not "hundred five"."""
    if value < 0:
        return f"minus {spoken_number(-value, with_and=with_and)}"
    whole, _, decimals = f"{value}".partition(".")
    words = _spoken_whole(int(whole), with_and)
    if not decimals:
        return words
    return f"{words} point {' '.join(DIGIT_NAMES[int(digit)] for digit in decimals)}"


def number_words(value: int, code: str) -> str:
    """342 → "trois cent quarante-deux"."""
    return str(_engine(code).format_number(value).text)


def written_number(value: int | float, code: str = ENGLISH, *, words_up_to: int = 0) -> str:
    """For a sentence that is shown and spoken: "twelve", "1,234,567", "about 3.33"."""
    if isinstance(value, int):
        if 0 <= value <= words_up_to:
            return number_words(value, code)
        if abs(value) >= LARGEST_PLAIN:
            mantissa, exponent = f"{value:.2e}".split("e+")
            large = language(code).phrases["large_number"][0]
            return large.format(mantissa=_marked(mantissa, code), exponent=int(exponent))
        return _marked(f"{value:,}", code) if abs(value) >= GROUPED_FROM else f"{value}"
    rounded = round(value, MOST_DECIMALS)
    if rounded != value:
        rounded = round(value, 2) if abs(value) >= 1 else float(f"{value:.3g}")
    plain = abs(rounded) < GROUPED_FROM or abs(rounded) >= LARGEST_PLAIN
    text = f"{rounded:.12g}" if plain else f"{rounded:,}"
    text = _marked(text.removesuffix(".0"), code)
    return text if rounded == value else language(code).phrases["about"][0].format(number=text)


def _marked(text: str, code: str) -> str:
    """`text` with the language's own marks for thousands and decimals."""
    formats = language(code).formats
    marks = {",": formats.thousands_mark, ".": formats.decimal_mark}
    return "".join(marks.get(letter, letter) for letter in text)


def _spoken_whole(value: int, with_and: bool) -> str:
    words = number_words(value, ENGLISH).replace("-", " ")
    if not with_and:
        return words
    head, hundred, rest = words.rpartition("hundred ")
    joins = bool(hundred) and rest.split()[0] not in ("thousand", "million", "billion")
    return f"{head}hundred and {rest}" if joins else words


@cache
def _engine(code: str) -> RbnfEngine:
    return RbnfEngine.for_language(code)
