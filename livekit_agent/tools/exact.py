"""Numbers kept exact as long as they can be, and how they are told."""

from fractions import Fraction

SIGNIFICANT_DIGITS = 12  # past these, binary floating point shows
MAX_SPOKEN_DENOMINATOR = 1000  # "1/3" says more than 0.333333333333, 977/8191 does not
MAX_SPOKEN_NUMERATOR = 1_000_000
MAX_WHOLE_FLOAT = 1e15
Number = int | float | Fraction


def exactly(value: int | float) -> int | Fraction:
    """0.1 is one tenth, as it is written. Raises ValueError for what is no number."""
    return value if isinstance(value, int) else Fraction(repr(value))


def tidy(value: Number) -> int | float:
    """`value` as JSON has it: whole numbers as int, decimals without the noise of binary ones."""
    if isinstance(value, int):
        return value
    if isinstance(value, Fraction):
        if value.denominator == 1:
            return int(value)
        if _ends(value):
            return float(value)
    rounded = float(f"{float(value):.{SIGNIFICANT_DIGITS}g}")
    whole = rounded.is_integer() and abs(rounded) < MAX_WHOLE_FLOAT
    return int(rounded) if whole else rounded


def as_fraction(value: Number) -> str | None:
    """ "1/3", where the decimals of `value` have no end and the fraction is short."""
    if not isinstance(value, Fraction) or _ends(value):
        return None
    short = value.denominator <= MAX_SPOKEN_DENOMINATOR and abs(value) <= MAX_SPOKEN_NUMERATOR
    return str(value) if short else None


def _ends(value: Fraction) -> bool:
    """Whether its decimals do: nothing but twos and fives divides."""
    rest = value.denominator
    for factor in (2, 5):
        while rest % factor == 0:
            rest //= factor
    return rest == 1
