"""French."""

import re
from functools import lru_cache, partial

from num2words import CONVERTER_CLASSES  # type: ignore[import-untyped]

from inference.tts.normalise import french_words as table
from inference.tts.normalise import roman
from inference.tts.normalise.language import Language, Rule

_SHORT_DECIMALS = 2
_NOON = 12
_LAST_HOUR = 24
_NAMED_FRACTIONS = {2: ("demi", "demis"), 3: ("tiers", "tiers"), 4: ("quart", "quarts")}
_MAX_NAMED_FRACTION = 9
_PLURAL = re.compile("(vingt|cent|million|milliard)s(?=ième)")
_ONE = re.compile(r"(?<!\w)un$")
_SUFFIXES_OF_FIRST = {"er": "premier", "re": "première", "ère": "première", "ere": "première"}


@lru_cache(maxsize=10_000)
def cardinal(number: int, feminine: bool = False, *, region: str = "fr") -> str:
    said = str(CONVERTER_CLASSES[region].to_cardinal(number))
    said = said.replace("quatre-vingt et un", "quatre-vingt-un")  # num2words' fr_BE
    return _ONE.sub("une", said) if feminine else said


@lru_cache(maxsize=1_000)
def ordinal(number: int, suffix: str = "", *, region: str = "fr") -> str | None:
    plural = "s" if suffix.endswith("s") else ""
    if number == 1:
        return _SUFFIXES_OF_FIRST.get(suffix.removesuffix("s"), "premier") + plural
    if suffix.startswith(("nd", "d")):  # 2nd, 2de
        return f"second{suffix.removeprefix('n')[1:]}" if number == 2 else None
    # num2words leaves the plural in: quatre-vingtsième.
    return _PLURAL.sub(r"\1", str(CONVERTER_CLASSES[region].to_ordinal(number))) + plural


def decimals(digits: str, *, region: str = "fr") -> str:
    """`3,14` is said « trois virgule quatorze », `3,05` « trois virgule zéro cinq »."""
    say = partial(cardinal, region=region)
    zeros = len(digits) - len(digits.lstrip("0"))
    if len(digits) > _SHORT_DECIMALS or zeros == len(digits):
        return " ".join(say(int(digit)) for digit in digits)
    return " ".join([*["zéro"] * zeros, say(int(digits))])


def date(day: int, month: int, year: int | None, day_first: bool, *, region: str = "fr") -> str:
    first = "premier" if day == 1 else cardinal(day, region=region)
    said = f"{first} {table.MONTHS[month - 1]}"
    return said if year is None else f"{said} {cardinal(year, region=region)}"


def clock(hour: int, minute: int, second: int | None, half: str, *, region: str = "fr") -> str:
    if half:  # "3:30 pm" in a French sentence
        hour = hour % _NOON + (_NOON if half == "p" else 0)
    said = clock_h(hour, minute, region=region)
    if second:
        name = "seconde" if second == 1 else "secondes"
        said += f" et {cardinal(second, feminine=True, region=region)} {name}"
    return said


def clock_h(hour: int, minute: int | None, *, region: str = "fr") -> str:
    if not minute and hour == _NOON:
        return "midi" if minute is not None else "douze heures"
    if hour in (0, _LAST_HOUR) and minute is not None:
        said = "minuit" if not minute or hour == 0 else "vingt-quatre heures"
    else:
        name = "heure" if hour in (0, 1) else "heures"
        said = f"{cardinal(hour, feminine=True, region=region)} {name}"
    return f"{said} {cardinal(minute, feminine=True, region=region)}" if minute else said


def fraction(above: int, below: int, *, region: str = "fr") -> str:
    if not 1 < below <= _MAX_NAMED_FRACTION or above >= below:
        return f"{cardinal(above, region=region)} sur {cardinal(below, region=region)}"
    name = ordinal(below, region=region) or ""
    one, many = _NAMED_FRACTIONS.get(below, (name, f"{name}s"))
    return f"{cardinal(above, region=region)} {one if above == 1 else many}"


def _century(match: re.Match[str]) -> str | None:
    number = roman.value(match[1])
    return ordinal(number, match[2]) if number else None


def _regnal(match: re.Match[str]) -> str | None:
    number = roman.value(match[2])
    if not number:
        return None
    return f"{match[1]} {'premier' if number == 1 else cardinal(number)}"


def _numbered(match: re.Match[str]) -> str | None:
    number = roman.value(match[2])
    return f"{match[1]} {cardinal(number)}" if number else None


_ROMAN = (
    Rule(re.compile(r"(?<!\w)([IVX]{1,6})(ers?|[eè]res?|res?|i?[eè]mes?|es?|ᵉ)(?!\w)"), _century),
    Rule(re.compile(rf"(?<!\w)({table.RULERS}) ([IVX]{{1,6}})(?![\w'\u2019])"), _regnal),
    Rule(re.compile(rf"(?<!\w)({table.PARTS}) ([IVXL]{{1,8}})(?![\w'\u2019])"), _numbered),
)


def french(region: str = "fr") -> Language:
    """`region`: fr, fr_BE or fr_CH, which say septante and nonante."""
    say = partial(cardinal, region=region)
    return Language(
        cardinal=lambda number, feminine: say(number, feminine),
        decimal=",",
        group=" .",
        point="virgule",
        minus="moins",
        decimals=partial(decimals, region=region),
        is_one=lambda whole, _: whole < 2,
        ordinal=partial(ordinal, region=region),
        ordinal_suffix="ers?|[eè]res?|res?|n?de?s?|i?[eè]mes?|es?|ᵉ",
        eras=table.ERAS,
        percent="pour cent",
        per_mille="pour mille",
        to="à",
        plus="plus",
        powers={"²": "au carré", "³": "au cube"},
        signs=table.SIGNS,
        words=table.ADDRESS_WORDS,
        hashtag="hashtag",
        version="version",
        currencies=table.CURRENCIES,
        scales=table.SCALES,
        money_and=" et ",
        units=table.UNITS,
        loose_units=table.LOOSE_UNITS,
        fraction=partial(fraction, region=region),
        and_fraction="et",
        months=table.MONTH_NUMBERS,
        date=partial(date, region=region),
        month_year=lambda month, year: f"{table.MONTHS[month - 1]} {say(year)}",
        clock=partial(clock, region=region),
        clock_h=partial(clock_h, region=region),
        roman=_ROMAN,
        abbreviations=table.ABBREVIATIONS,
    )
