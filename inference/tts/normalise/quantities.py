"""Percentages, units of measurement, feet and inches."""

import re

from inference.tts.normalise.language import Language, Noun, Rule
from inference.tts.normalise.numbers import Number, counted, pattern, said, thousandfold

_FEET_INCHES = re.compile(
    r"(?<![\w.,'\"])(\d{1,2})(?:['\u2032] ?| ?ft\.? )(\d{1,2})(?:\"|″|''| ?in(?!\w))(?!\w)"
)
_FEET = re.compile(r"(?<![\w.,'\"])(\d{1,5})['\u2032](?![\w'])")
_INCHES = re.compile(r"(?<![\w.,'\"])(\d{1,4}(?:\.\d{1,2})?)[\"″](?!\w)")
_SCALES = ("Mds", "Md", "bn", "M", "B")
_QUOTE_WITHIN = 60  # characters looked back at for an opening quotation mark


def rules(language: Language) -> list[Rule]:
    found: list[Rule] = []
    number = pattern(language)
    for sign, word in (("%", language.percent), ("‰", language.per_mille)):
        if word:
            found.append(_followed(rf"(?<!\w)({number}) ?{sign}(?!\w)", word, language))
    if language.inches:
        foot, inch = language.inches
        found += [
            Rule(
                _FEET_INCHES, lambda m: f"{_of(m[1], foot, language)} {_of(m[2], inch, language)}"
            ),
            Rule(_FEET, lambda m: None if _quoted(m) else _of(m[1], foot, language)),
            Rule(_INCHES, lambda m: None if _quoted(m) else _of(m[1], inch, language)),
        ]
    if language.scales:
        found.append(_scaled(language, number))
    if language.units:
        found += _units(language, number)
    return found


def _followed(written: str, word: str, language: Language) -> Rule:
    return Rule(
        re.compile(written),
        lambda match: f"{said(Number.read(match[1], language), language)} {word}",
    )


def _scaled(language: Language, number: str) -> Rule:
    """1.2M; but 4K is no thousand."""
    names = "|".join(name for name in _SCALES if name in language.scales)
    return Rule(
        re.compile(rf"(?<!\w)({number})(?:({names})|(?<=\d\d)[kK])(?!\w)"),
        lambda match: (
            counted(Number.read(match[1], language), language.scales[match[2]], language)
            if match[2]
            else said(thousandfold(Number.read(match[1], language)), language)
        ),
    )


def _units(language: Language, number: str) -> list[Rule]:
    def names(loose: bool) -> str:
        chosen = (name for name in language.units if (name in language.loose_units) == loose)
        return "|".join(sorted(map(re.escape, chosen), key=len, reverse=True)) or "(?!)"

    def say(match: re.Match[str]) -> str | None:
        noun = language.units[match[3] or match[4]]
        if match[2] == "-":  # "a 5-km run"
            noun = Noun(noun.one, noun.one, noun.feminine)
        return counted(Number.read(match[1], language), noun, language)

    return [
        Rule(
            re.compile(
                rf"(?<!\w)({number})(?:([ -]?)({names(False)})| ({names(True)}))(?![\w²³/^])"
            ),
            say,
        )
    ]


def _of(written: str, noun: Noun, language: Language) -> str:
    whole, _, decimals = written.partition(".")
    return counted(Number(int(whole), decimals), noun, language)


def _quoted(match: re.Match[str]) -> bool:
    """Whether the sign rather closes a quotation."""
    sign = match[0][-1]
    before = match.string[max(0, match.start() - _QUOTE_WITHIN) : match.start()]
    before = before.rpartition("\n")[2]
    return bool(re.search(rf"(?:^|[\s(]){re.escape(sign)}(?=\S)[^{sign}]*$", before))
