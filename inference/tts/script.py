"""Text on its way to be spoken, which never forgets what it was in the source.

"$5.20" becomes "five dollars and twenty cents"; a caption still shows "$5.20" while that is heard.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

Origin = tuple[int, int]  # characters source[start:end]


@dataclass(frozen=True, slots=True)
class Script:
    """`text` is what is said. Each of its characters stands for a stretch of `source`."""

    text: str
    source: str
    origins: tuple[Origin, ...]  # one a character of `text`

    @classmethod
    def of(cls, source: str) -> Self:
        """Said as it is written, so far."""
        return cls(source, source, tuple((at, at + 1) for at in range(len(source))))

    def sub(
        self, pattern: re.Pattern[str], replacement: str | Callable[[re.Match[str]], str | None]
    ) -> Self:
        """As `pattern.sub`: what replaces a match stands for all of it. A string is taken as it
        is, without groups; None from a function leaves the match alone."""
        text: list[str] = []
        origins: list[Origin] = []
        done = 0
        for match in pattern.finditer(self.text):
            new = replacement(match) if callable(replacement) else replacement
            if new is None:
                continue
            start, end = match.span()
            text += [self.text[done:start], new]
            origins += [*self.origins[done:start], *[self.origin(start, end)] * len(new)]
            done = end
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

    def cut(self, start: int, end: int) -> Self:
        """The stretch text[start:end], without blanks around it."""
        stretch = self.text[start:end]
        start += len(stretch) - len(stretch.lstrip())
        end = start + len(stretch.strip())
        return type(self)(self.text[start:end], self.source, self.origins[start:end])

    def origin(self, start: int, end: int) -> Origin:
        """What text[start:end] stands for: source[a:b]."""
        covered = self.origins[start:end]
        if not covered:
            at = self.origins[start][0] if start < len(self.origins) else len(self.source)
            return at, at
        return min(a for a, _ in covered), max(b for _, b in covered)
