"""Numbers as they are written, read and said."""

import re
from dataclasses import dataclass
from typing import Self

from inference.tts.normalise.language import Language, Noun, Rule

MAX_DIGITS = 15  # of a number with a name; beyond, digits are said one by one
LONG_DIGITS = 8  # from here a bare run of digits is an identifier, unless it is round
_SIGN = r"(?:(?<![\w)\]])[-\u2212])?"


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it was written."""

    whole: int
    decimals: str = ""  # its digits after the point
    negative: bool = False

    @classmethod
    def read(cls, written: str, language: Language) -> Self:
        """What `pattern(language)` matched."""
        negative = written[:1] in ("-", "\u2212")
        whole, _, decimals = written.lstrip("-\u2212+").partition(language.decimal)
        for separator in language.group:
            whole = whole.replace(separator, "")
        return cls(int(whole or 0), decimals, negative)


def pattern(language: Language, *, signed: bool = True) -> str:
    """A pattern of one number, without groups. Bounded, as all patterns here have to be."""
    sign = _SIGN if signed else ""
    return rf"{sign}(?:{_grouped(language)}|\d{{1,{MAX_DIGITS}}}){_decimals(language)}"


def _grouped(language: Language) -> str:
    """The same separator all along: 1.234.567 and 1 234 567, but not 1.234 567."""
    return "|".join(
        rf"\d{{1,3}}(?:{re.escape(separator)}\d{{3}}){{1,4}}(?!\d)" for separator in language.group
    )


def _decimals(language: Language) -> str:
    return rf"(?:{re.escape(language.decimal)}\d{{1,12}}(?!\d))?"


def said(number: Number, language: Language, *, feminine: bool = False) -> str:
    spoken = language.cardinal(number.whole, feminine and not number.decimals)
    if number.decimals:
        decimals = (language.decimals or (lambda digits: one_by_one(digits, language)))(
            number.decimals
        )
        spoken = f"{spoken} {language.point} {decimals}"
    return f"{language.minus} {spoken}" if number.negative else spoken


def counted(number: Number, noun: Noun, language: Language) -> str:
    """`five kilometres`, `une heure`."""
    is_one = language.is_one(number.whole, number.decimals)
    name = noun.one if is_one else noun.many
    spoken = said(number, language, feminine=noun.feminine)
    for alone, before in language.one_before_noun.items():
        if spoken == alone or spoken.endswith(f" {alone}"):
            spoken = spoken.removesuffix(alone) + before
    return f"{spoken} {name}"


def thousandfold(number: Number) -> Number:
    """2,5 k is 2500."""
    digits = number.decimals.ljust(3, "0")
    return Number(number.whole * 1000 + int(digits[:3]), digits[3:])


def one_by_one(digits: str, language: Language) -> str:
    """Characters that are digits, said each for itself."""
    return " ".join(language.cardinal(int(digit), False) for digit in digits if digit.isdecimal())


def rules(language: Language) -> list[Rule]:
    """Ordinals and plain numbers: what no other rule took."""
    spelled = Rule(
        re.compile(rf"(?<![\w.,])(?:0\d+|\d{{{LONG_DIGITS},}})(?!\w)"),
        lambda match: _identifier(match.group(), language),
    )
    endless = Rule(re.compile(rf"\d{{{MAX_DIGITS + 1},}}"), lambda m: f" {_digits(m, language)} ")
    ends = rf"(?!\w|{re.escape(language.decimal)}\d)"
    grouped = Rule(
        re.compile(rf"(?<!\w){_SIGN}(?:{_grouped(language)}){_decimals(language)}{ends}"),
        lambda match: _plain(match.group(), language),
    )
    plain = Rule(
        re.compile(rf"(?<!\w){pattern(language)}{ends}"),
        lambda match: _plain(match.group(), language),
    )
    foreign = Rule(  # 3.14 where the comma is the decimal sign
        re.compile(r"(?<!\w)(?<!\d\.)(\d{1,15})\.(\d{1,12})(?!\w|\.\d)"),
        lambda match: _foreign(match, language),
    )
    bare = Rule(  # .5
        re.compile(r"(?<![\w.,])\.(\d{1,12})(?!\w)"),
        lambda match: (
            f"{language.point} {one_by_one(match[1], language)}"
            if language.decimal == "." and language.point
            else None
        ),
    )
    before = [*_powers(language), *_ordinals(language), endless, grouped]
    return [*before, spelled, foreign, bare, plain]


def _powers(language: Language) -> list[Rule]:
    return [
        Rule(re.compile(rf"(?<=[\w)]){sign}"), f" {said}") for sign, said in language.powers.items()
    ]


def _foreign(match: re.Match[str], language: Language) -> str | None:
    if language.decimal == "." or not language.point or len(match[2]) == len("234"):
        return None
    number = said(Number(int(match[1]), match[2]), language)
    return number.replace(language.point, language.words.get(".", language.point))


def _ordinals(language: Language) -> list[Rule]:
    if language.ordinal is None or not language.ordinal_suffix:
        return []
    ordinal = language.ordinal
    found = re.compile(
        rf"(?<![\w.,])(\d{{1,3}}(?:[{language.group}]\d{{3}}){{1,2}}|\d{{1,9}})"
        rf"({language.ordinal_suffix})(?!\w)"
    )
    ungrouped = str.maketrans("", "", language.group)
    return [Rule(found, lambda match: ordinal(int(match[1].translate(ungrouped)), match[2]))]


def _digits(match: re.Match[str], language: Language) -> str:
    return one_by_one(match.group(), language)


def _identifier(digits: str, language: Language) -> str | None:
    round_number = digits.endswith("000") and len(digits) <= MAX_DIGITS and digits[0] != "0"
    return None if round_number else one_by_one(digits, language)


def _plain(written: str, language: Language) -> str | None:
    if language.decimal in written and not language.point:
        return None
    return said(Number.read(written, language), language)
