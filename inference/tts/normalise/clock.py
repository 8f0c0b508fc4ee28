"""Times of day."""

import re

from inference.tts.normalise.language import Language, Rule

_HALF = r"(?: ?([ap])(?:\.m\.|\.?m\b))?"
_COLON = rf"(?<![\w:.,/])([01]?\d|2[0-4]):([0-5]\d)(?::([0-5]\d))?(?![\d:]){_HALF}"
_HOUR = re.compile(r"(?<![\w:.,/$€£])(1[0-2]|0?[1-9]) ?([ap])(?:\.m\.|\.?m\b)", re.IGNORECASE)
_HOUR_H = re.compile(r"(?<![\w:.,/])([01]?\d|2[0-4]) ?[hH](?: ?([0-5]\d))?(?!\w)(?! ?/)")


# Between two times: 9am-5pm, 9:00-17:00, 8h-10h.
_SPAN = re.compile(
    r"(?:(?<=[ap]m)|(?<=:[0-5]\d)|(?<=\dh)|(?<=h[0-5]\d)|(?<=\d)(?=[^\d]{1,3}\d{1,2} ?[ap]m(?!\w)))"
    r" ?[-\u2013] ?(?=\d{1,2}(?::[0-5]\d|h(?!\w)|h\d\d| ?[ap]\.?m(?!\w)))",
    re.IGNORECASE,
)


def rules(language: Language) -> list[Rule]:
    found = [Rule(_SPAN, f" {language.to} ")] if language.to else []
    if language.clock_h is not None:
        found.append(Rule(_HOUR_H, lambda match: _hour_h(language, match)))
    if language.clock is not None:
        word = rf"(?: {language.clock_word})?" if language.clock_word else ""
        colon = re.compile(rf"{_COLON}{word}(?!\w)", re.IGNORECASE)
        found += [
            Rule(colon, lambda match: _colon(language, match)),
            Rule(_HOUR, lambda match: _colon_free(language, match)),
        ]
    return found


def _hour_h(language: Language, match: re.Match[str]) -> str | None:
    if language.clock_h is None:
        return None
    return language.clock_h(int(match[1]), int(match[2]) if match[2] else None)


def _colon(language: Language, match: re.Match[str]) -> str | None:
    if language.clock is None:
        return None
    second = int(match[3]) if match[3] else None
    said = language.clock(int(match[1]), int(match[2]), second, (match[4] or "").lower())
    return _ended(match, said)


def _colon_free(language: Language, match: re.Match[str]) -> str | None:
    if language.clock is None:
        return None
    said = language.clock(int(match[1]), 0, None, match[2].lower())
    return _ended(match, said)


def _ended(match: re.Match[str], said: str | None) -> str | None:
    """`p.m.` has its full stop once, also where the sentence ends."""
    if said is None or not said.endswith("."):
        return said
    return said[:-1] if match.string.startswith(".", match.end()) else said
