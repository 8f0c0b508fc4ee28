"""Arithmetic and units, by libraries that cannot be talked into running code."""

import ast
import asyncio
import math
from functools import cache
from typing import Any

import pint
import simpleeval

from livekit_agent.tools.contract import Result, Tool, ToolFailure, tool

MAX_EXPRESSION_CHARS = 200
SIGNIFICANT_DIGITS = 12  # past these, binary floating point shows: 0.1 + 0.2
FUNCTIONS = {"sqrt": math.sqrt, "abs": abs, "round": round, "floor": math.floor, "ceil": math.ceil}
MAX_EXPONENT = 1000
MAX_MAGNITUDE = 1e100
NAMES = {"pi": math.pi, "e": math.e}


class Calculation(Result):
    """`value` is an int when the result is whole."""

    expression: str
    value: int | float


class Conversion(Result):
    """`value` `from_unit` is `result` `to_unit`."""

    value: float
    from_unit: str
    to_unit: str
    result: float


def arithmetic_tools() -> list[Tool]:
    @tool
    async def calculate(expression: str) -> Calculation:
        """Work out an arithmetic expression exactly.

        Args:
            expression: such as "12 * 7", "(3 + 4) / 2", "2 ** 10" or "sqrt(81)".
        """
        return Calculation(expression=expression, value=evaluate(expression))

    @tool
    async def convert_units(value: float, from_unit: str, to_unit: str) -> Conversion:
        """Convert a quantity between units of length, mass, volume, time, speed, temperature.

        Args:
            value: how many of from_unit.
            from_unit: singular English name, such as "mile" or "degree_Celsius".
            to_unit: singular English name.
        """
        result = await asyncio.to_thread(convert, value, from_unit, to_unit)
        return Conversion(value=value, from_unit=from_unit, to_unit=to_unit, result=result)

    return [calculate, convert_units]


def evaluate(expression: str) -> int | float:
    """The value of an arithmetic expression. Raises ToolFailure."""
    if len(expression) > MAX_EXPRESSION_CHARS:
        raise ToolFailure("too_long", "that expression is too long")
    calculator = simpleeval.SimpleEval(operators=OPERATORS, functions=FUNCTIONS, names=NAMES)
    try:
        value = calculator.eval(expression)
    except ZeroDivisionError as exc:
        raise ToolFailure("division_by_zero", "dividing by zero has no result") from exc
    except (simpleeval.InvalidExpression, SyntaxError, ArithmeticError, TypeError) as exc:
        raise ToolFailure("bad_expression", "that is not an expression I can work out") from exc
    except ValueError as exc:
        raise ToolFailure("out_of_domain", "that has no real result") from exc
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ToolFailure("bad_expression", "that does not come to a number")
    if abs(value) > MAX_MAGNITUDE:
        raise ToolFailure("too_large", "that number is too large to say")
    return tidy(value)


def convert(value: float, from_unit: str, to_unit: str) -> float:
    """`value` in `to_unit`. Raises ToolFailure. The first call builds the registry (~0.5 s)."""
    registry = _units()
    try:
        quantity = registry.Quantity(value, from_unit)
        return float(tidy(quantity.to(to_unit).magnitude))
    except pint.DimensionalityError as exc:
        raise ToolFailure("not_convertible", f"{from_unit} cannot become {to_unit}") from exc
    except (pint.PintError, AttributeError, ValueError, TypeError, ArithmeticError) as exc:
        raise ToolFailure("unknown_unit", f"I do not know {from_unit} or {to_unit}") from exc


def tidy(value: int | float) -> int | float:
    """`value` without the noise of floating point; whole numbers as int."""
    if isinstance(value, int):
        return value
    rounded = float(f"{value:.{SIGNIFICANT_DIGITS}g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 1e15 else rounded


def _bounded_power(base: float, exponent: float) -> float:
    """Powers grow faster than a machine: refuse before computing."""
    if abs(exponent) > MAX_EXPONENT or abs(base) > MAX_MAGNITUDE:
        raise ToolFailure("too_large", "that number is too large to work out")
    return float(base**exponent) if isinstance(base, float) else base**exponent


OPERATORS = simpleeval.DEFAULT_OPERATORS | {ast.Pow: _bounded_power}


@cache
def _units() -> "pint.UnitRegistry[Any]":
    return pint.UnitRegistry(autoconvert_offset_to_baseunit=True)
