"""Dates, years, decades and eras."""

import re

from inference.tts.normalise.language import Language, Rule

_ISO = re.compile(r"(?<![\w-])(\d{4})-(\d\d)-(\d\d)(?![\d-])")
_NUMERIC = re.compile(r"(?<![\w./-])(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d\d)(?![\w/-])(?!\.\d)")
_YEAR = r"\d{4}(?![\d.,]{0,20}\d)"
_MONTHS_A_YEAR = 12
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_LONGEST_CUE = 10  # characters
_SURE = range(1900, 2100)  # a bare number that is taken for a year
_LIKELY = range(1000, 2200)  # with a word before it that asks for one
_THIS_CENTURY = 70  # 3/4/24 is 2024, 3/4/84 is 1984


def dates(language: Language) -> list[Rule]:
    """Dates and decades: before anything else reads their numbers."""
    found = _dates(language) if language.date is not None else []
    if language.eras:
        found += _eras(language)
    if (decade := language.decade) is not None:
        cues = "|".join(f"(?<={cue}[ -])" for cue in language.decade_cues)
        written = re.compile(
            rf"(?<![\w.,])(?:{cues}|(?=['\u2019]|\d{{4}}))['\u2019]?((?:\d\d)?\d0)['\u2019]?s(?!\w)"
        )
        found.append(Rule(written, lambda match: decade(int(match[1]))))
    return found


def _eras(language: Language) -> list[Rule]:
    eras = "|".join(sorted(map(re.escape, language.eras), key=len, reverse=True))
    return [
        Rule(
            re.compile(rf"(?<![\w.,-])(\d{{1,4}}) ?({eras})(?!\w)"),
            lambda m: f"{_year(language, int(m[1]))} {language.eras[m[2]]}",
        ),
        Rule(
            re.compile(r"(?<!\w)(AD|A\.D\.) (\d{1,4})(?!\w)"),
            lambda m: f"{language.eras.get(m[1], m[1])} {_year(language, int(m[2]))}",
        ),
    ]


def _dates(language: Language) -> list[Rule]:
    names = "|".join(sorted(map(re.escape, language.months), key=len, reverse=True))
    suffix = f"(?:{language.ordinal_suffix})?" if language.ordinal_suffix else ""
    lead, of = language.date_lead, language.date_of
    spans = [  # 3-5 May, May 3-5
        rf"(?<![\w.,-])\d{{1,2}}(?P<dash> ?[-\u2013] ?)(?=\d{{1,2}}{suffix}{of} (?:{names})(?!\w))",
        rf"(?<!\w)(?:{names}) \d{{1,2}}(?P<dash> ?[-\u2013] ?)(?=\d{{1,2}}(?![\w-]))",
    ]
    return [
        *(Rule(re.compile(span), f" {language.to} ", group="dash") for span in spans),
        Rule(_ISO, lambda m: _date(language, int(m[3]), int(m[2]), m[1], language.day_first)),
        Rule(_NUMERIC, lambda m: _numeric(language, m)),
        Rule(
            re.compile(
                rf"(?<![\w.]){lead}(\d{{1,2}}){suffix}{of} ({names})(?!\w),?(?: ({_YEAR}))?"
            ),
            lambda m: _named(language, m, m[1], m[2], m[3], day_first=True),
        ),
        Rule(
            re.compile(rf"(?<!\w)({names}) (\d{{1,2}}){suffix}(?![\w:/%])(?:,? ({_YEAR}))?"),
            lambda m: (
                _named(language, m, m[2], m[1], m[3], day_first=False)
                if language.month_before_day
                else None
            ),
        ),
        Rule(
            re.compile(rf"(?<!\w)({names}),? (\d{{4}})(?!\w)"),
            lambda m: (
                language.month_year(language.months[m[1]], int(m[2]))
                if language.month_year
                else None
            ),
        ),
    ]


def _named(
    language: Language,
    match: re.Match[str],
    day: str,
    month: str,
    year: str | None,
    *,
    day_first: bool,
) -> str | None:
    said = _date(language, int(day), language.months[month], year, day_first)
    comma = "," if said and match[0].endswith(",") else ""
    return f"{said}{comma}" if said else None


def _numeric(language: Language, match: re.Match[str]) -> str | None:
    first, second = int(match[1]), int(match[3])
    day, month = (first, second) if language.day_first or match[2] == "." else (second, first)
    if month > _MONTHS_A_YEAR:
        day, month = month, day
    year = match[4]
    if len(year) == len("24"):
        if match[2] != "/":
            return None
        year = f"{20 if int(year) < _THIS_CENTURY else 19}{year}"
    return _date(language, day, month, year, language.day_first)


def _date(
    language: Language, day: int, month: int, year: str | None, day_first: bool
) -> str | None:
    if not 1 <= month <= _MONTHS_A_YEAR or not 1 <= day <= _DAYS[month - 1]:
        return None
    if language.date is None:
        return None
    return language.date(day, month, int(year) if year else None, day_first)


def years(language: Language) -> list[Rule]:
    """Years: after quantities, which may look like them."""
    found: list[Rule] = []
    if language.year is not None:
        cue = re.compile(rf"(?:^|\W)(?:{language.year_cue}) $", re.IGNORECASE)
        bare = re.compile(
            r"(?<![\w.,/:$€£#+-])\d{4}(?![\w/:%°$€£]|[.,]\d)(?!-\d{3,})",
        )
        found.append(Rule(bare, lambda m: _bare_year(language, m, cue)))
    return found


def _bare_year(language: Language, match: re.Match[str], cue: re.Pattern[str]) -> str | None:
    before = match.string[max(0, match.start() - _LONGEST_CUE) : match.start()]
    year = int(match[0])
    return _year(language, year) if year in (_LIKELY if cue.search(before) else _SURE) else None


def _year(language: Language, year: int) -> str:
    return language.year(year) if language.year else language.cardinal(year, False)
