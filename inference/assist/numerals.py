"""Numbers said in words: "two thousand and five" → 2005, "three point one four" → 3.14."""

from collections.abc import Sequence

UNITS = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9,
}  # fmt: skip
TEENS = {
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15,
    "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19,
}  # fmt: skip
TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fourty": 40, "fifty": 50, "sixty": 60,
    "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
JOINED_AFTER = frozenset({"hundred", *SCALES})  # "two thousand and five" is one number
AFTER_POINT = UNITS | {"oh": 0, "o": 0}
FRACTIONS = {
    ("and", "a", "half"): 0.5,
    ("and", "a", "quarter"): 0.25,
    ("and", "three", "quarters"): 0.75,
}
Found = tuple[int | float, int]  # a value, and the index after its last word


class Numerals:
    """Finds numbers among words; words that were digits come with their value."""

    def __init__(
        self,
        words: Sequence[str],
        values: Sequence[int | float | None],
        joined_after: frozenset[str] = JOINED_AFTER,
    ) -> None:
        self._words = words
        self._values = values
        self._joined_after = joined_after

    def at(self, start: int) -> Found | None:
        """The longest number that starts at word `start`."""
        whole = self._scaled(start)
        value, after = whole or (0, start)
        if isinstance(value, float):
            return value, after
        decimals = self._decimals(after)
        if decimals is not None and (whole is None or self._values[after - 1] is None):
            digits, after = decimals
            return float(f"{value}.{digits}"), after
        return whole

    def _word(self, at: int) -> str:
        return self._words[at] if at < len(self._words) else ""

    def _scaled(self, start: int) -> Found | None:
        """Groups below a thousand, each with its scale, the scales going down."""
        total: int | float = 0
        last_scale = max(SCALES.values()) * 1000
        at = after = start
        while (group := self._group(at)) is not None:
            value, next_at = group
            scale = SCALES.get(self._word(next_at), 1)
            if scale >= last_scale or (total and value >= last_scale):
                break
            if scale > 1:
                next_at += 1
            total, after, last_scale = total + value * scale, next_at, scale
            if scale == 1:
                break
            at = self._after_and(after)
        return (total, after) if after > start else None

    def _group(self, at: int) -> Found | None:
        """A number below a thousand, or one in digits, or "dozens"."""
        if at < len(self._values) and (value := self._values[at]) is not None:
            return value, at + 1
        found = self._below_hundred(at)
        if found is None:
            ones = 1 if self._word(at) in ("a", "one") else 0
            if self._word(at + ones) not in ("hundred", "dozen", *SCALES):
                return None
            found = (1, at + ones)
        value, after = found
        if self._word(after) == "dozen":
            return value * 12, after + 1
        if self._word(after) != "hundred":
            return found
        rest = self._below_hundred(self._after_and(after + 1))
        return (value * 100 + rest[0], rest[1]) if rest else (value * 100, after + 1)

    def _after_and(self, at: int) -> int:
        joins = self._word(at) == "and" and self._word(at - 1) in self._joined_after
        return at + 1 if joins else at

    def _below_hundred(self, at: int) -> tuple[int, int] | None:
        word = self._word(at)
        if word in TENS:
            unit = UNITS.get(self._word(at + 1), 0)
            return TENS[word] + unit, at + (2 if unit else 1)
        if word in TEENS:
            return TEENS[word], at + 1
        return (UNITS[word], at + 1) if word in UNITS else None

    def _decimals(self, at: int) -> tuple[str, int] | None:
        """The digits after "point"."""
        if self._word(at) != "point":
            return None
        digits = ""
        at += 1
        while at < len(self._words):
            if self._word(at) in AFTER_POINT:
                digits, at = digits + str(AFTER_POINT[self._word(at)]), at + 1
            elif not digits and (found := self._below_hundred(at)):
                return str(found[0]), found[1]
            elif not digits and isinstance(self._values[at], int):
                return str(self._values[at]), at + 1
            else:
                break
        return (digits, at) if digits else None
