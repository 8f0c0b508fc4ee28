"""Numbers said in words: "two thousand and five" → 2005, "three point one four" → 3.14."""

from collections.abc import Sequence

from inference.assist.language import NumberWords

LONGEST_SMALL = 5  # words: "quatre vingt dix sept"
Found = tuple[int | float, int]  # a value, and the index after its last word


class Numerals:
    """Finds numbers among words; words that were digits come with their value."""

    def __init__(
        self,
        words: Sequence[str],
        values: Sequence[int | float | None],
        numbers: NumberWords,
        joined_after: frozenset[str],
    ) -> None:
        self._words = words
        self._values = values
        self._numbers = numbers
        self._joined_after = joined_after
        self._large = {*numbers.hundred, *numbers.scales}
        if numbers.dozen:
            self._large.add(numbers.dozen)

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
        scales = self._numbers.scales
        total: int | float = 0
        last_scale = max(scales.values()) * 1000
        at = after = start
        while (group := self._group(at)) is not None:
            value, next_at = group
            scale = scales.get(self._word(next_at), 1)
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
            ones = 1 if self._word(at) in self._numbers.one else 0
            if self._word(at + ones) not in self._large:
                return None
            found = (1, at + ones)
        value, after = found
        if self._numbers.dozen and self._word(after) == self._numbers.dozen:
            return value * 12, after + 1
        if self._word(after) not in self._numbers.hundred:
            return found
        rest = self._below_hundred(self._after_and(after + 1))
        return (value * 100 + rest[0], rest[1]) if rest else (value * 100, after + 1)

    def _after_and(self, at: int) -> int:
        joint = self._numbers.joint
        joins = joint and self._word(at) == joint and self._word(at - 1) in self._joined_after
        return at + 1 if joins else at

    def _below_hundred(self, at: int) -> tuple[int, int] | None:
        for length in range(LONGEST_SMALL, 0, -1):
            value = self._numbers.small.get(tuple(self._words[at : at + length]))
            if value is not None and len(self._words) >= at + length:
                return value, at + length
        return None

    def _decimals(self, at: int) -> tuple[str, int] | None:
        """The digits after "point"."""
        if self._word(at) != self._numbers.point:
            return None
        digits = ""
        at += 1
        while at < len(self._words):
            if self._word(at) in self._numbers.digits:
                digits, at = digits + str(self._numbers.digits[self._word(at)]), at + 1
            elif not digits and (found := self._below_hundred(at)):
                return str(found[0]), found[1]
            elif not digits and isinstance(self._values[at], int):
                return str(self._values[at]), at + 1
            else:
                break
        return (digits, at) if digits else None
