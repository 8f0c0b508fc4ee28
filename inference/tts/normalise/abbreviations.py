"""Abbreviations as rules, and whether their full stop is also the sentence's."""

import re
from collections.abc import Mapping

from inference.tts.normalise.language import Rule

_CLOSERS = "\"')\u00bb\u201d\u2019 "


def words(table: Mapping[str, str], after: str = "") -> Rule:
    """Patterns that never end a sentence, and what is said for each; `after` must follow."""
    said = list(table.values())
    return Rule(_any_of(table, after), lambda match: said[(match.lastindex or 1) - 1])


def endings(table: Mapping[str, str]) -> Rule:
    """Those that may, written without their full stop: that stays if they do."""
    said = list(table.values())
    return Rule(
        _any_of(table, r"\."),
        lambda match: said[(match.lastindex or 1) - 1] + ("." if is_last(match) else ""),
    )


def _any_of(table: Mapping[str, str], after: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.])(?:{'|'.join(f'({written})' for written in table)}){after}")


def is_last(match: re.Match[str]) -> bool:
    """Whether the text ends here, or goes on with a capital."""
    rest = match.string[match.end() : match.end() + 4]
    return rest.startswith("\n") or not rest.strip(_CLOSERS) or rest.strip(_CLOSERS)[0].isupper()
