"""Says things: phrases of one language, filled with numbers, times and lists as it writes them."""

import zlib
from collections.abc import Sequence

from inference.assist.language import Language
from inference.assist.spoken import written_number
from inference.assist.templates import unit_names

SCALES = ("celsius", "fahrenheit", "kelvin")  # named after people


class Pick:
    """Chooses among wordings: always the same for the same chat, not the same in every chat."""

    def __init__(self, seed: str) -> None:
        self._seed = zlib.crc32(seed.encode("utf-8", "replace"))

    def __call__(self, *wordings: str) -> str:
        return wordings[self._seed % len(wordings)]

    def rotated(self, wordings: Sequence[str]) -> list[str]:
        start = self._seed % len(wordings)
        return [*wordings[start:], *wordings[:start]]


class Voice:
    """One language, and the wordings for one reply."""

    def __init__(self, language: Language, pick: Pick) -> None:
        self.language = language
        self.code = language.code
        self.pick = pick

    def say(self, key: str, **fields: object) -> str:
        """A wording of phrase `key`, with its fields filled."""
        return self.pick(*self.language.phrases[key]).format(**fields)

    def has(self, key: str) -> bool:
        return key in self.language.phrases

    def number(self, value: int | float, *, words_up_to: int = 0) -> str:
        return written_number(value, self.code, words_up_to=words_up_to)

    def joined(self, parts: Sequence[str]) -> str:
        """ "a, b and c"."""
        if len(parts) <= 1:
            return "".join(parts)
        return f"{', '.join(parts[:-1])} {self.language.phrases['and'][0]} {parts[-1]}"

    def duration(self, seconds: float, *, as_name: bool = False) -> str:
        """5400 → "1 hour and 30 minutes". `as_name`: as before "timer", "5 minute"."""
        formats = self.language.formats
        left = max(0.0, float(seconds))
        left = round(left) if left >= 1 else round(left, 1)
        parts = []
        for unit_s, one, many in formats.time_units:
            count, left = (left, 0) if unit_s == 1 else (int(left // unit_s), left % unit_s)
            if count:
                singular = as_name or not formats.is_plural(count)
                parts.append(f"{self.number(count)} {one if singular else many}")
        return self.joined(parts) or f"0 {formats.time_units[-1][2]}"

    def unit(self, unit: str, count: float) -> str:
        """ "mile", 5 → "miles"."""
        name = unit_names(self.code).get(unit.lower().removeprefix("degree_"))
        plural = name or unit.replace("_", " ")
        for scale in SCALES:
            plural = plural.replace(scale, scale.capitalize())
        formats = self.language.formats
        return plural if formats.is_plural(count) else formats.singular(plural)


def sentence(text: str) -> str:
    """With a capital and an end."""
    text = text.strip()
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."
