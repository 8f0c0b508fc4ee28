"""Malagasy. Its numbers begin with the units: 2024 is « efatra amby roapolo amby roa arivo »."""

import re
from functools import lru_cache

from inference.tts.normalise.language import Currency, Language, Noun, Rule

_ONES = ("aotra", "iray", "roa", "telo", "efatra", "dimy", "enina", "fito", "valo", "sivy")
_TENS = (
    "", "folo", "roapolo", "telopolo", "efapolo", "dimampolo", "enimpolo", "fitopolo", "valopolo",
    "sivifolo",
)  # fmt: skip
_HUNDREDS = (
    "", "zato", "roanjato", "telonjato", "efajato", "dimanjato", "eninjato", "fitonjato",
    "valonjato", "sivinjato",
)  # fmt: skip
_LARGE = ((1_000_000_000, "lavitrisa"), (1_000_000, "tapitrisa"))
_POWERS = ((100_000, "hetsy"), (10_000, "alina"))


@lru_cache(maxsize=10_000)
def cardinal(number: int, feminine: bool = False) -> str:
    """The parts from the smallest to the largest. « amby » joins them; from the hundreds above
    zato on it is « sy »: 1998 is « valo amby sivifolo sy sivinjato sy arivo »."""
    parts = _parts(number)
    said = parts[0]
    joint = "amby"
    for part in parts[1:]:
        if part in _HUNDREDS[2:]:
            joint = "sy"
        if said == "iray" and joint == "amby":
            said = "iraika"
        said = f"{said} {joint} {part}"
        if parts[0] in _HUNDREDS[2:]:
            joint = "sy"
    return said


def _parts(number: int) -> list[str]:
    if number == 0:
        return [_ONES[0]]
    above: list[str] = []
    for size, name in _LARGE:
        count, number = divmod(number, size)
        if count:
            above.insert(0, f"{cardinal(count)} {name}")
    for size, name in _POWERS:
        count, number = divmod(number, size)
        if count:
            above.insert(0, f"{_ONES[count]} {name}")
    thousands, number = divmod(number, 1000)
    if thousands:
        above.insert(0, "arivo" if thousands == 1 else f"{_ONES[thousands]} arivo")
    below = (_ONES[number % 10] if number % 10 else "", _TENS[number // 10 % 10])
    return [part for part in (*below, _HUNDREDS[number // 100]) if part] + above


def ordinal(number: int) -> str:
    return "voalohany" if number == 1 else f"faha{cardinal(number)}"


def _same(name: str, *signs: str) -> dict[str, Noun]:
    return dict.fromkeys(signs, Noun(name, name))


_ARIARY = Currency(Noun("ariary", "ariary"))
_EURO = Currency(Noun("eoro", "eoro"))
_DOLLAR = Currency(Noun("dolara", "dolara"))

MALAGASY = Language(
    cardinal=cardinal,
    decimal=",",
    group=" .",
    point="faingo",
    minus="miiba",
    percent="isan-jato",
    to="hatramin'ny",
    plus="ampiana",
    signs={"+": "ampiana", "=": "mitovy amin'ny"},
    currencies={
        "Ar": _ARIARY, "MGA": _ARIARY, "€": _EURO, "EUR": _EURO, "$": _DOLLAR, "USD": _DOLLAR,
    },
    units={
        **_same("kilaometatra", "km"),
        **_same("metatra", "m"),
        **_same("santimetatra", "cm"),
        **_same("milimetatra", "mm"),
        **_same("kilaometatra isan'ora", "km/h"),
        **_same("kilao", "kg"),
        **_same("grama", "g"),
        **_same("litatra", "l", "L"),
        **_same("degre", "°", "°C"),
    },
    abbreviations=(
        Rule(
            re.compile(r"(?<!\w)([Ff])aha-?(\d{1,9})(?!\w)"),
            lambda match: ordinal(int(match[2])),
        ),
        Rule(re.compile(r"(?<!\w)sns\.?(?!\w)"), "sy ny sisa"),
    ),
)  # fmt: skip
