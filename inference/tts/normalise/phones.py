"""Telephone numbers, digit by digit, with a breath between their groups."""

import re

from inference.tts.normalise.language import Language, Rule
from inference.tts.normalise.numbers import one_by_one

_GAP = "[ .\u2011-]"
_INTERNATIONAL = rf"\+\d{{1,3}}(?:{_GAP}?\(?\d{{1,4}}\)?){{2,7}}"
_AMERICAN = rf"(?:1{_GAP})?(?:\(\d{{3}}\) ?|\d{{3}}{_GAP})\d{{3}}{_GAP}\d{{4}}"
_LOCAL = r"\d{3}-\d{4}"
# A group of four or more, or pairs all along: else "0 100 200" would be one.
_NATIONAL = rf"\(?0\d{{1,4}}\)?(?:{_GAP}\d{{2,4}}){{2,5}}|0\d{{2,4}}{_GAP}\d{{5,8}}"
_PHONE = re.compile(
    rf"(?<![\w.,(+-])(?<!\d )(?:{_INTERNATIONAL}|{_AMERICAN}|{_NATIONAL}|{_LOCAL})"
    rf"(?![\w/:%])(?![.,-]\d)"
)
_GROUP = re.compile(r"\d+")
# A card, a book, an account: no telephone, but said alike.
_CHAIN = re.compile(
    r"(?<![\w.,+-])(?:\d{1,6}(?:-\d{1,7}){2,7}|\d{4}(?: \d{4}){3})(?![\w/:%])(?![.,-]\d)"
)
_MIN_DIGITS = 7


def rules(language: Language) -> list[Rule]:
    return [
        Rule(_PHONE, lambda match: _said(match[0], language)),
        Rule(_CHAIN, lambda match: _said(match[0], language)),
    ]


def _said(written: str, language: Language) -> str | None:
    groups = _GROUP.findall(written)
    if sum(map(len, groups)) < _MIN_DIGITS:
        return None
    plus = f"{language.plus} " if written[0] == "+" and language.plus else ""
    return plus + ", ".join(one_by_one(group, language) for group in groups)
