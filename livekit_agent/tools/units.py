"""Quantities from one unit to another, with the names people have for units."""

import re
import tokenize
from fractions import Fraction
from functools import cache, lru_cache
from typing import Any

import pint

from livekit_agent.tools.contract import ToolFailure
from livekit_agent.tools.exact import exactly, tidy
from livekit_agent.tools.matching import folded

MAX_UNIT_CHARS = 60
# Anything else, a power of a number above all, is no unit and could keep the machine busy.
UNIT = re.compile(r"(?:[^\W\d]|[\s/*.·°'-]|\b100\b|(?<=[^\W\d])(?:\*\*|\^)-?[1-9]\b)+")
# What pint calls it: how people call it, in singular, without accents.
NAMES = {
    "degree_Celsius": "c|°c|celsius|centigrade|degree c|degree celsius|degre celsius",
    "degree_Fahrenheit": "f|°f|fahrenheit|degree f|degree fahrenheit|degre fahrenheit",
    "kelvin": "k|degree kelvin",
    "cup": "tasse", "tablespoon": "cuillere a soupe|c a s|cas|tbs|tbsp",
    "teaspoon": "cuillere a cafe|cuillere a the|c a c|cac|tsp",
    "fluid_ounce": "fluid ounce|fl oz|floz|once liquide", "imperial_gallon": "uk gallon",
    "imperial_pint": "uk pint", "gallon": "us gallon", "pint": "us pint|pinte", "liter": "litre",
    "deciliter": "decilitre", "centiliter": "centilitre", "milliliter": "millilitre|cc",
    "stone": "st", "pound": "livre", "ounce": "once", "kilogram": "kilo|kilogramme",
    "gram": "gramme", "milligram": "milligramme", "metric_ton": "tonne|metric ton",
    "US_ton": "us ton|short ton", "UK_ton": "imperial ton|long ton|uk ton",
    "meter": "metre", "kilometer": "kilometre", "centimeter": "centimetre",
    "millimeter": "millimetre", "inch": "pouce", "foot": "pied|feet", "mile": "mille",
    "nautical_mile": "nautical mile|mille marin|mille nautique", "light_year": "light year",
    "second": "seconde", "hour": "heure", "day": "jour", "week": "semaine", "month": "mois",
    "year": "an|annee", "knot": "noeud", "mile_per_hour": "mile an hour",
    "kilometer_per_hour": "kilometer an hour|kmh|km/h", "square_foot": "sq ft|square feet",
    "mile/gallon": "mpg|us mpg", "mile/imperial_gallon": "uk mpg|imperial mpg",
    "liter/hundred_kilometers": "l/100km|l/100 km|liter/100 km|litre/100 km|liter/100 kilometer"
    "|litre/100 kilometre|litre/100 kilometer|l aux 100|litre aux 100|litre aux 100 km",
    "kilocalorie": "kcal|food calorie|large calorie|grande calorie",
    "thermochemical_calorie": "small calorie|gram calorie|petite calorie",
    "kilobyte": "kb|ko|kilooctet", "megabyte": "mb|mo|megaoctet", "gigabyte": "gb|go|gigaoctet",
    "terabyte": "tb|to|teraoctet", "horsepower": "hp|cheval|ch|cv",
    "degree": "degre",
}  # fmt: skip
UNITS = {said: unit for unit, row in NAMES.items() for said in row.split("|")}
PLURALS = {
    "inches": "inch", "feet": "foot", "chevaux": "cheval", "kgs": "kg", "lbs": "lb", "kms": "km",
    "yds": "yd", "hrs": "hr", "mins": "min", "secs": "second",
}  # fmt: skip
AMBIGUOUS = {
    "ton": "a metric ton, a US ton or an imperial ton",
    "calorie": "a food calorie (kilocalorie) or a small calorie",
    "cal": "a food calorie (kilocalorie) or a small calorie",
}
DEGREES = "degrees Celsius or degrees Fahrenheit"
# What pint's reader says to text that is no unit.
NO_UNIT = (
    pint.PintError, AttributeError, ValueError, TypeError, ArithmeticError, AssertionError,
    LookupError, SyntaxError, tokenize.TokenError,
)  # fmt: skip
DEFINITIONS = ("hundred_kilometers = 100 * kilometer",)


def convert(value: float, from_unit: str, to_unit: str) -> int | float:
    """`value` in `to_unit`. Raises ToolFailure. The first call builds the registry (~0.2 s)."""
    registry = _registry()
    source, target = _unit(from_unit, to_unit), _unit(to_unit, from_unit)
    try:
        exact = Fraction(exactly(value))
        quantity = registry.Quantity(exact, source)
        if registry.Quantity(1, source).is_compatible_with(target):
            return tidy(Fraction(quantity.to(target).magnitude))
        # Miles a gallon and litres a hundred kilometres are each other's reverse.
        return tidy(Fraction((1 / quantity).to(target).magnitude))
    except pint.DimensionalityError as exc:
        raise ToolFailure("not_convertible", f"{from_unit} cannot become {to_unit}") from exc
    except (pint.PintError, ValueError, TypeError, ArithmeticError) as exc:
        raise ToolFailure("bad_value", f"{from_unit} cannot become {to_unit}") from exc


def _unit(said: str, other: str) -> Any:
    """The unit that `said` means beside `other`. Raises ToolFailure."""
    registry = _registry()
    plain = _plain(said)
    if plain in AMBIGUOUS:
        raise ToolFailure("ambiguous_unit", f"{said} may mean {AMBIGUOUS[plain]}: which one?")
    if plain in ("ounce", "oz", "once") and _measures(other, "[length] ** 3"):
        return registry.Unit("fluid_ounce")
    if plain in ("degree", "degre", "°") and _measures(other, "[temperature]"):
        raise ToolFailure("ambiguous_unit", f"{said} may mean {DEGREES}: which one?")
    unit = _known(said)
    if unit is None:
        raise ToolFailure("unknown_unit", f"I do not know the unit {said}")
    return unit


def _measures(said: str, dimension: str) -> bool:
    unit = _known(said)
    return unit is not None and bool(
        unit.dimensionality == _registry().get_dimensionality(dimension)
    )


@lru_cache(256)
def _known(said: str) -> Any:
    """The unit called `said`, None when there is none: by our names first, then by pint's."""
    plain = _plain(said)
    for name in (UNITS.get(plain), _by_parts(plain), said.strip(), plain, plain.replace(" ", "_")):
        if not name or len(name) > MAX_UNIT_CHARS or not UNIT.fullmatch(name):
            continue
        try:
            return _registry().parse_units(name)
        except NO_UNIT:
            continue
    return None


def _by_parts(plain: str) -> str:
    """ "metre carre" → "meter ** 2", "litre/heure" → "liter/hour"."""
    parts = []
    for part in plain.split("/"):
        words = re.fullmatch(r"(.+) (carre|cube)", part.strip())
        power = {"carre": "**2", "cube": "**3"}[words[2]] if words else ""
        name = words[1] if words else part.strip()
        parts.append(UNITS.get(name, name) + power)
    return "/".join(parts)


def _plain(said: str) -> str:
    """`said` in lower case and singular, with one sign for "per"."""
    text = re.sub(r"\s*\*\*\s*", "**", folded(said))
    text = re.sub(r"[\s_-]+", " ", text).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    text = re.sub(r"\s*(?:/|\bper\b|\bpar\b|\ba l')\s*", "/", text)
    return re.sub(r"[^\W\d_]+", lambda word: _singular(word[0]), text).strip(" .")


def _singular(word: str) -> str:
    if word in PLURALS:
        return PLURALS[word]
    keeps = len(word) < 4 or word.endswith(("ss", "us", "mois", "siemens", "hertz", "celsius"))
    return word if keeps else word.removesuffix("s")


@cache
def _registry() -> "pint.UnitRegistry[Any]":
    registry: pint.UnitRegistry[Any] = pint.UnitRegistry(
        non_int_type=Fraction, autoconvert_offset_to_baseunit=True
    )
    for definition in DEFINITIONS:
        registry.define(definition)
    return registry
