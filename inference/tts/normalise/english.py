"""English, American and British."""

import re
from dataclasses import replace
from functools import lru_cache

from num2words import CONVERTER_CLASSES  # type: ignore[import-untyped]

from inference.tts.normalise import english_words as table
from inference.tts.normalise import roman
from inference.tts.normalise.language import Language, Rule

_CONVERTER = CONVERTER_CLASSES["en"]
_CENTURY = 100
_NOON = 12
_FIRST_DECADE = 20  # nobody says the tens
_PLAIN_FRACTIONS = {2: ("half", "halves"), 4: ("quarter", "quarters")}
_MAX_NAMED_FRACTION = 9
_SLASHED = {(24, 7): "twenty-four seven", (9, 11): "nine eleven", (50, 50): "fifty-fifty"}


@lru_cache(maxsize=10_000)
def cardinal(number: int, feminine: bool = False) -> str:
    return str(_CONVERTER.to_cardinal(number)).replace(",", "")


@lru_cache(maxsize=1_000)
def ordinal(number: int, suffix: str = "") -> str:
    return str(_CONVERTER.to_ordinal(number)).replace(",", "")


def year(number: int) -> str:
    """`nineteen ninety-nine`, `two thousand five`, `nineteen oh five`."""
    hundreds, rest = divmod(number, _CENTURY)
    if hundreds < 10 or hundreds > 99 or (hundreds % 10 == 0 and rest < 10):
        return cardinal(number)
    if not rest:
        return f"{cardinal(hundreds)} hundred"
    return f"{cardinal(hundreds)} {'oh ' if rest < 10 else ''}{cardinal(rest)}"


def decade(number: int) -> str | None:
    """1990 → `nineteen nineties`, 90 → `nineties`; the digits before an s."""
    hundreds, rest = divmod(number, _CENTURY)
    if number < _FIRST_DECADE:
        return None
    if not rest:
        return f"{cardinal(number)}s" if hundreds % 10 == 0 else f"{cardinal(hundreds)} hundreds"
    tens = cardinal(rest)
    plural = f"{tens[:-1]}ies" if tens.endswith("y") else f"{tens}s"
    return f"{cardinal(hundreds)} {plural}" if hundreds else plural


def date(day: int, month: int, year_: int | None, day_first: bool) -> str:
    name = table.MONTHS[month - 1]
    said = f"the {ordinal(day)} of {name}" if day_first else f"{name} {ordinal(day)}"
    return f"{said}, {year(year_)}" if year_ is not None else said


def clock(hour: int, minute: int, second: int | None, half: str) -> str:
    said = cardinal(hour)
    if minute:
        said += f" {'oh ' if minute < 10 else ''}{cardinal(minute)}"
    elif not half:
        said = _full_hour(hour)
    if second:
        said += f" and {cardinal(second)} second{'' if second == 1 else 's'}"
    return f"{said} {half}.m." if half else said


def _full_hour(hour: int) -> str:
    if hour in (0, 24):
        return "midnight"
    return f"{cardinal(hour)} o'clock" if hour <= _NOON else f"{cardinal(hour)} hundred"


def fraction(above: int, below: int) -> str:
    if (above, below) in _SLASHED:
        return _SLASHED[above, below]
    if below == 10 and above <= below:
        return f"{cardinal(above)} out of ten"
    if not 1 < below <= _MAX_NAMED_FRACTION or above >= below:
        return f"{cardinal(above)} over {cardinal(below)}"
    one, many = _PLAIN_FRACTIONS.get(below, (ordinal(below), f"{ordinal(below)}s"))
    return f"{cardinal(above)} {one if above == 1 else many}"


def _regnal(match: re.Match[str]) -> str | None:
    number = roman.value(match[2])
    return f"{match[1]} the {ordinal(number)}" if number else None


def _numbered(match: re.Match[str]) -> str | None:
    number = roman.value(match[2])
    return f"{match[1]} {cardinal(number)}" if number else None


_ROMAN = (
    Rule(re.compile(rf"(?<!\w)({table.RULERS}) ([IVX]{{1,6}})(?![\w'\u2019])"), _regnal),
    Rule(re.compile(rf"(?<!\w)({table.PARTS}) ([IVXL]{{1,8}})(?![\w'\u2019])"), _numbered),
)

AMERICAN = Language(
    cardinal=cardinal,
    decimal=".",
    group=",",
    point="point",
    minus="minus",
    ordinal=ordinal,
    ordinal_suffix="st|nd|rd|th",
    year=year,
    year_cue=table.YEAR_CUE,
    eras=table.ERAS,
    decade=decade,
    decade_cues=("the", "early", "mid", "late", "his", "her", "their", "my", "your", "our", "and"),
    percent="percent",
    per_mille="per mille",
    to="to",
    plus="plus",
    powers={"²": "squared", "³": "cubed"},
    signs=table.SIGNS,
    words=table.ADDRESS_WORDS,
    hashtag="hashtag",
    version="version",
    currencies=table.CURRENCIES,
    scales=table.SCALES,
    money_and=" and ",
    units=table.AMERICAN_UNITS,
    loose_units=table.LOOSE_UNITS,
    inches=table.FEET_AND_INCHES,
    fraction=fraction,
    and_fraction="and",
    months=table.MONTH_NUMBERS,
    day_first=False,
    month_before_day=True,
    date=date,
    month_year=lambda month, year_: f"{table.MONTHS[month - 1]} {year(year_)}",
    date_of="(?: of)?",
    date_lead="(?:[Tt]he )?",
    clock=clock,
    roman=_ROMAN,
    abbreviations=table.ABBREVIATIONS,
)
BRITISH = replace(AMERICAN, day_first=True, units=table.UNITS)
