"""Times of day."""

import re

from inference.tts.normalise.language import Language, Rule

_HALF = r"(?: ?([ap])(?:\.m\.|\.?m\b))?"
_COLON = rf"(?<![\w:.,/])([01]?\d|2[0-4]):([0-5]\d)(?::([0-5]\d))?(?![\d:]){_HALF}"
_HOUR = re.compile(r"(?<![\w:.,/$€£])(1[0-2]|0?[1-9]) ?([ap])(?:\.m\.|\.?m\b)", re.IGNORECASE)
_HOUR_H = re.compile(r"(?<![\w:.,/])([01]?\d|2[0-4]) ?[hH](?: ?([0-5]\d))?(?!\w)(?! ?/)")


def rules(language: Language) -> list[Rule]:
    found: list[Rule] = []
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
    return None if said is None else said + _full_stop(match, said)


def _colon_free(language: Language, match: re.Match[str]) -> str | None:
    if language.clock is None:
        return None
    said = language.clock(int(match[1]), 0, None, match[2].lower())
    return None if said is None else said + _full_stop(match, said)


def _full_stop(match: re.Match[str], said: str) -> str:
    """`p.m.` at the end of a sentence ends it, too."""
    if not match[0].endswith(".") or said.endswith("."):
        return ""
    rest = match.string[match.end() : match.end() + 2]
    ends = not rest.strip() or rest[0] == "\n" or rest.strip()[:1].isupper()
    return "." if ends else ""
