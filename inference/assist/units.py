"""Converting between units."""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pint import UnitRegistry

SIGNIFICANT_DIGITS = 12


class CannotConvert(ValueError):
    """The two measure different things."""

    def __init__(self, from_unit: str, to_unit: str) -> None:
        super().__init__(f"{from_unit} into {to_unit}")
        self.from_unit = from_unit
        self.to_unit = to_unit


def convert(value: float, from_unit: str, to_unit: str) -> float:
    """Raises CannotConvert when the two measure different things."""
    from pint.errors import PintError

    registry = _registry()
    try:
        converted = registry.Quantity(value, from_unit).to(to_unit).magnitude
    except (PintError, AssertionError, ValueError, OverflowError) as exc:
        raise CannotConvert(from_unit, to_unit) from exc
    return float(f"{converted:.{SIGNIFICANT_DIGITS}g}")


@cache
def _registry() -> "UnitRegistry[float]":
    from pint import UnitRegistry

    return UnitRegistry(autoconvert_offset_to_baseunit=True)
