"""Amounts of money."""

import re
from collections.abc import Iterable

from inference.tts.normalise.language import Language, Noun, Rule
from inference.tts.normalise.numbers import Number, counted, pattern, said, thousandfold

_CENTS_DIGITS = 2
_THOUSAND = ("k", "K")


def rules(language: Language) -> list[Rule]:
    if not language.currencies:
        return []
    signs = _one_of(sign for sign in language.currencies if not sign[-1].isalnum())
    codes = _one_of(code for code in language.currencies if code[-1].isalnum())
    number = pattern(language, signed=False)
    # €1,50 and 1.50 € are cents in every language.
    amount = rf"(?:\.\d\d(?!\d)|\d{{1,9}}[.,]\d\d(?![\d.,]{{0,20}}\d)|{number})"
    scale = rf"(?: ?(?P<scale>{_one_of(language.scales)})(?!\w))?"
    minus = "(?P<minus>(?<![\\w)])[-\u2212])?"
    before = rf"(?:(?P<sign>{signs}) ?|(?P<code>{codes}) )(?P<below>[-\u2212](?=\d))?"
    more = rf"(?:(?: ?[-\u2013] ?)(?:{signs})?(?P<upper>{number}))?"

    def first(match: re.Match[str]) -> str | None:
        spoken = _amount(match, match["sign"] or match["code"], match["amount"], language)
        return f"{language.minus} {spoken}" if spoken and match["below"] else spoken

    def last(match: re.Match[str]) -> str | None:
        return _amount(match, match["after"], match["amount"], language)

    return [
        Rule(
            re.compile(rf"(?<!\w){minus}{before}(?P<amount>{amount}){more}{scale}(?![\w])"),
            first,
        ),
        Rule(
            re.compile(
                rf"(?<![\w.,]){minus}(?P<amount>{amount})(?:(?: ?[-\u2013] ?)(?P<upper>{number}))?"
                rf"{scale} ?(?P<after>(?:{signs})(?!\d)|(?:{codes})(?!\w))"
            ),
            last,
        ),
    ]


def _one_of(names: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, names), key=len, reverse=True)) or "(?!)"


def _amount(match: re.Match[str], sign: str, written: str, language: Language) -> str | None:
    currency = language.currencies[sign]
    number = _read(written, language)
    spoken = _upper_and_scale(match, number, currency.unit, language)
    if spoken is None:
        spoken = _with_parts(number, currency.unit, currency.part, language)
    return f"{language.minus} {spoken}" if match["minus"] else spoken


def _upper_and_scale(
    match: re.Match[str], number: Number, unit: Noun, language: Language
) -> str | None:
    upper, scale = match["upper"], match["scale"]
    if scale in _THOUSAND:
        number = thousandfold(number)
        upper = str(thousandfold(_read(upper, language)).whole) if upper else None
        scale = None
        if number.decimals or not upper:
            return counted(number, unit, language)
    if not upper and not scale:
        return None
    low = f"{said(number, language, feminine=unit.feminine)} {language.to} " if upper else ""
    number = _read(upper, language) if upper else number
    if not scale:
        return low + counted(number, unit, language)
    noun = language.scales[scale]
    of = unit.after_million if noun.after_million else unit.many
    return f"{low}{counted(number, noun, language)} {of}"


def _with_parts(number: Number, unit: Noun, part: Noun | None, language: Language) -> str:
    if part is None or len(number.decimals) != _CENTS_DIGITS:
        noun = unit
        if unit.after_million and number.whole and number.whole % 1_000_000 == 0:
            noun = unit._replace(many=unit.after_million)
        return counted(number, noun, language)
    cents = Number(int(number.decimals))
    whole = Number(number.whole)
    if not cents.whole:
        return counted(whole, unit, language)
    if not whole.whole:
        return counted(cents, part, language)
    spoken = f"{counted(whole, unit, language)}{language.money_and}"
    return spoken + counted(cents, part, language)


def _read(written: str, language: Language) -> Number:
    if len(written) > _CENTS_DIGITS and written[-_CENTS_DIGITS - 1] in ".,":
        whole = written[: -_CENTS_DIGITS - 1]
        for separator in f"{language.group}{language.decimal}":
            whole = whole.replace(separator, "")
        return Number(int(whole or 0), written[-_CENTS_DIGITS:])
    return Number.read(written, language)
