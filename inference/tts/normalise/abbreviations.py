"""Abbreviations as rules, and whether their full stop is also the sentence's."""

import re

from inference.tts.normalise.language import Rule

_CLOSERS = "\"')\u00bb\u201d\u2019 "


def word(pattern: str, said: str) -> Rule:
    """One that never ends a sentence."""
    return Rule(re.compile(rf"(?<![\w.])(?:{pattern})"), said)


def ending(pattern: str, said: str) -> Rule:
    """One that may, written without its full stop: that stays if it does."""
    return Rule(
        re.compile(rf"(?<![\w.])(?:{pattern})\."),
        lambda match: f"{said}." if is_last(match) else said,
    )


def is_last(match: re.Match[str]) -> bool:
    """Whether the text ends here, or goes on with a capital."""
    rest = match.string[match.end() : match.end() + 4]
    return rest.startswith("\n") or not rest.strip(_CLOSERS) or rest.strip(_CLOSERS)[0].isupper()
