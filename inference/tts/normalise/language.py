"""What a language has to say for itself: the tables and functions that the rules read."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

Say = Callable[[re.Match[str]], str | None]


class Rule(NamedTuple):
    """What `pattern` finds is said as `say` tells; None leaves it as it is. Only `group` of it
    is replaced."""

    pattern: re.Pattern[str]
    say: Say | str
    group: int | str = 0


class Noun(NamedTuple):
    """What is counted."""

    one: str
    many: str
    feminine: bool = False
    after_million: str = ""  # "millions d'euros"


class Currency(NamedTuple):
    unit: Noun
    part: Noun | None = None  # its hundredth


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """Only the first three are needed; a rule without its words does nothing."""

    cardinal: Callable[[int, bool], str]  # from 0, feminine or not
    decimal: str  # the character before decimals
    group: str  # characters that may stand between thousands
    point: str = ""  # "": decimals are left to the engine
    minus: str = ""
    decimals: Callable[[str], str] | None = None  # digits after the point; None: one by one
    is_one: Callable[[int, str], bool] = lambda whole, decimals: whole == 1 and not decimals
    one_before_noun: Mapping[str, str] = field(default_factory=dict)  # eins, but ein Euro
    ordinal: Callable[[int, str], str | None] | None = None  # with the suffix as it was written
    ordinal_suffix: str = ""  # a pattern
    year: Callable[[int], str] | None = None  # None: as any number
    year_cue: str = ""  # a pattern of words before a number that make it a year
    eras: Mapping[str, str] = field(default_factory=dict)
    decade: Callable[[int], str | None] | None = None
    decade_cues: tuple[str, ...] = ()  # words before 90s that make it no ninety seconds
    percent: str = ""
    per_mille: str = ""
    to: str = ""  # "five to ten"
    plus: str = ""
    powers: Mapping[str, str] = field(default_factory=dict)  # ² and ³
    signs: Mapping[str, str] = field(default_factory=dict)  # between numbers, or between blanks
    words: Mapping[str, str] = field(default_factory=dict)  # of addresses: @ . / - _ :
    hashtag: str = ""
    version: str = ""
    currencies: Mapping[str, Currency] = field(default_factory=dict)  # by sign and by code
    scales: Mapping[str, Noun] = field(default_factory=dict)  # k, m, bn, million …
    money_and: str = " "  # between euros and cents
    units: Mapping[str, Noun] = field(default_factory=dict)
    loose_units: frozenset[str] = frozenset()  # need a blank before them
    inches: tuple[Noun, Noun] | None = None  # foot, inch
    fraction: Callable[[int, int], str] | None = None
    and_fraction: str = ""  # "two and a half"
    months: Mapping[str, int] = field(default_factory=dict)  # as written → 1 to 12
    day_first: bool = True  # 3/4/2024
    month_before_day: bool = False  # "March 4" is a date
    date: Callable[[int, int, int | None, bool], str] | None = None  # d, m, y, day was first
    month_year: Callable[[int, int], str] | None = None
    date_of: str = ""  # a pattern of what may stand between day and month
    date_lead: str = ""  # a pattern of what may precede a day and is part of it: "le "
    clock: Callable[[int, int, int | None, str], str | None] | None = None  # h, m, s, a/p or ""
    clock_word: str = ""  # written after a time and said within it: 15:30 Uhr
    clock_h: Callable[[int, int | None], str] | None = None  # 8 h 30
    roman: tuple[Rule, ...] = ()
    abbreviations: tuple[Rule, ...] = ()
