"""Units: which there are, converting between them, and their names in a sentence."""

from functools import cache
from typing import TYPE_CHECKING

from hassil.intents import TextSlotList

from inference.assist.templates import first_words, templates

if TYPE_CHECKING:
    from pint import UnitRegistry

SIGNIFICANT_DIGITS = 12
SINGULAR = {"feet": "foot", "inches": "inch", "Celsius": "Celsius"}
SCALES = ("celsius", "fahrenheit", "kelvin")  # named after people


class CannotConvert(ValueError):
    """Why, as a sentence to say."""


def convert(value: float, from_unit: str, to_unit: str) -> float:
    """Raises CannotConvert when the two measure different things."""
    from pint.errors import PintError

    registry = _registry()
    try:
        converted = registry.Quantity(value, from_unit).to(to_unit).magnitude
    except (PintError, AssertionError, ValueError, OverflowError) as exc:
        raise CannotConvert(
            f"I can't turn {unit_name(from_unit, 2)} into {unit_name(to_unit, 2)}."
        ) from exc
    return float(f"{converted:.{SIGNIFICANT_DIGITS}g}")


def unit_name(unit: str, count: float) -> str:
    """ "mile", 5 → "miles"."""
    plural = _plurals().get(unit.lower().removeprefix("degree_")) or unit.replace("_", " ")
    for scale in SCALES:
        plural = plural.replace(scale, scale.capitalize())
    if count != 1:
        return plural
    return " ".join(SINGULAR.get(word) or word.removesuffix("s") for word in plural.split())


@cache
def _registry() -> "UnitRegistry[float]":
    from pint import UnitRegistry

    return UnitRegistry(autoconvert_offset_to_baseunit=True)


@cache
def _plurals() -> dict[str, str]:
    units = templates().slot_lists["unit"]
    assert isinstance(units, TextSlotList)
    return {str(value.value_out): first_words(value.text_in) for value in units.values}
