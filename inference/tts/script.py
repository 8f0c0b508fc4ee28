"""Text on its way to be spoken, which never forgets what it was in the source.

"$5.20" becomes "five dollars and twenty cents"; a caption still shows "$5.20" while that is heard.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Self

Origin = tuple[int, int]  # characters source[start:end]
Replacement = str | Callable[[re.Match[str]], str | None]

# Hangul vowels and final consonants join the letter before them, as marks do.
_JOINING_JAMO = range(0x1160, 0x1200)


@dataclass(frozen=True, slots=True)
class Script:
    """`text` is what is said. Each of its characters stands for a stretch of `source`."""

    text: str
    source: str
    origins: tuple[Origin, ...]  # one a character of `text`; neither end ever goes back

    @classmethod
    def of(cls, source: str) -> Self:
        """Said as it is written, so far."""
        return cls(source, source, tuple((at, at + 1) for at in range(len(source))))

    def sub(self, pattern: re.Pattern[str], replacement: Replacement, group: int | str = 0) -> Self:
        """As `pattern.sub`: what replaces a match, or a group of it, stands for all of that. A
        string is taken as it is, without groups; None from a function leaves the match alone."""
        return self.replaced(
            (
                *match.span(group),
                replacement(match) if callable(replacement) else replacement,
            )
            for match in pattern.finditer(self.text)
        )

    def replaced(self, stretches: Iterable[tuple[int, int, str | None]]) -> Self:
        """Each text[start:end], in order, said as the new text, which stands for all of it."""
        text: list[str] = []
        origins: list[Origin] = []
        done = 0
        for start, end, new in stretches:
            if new is None:
                continue
            text += (self.text[done:start], new)
            origins += self.origins[done:start]
            origins += [self.origin(start, end)] * len(new)
            done = end
        if not text:
            return self
        text.append(self.text[done:])
        origins += self.origins[done:]
        return type(self)("".join(text), self.source, tuple(origins))

    def keep(self, pattern: re.Pattern[str], group: int | str = 1) -> Self:
        """Each match shrinks to one of its groups, whose characters keep their own origins."""
        kept: list[tuple[int, int]] = []
        done = 0
        for match in pattern.finditer(self.text):
            kept += [(done, match.start()), match.span(group)]
            done = match.end()
        kept.append((done, len(self.text)))
        return type(self)(
            "".join(self.text[start:end] for start, end in kept),
            self.source,
            tuple(origin for start, end in kept for origin in self.origins[start:end]),
        )

    def each(self, replacement: Callable[[str], str]) -> Self:
        """Every character replaced; what comes of it stands for what it stood for."""
        made = [replacement(char) for char in self.text]
        origins = (origin for origin, new in zip(self.origins, made, strict=True) for _ in new)
        return type(self)("".join(made), self.source, tuple(origins))

    def composed(self) -> Self:
        """In Unicode's form C: a letter and its marks are one character where there is one."""
        if unicodedata.is_normalized("NFC", self.text):
            return self
        starts = [at for at, char in enumerate(self.text) if at == 0 or not _joins(char)]
        text: list[str] = []
        origins: list[Origin] = []
        for start, end in zip(starts, [*starts[1:], len(self.text)], strict=True):
            new = unicodedata.normalize("NFC", self.text[start:end])
            text.append(new)
            kept = len(new) == end - start  # nothing joined: each keeps its own
            origin = self.origin(start, end)
            origins += self.origins[start:end] if kept else [origin] * len(new)
        return type(self)("".join(text), self.source, tuple(origins))

    def cut(self, start: int, end: int) -> Self:
        """The stretch text[start:end], without blanks around it."""
        stretch = self.text[start:end]
        start += len(stretch) - len(stretch.lstrip())
        end = start + len(stretch.strip())
        return type(self)(self.text[start:end], self.source, self.origins[start:end])

    def origin(self, start: int, end: int) -> Origin:
        """What text[start:end] stands for: source[a:b]."""
        if start >= end:
            at = self.origins[start][0] if start < len(self.origins) else len(self.source)
            return at, at
        return self.origins[start][0], self.origins[end - 1][1]


def _joins(char: str) -> bool:
    """Whether it may become one with the character before it."""
    return unicodedata.category(char).startswith("M") or ord(char) in _JOINING_JAMO
