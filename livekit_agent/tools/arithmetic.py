"""Arithmetic and units as tools; expressions are worked out exactly and never run as code."""

import ast
import asyncio
import math
import operator
import re
from collections.abc import Callable
from fractions import Fraction
from typing import Annotated, Any

import simpleeval
from pydantic import Field

from livekit_agent.tools.contract import Result, Tool, ToolFailure, tool
from livekit_agent.tools.exact import Number, as_fraction, exactly, tidy
from livekit_agent.tools.units import convert

MAX_EXPRESSION_CHARS = 200
MAX_EXPONENT = 1000
MAX_BITS = 20_000  # of a power: larger ones take a machine with them
MAX_MAGNITUDE = 10**100
MAX_PLACES = 30  # of rounding
# As people write them.
SIGNS = {
    "\N{MULTIPLICATION SIGN}": "*", "\N{DIVISION SIGN}": "/", "\N{MINUS SIGN}": "-", "^": "**",
    "\N{SUPERSCRIPT TWO}": "**2", "\N{SUPERSCRIPT THREE}": "**3", "\N{GREEK SMALL LETTER PI}": "pi",
    "\N{NO-BREAK SPACE}": " ", "\N{NARROW NO-BREAK SPACE}": " ",
}  # fmt: skip
NUMBER = r"\d+(?:\.\d+)?"
REWRITTEN: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\s*(?:per ?cent|pour ?cent)\b", re.I), "%"),
    (re.compile(r"(?<=[\d)])\s*x\s*(?=[\d(])", re.I), "*"),
    (re.compile(rf"√\s*({NUMBER})"), r"sqrt(\1)"),
    (re.compile(r"√\s*(?=\()"), "sqrt"),
    (re.compile(r"(?<![\w.])0+(?=\d)"), ""),
    (re.compile(rf"^([^%]+?)\s*([+-])\s*({NUMBER})\s*%$"), r"(\1) * (1 \2 \3/100)"),
    (re.compile(rf"({NUMBER})\s*%\s*(?:of|de|du)\b"), r"(\1/100) *"),
    (re.compile(rf"({NUMBER})\s*%(?=\s*(?:$|[-+*/)]))"), r"(\1/100)"),
)


class Calculation(Result):
    """`value` is an int when the result is whole; `exact`: "1/3" where `value` is not all of it."""

    expression: str
    value: int | float
    exact: str | None


class Conversion(Result):
    """`value` `from_unit` is `result` `to_unit`."""

    value: float
    from_unit: str
    to_unit: str
    result: float


# KeyError: an operator that is none of ours, in a comparison.
NOT_ARITHMETIC = (simpleeval.InvalidExpression, SyntaxError, ArithmeticError, TypeError, KeyError)
Expression = Annotated[str, Field(min_length=1)]


def arithmetic_tools() -> list[Tool]:
    @tool
    async def calculate(expression: Expression) -> Calculation:
        """Work out an arithmetic expression exactly.

        Args:
            expression: such as "12 * 7", "15% of 80", "2 ** 10", "round(2/3, 2)" or "sqrt(81)".
        """
        value = evaluate(expression)
        return Calculation(expression=expression, value=tidy(value), exact=as_fraction(value))

    @tool
    async def convert_units(value: float, from_unit: str, to_unit: str) -> Conversion:
        """Convert a quantity between units: lengths, weights, kitchen measures, temperatures, fuel.

        Args:
            value: how many of from_unit.
            from_unit: its name, such as "mile", "cup", "°F", "mpg" or "cuillère à soupe".
            to_unit: the name of the other.
        """
        result = await asyncio.to_thread(convert, value, from_unit, to_unit)
        return Conversion(value=value, from_unit=from_unit, to_unit=to_unit, result=result)

    return [calculate, convert_units]


def evaluate(expression: str) -> Number:
    """The value of an expression, exact unless it has roots or pi. Raises ToolFailure."""
    if len(expression) > MAX_EXPRESSION_CHARS:
        raise ToolFailure("too_long", "that expression is too long")
    try:
        value = _Exact().eval(_python(expression))
    except ZeroDivisionError as exc:
        raise ToolFailure("division_by_zero", "dividing by zero has no result") from exc
    except OverflowError as exc:
        raise ToolFailure("too_large", "that number is too large to work out") from exc
    except NOT_ARITHMETIC as exc:
        raise ToolFailure("bad_expression", "that is not an expression I can work out") from exc
    except ValueError as exc:
        raise ToolFailure("out_of_domain", "that has no real result") from exc
    if isinstance(value, bool) or not isinstance(value, int | float | Fraction):
        raise ToolFailure("bad_expression", "that does not come to a number")
    if isinstance(value, float) and not math.isfinite(value):
        raise ToolFailure("bad_expression", "that does not come to a number")
    if _size(value) > MAX_MAGNITUDE:
        raise ToolFailure("too_large", "that number is too large to say")
    return value


class _Exact(simpleeval.SimpleEval):  # type: ignore[misc]  # the library is not typed
    """Reads 0.1 as one tenth."""

    def __init__(self) -> None:
        super().__init__(operators=OPERATORS, functions=FUNCTIONS, names=NAMES)
        self.nodes[ast.Constant] = self._constant

    def _constant(self, node: ast.Constant) -> Number:
        value = node.value
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise TypeError("not a number")
        return exactly(value)


def _python(expression: str) -> str:
    """`expression` with people's signs as Python's."""
    text = expression.strip().rstrip("=?").strip()
    for sign, meant in SIGNS.items():
        text = text.replace(sign, meant)
    if not re.search(r"[a-z]\s*\(", text):  # commas between arguments stay
        text = re.sub(r"(?<![\d.,])0,(?=\d)", "0.", text)  # no thousands begin with a nought
        text = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text)
        text = re.sub(r"(?<=\d),(?=\d)", ".", text)
    for pattern, meant in REWRITTEN:
        text = pattern.sub(meant, text)
    return text


def _divided(left: Number, right: Number) -> Number:
    if isinstance(left, float) or isinstance(right, float):
        return left / right
    return Fraction(left) / right


def _power(base: Number, exponent: Number) -> Number:
    """Powers grow faster than a machine: refused before they are computed."""
    if _size(exponent) > MAX_EXPONENT or _size(base) > MAX_MAGNITUDE:
        raise OverflowError
    if isinstance(base, float) or exponent != int(exponent):
        return _root(base) if exponent == Fraction(1, 2) else float(base) ** float(exponent)
    exact = Fraction(base)
    bits = exact.numerator.bit_length() + exact.denominator.bit_length()
    if bits * _size(exponent) > MAX_BITS:
        raise OverflowError
    return exact ** int(exponent)


def _root(value: Number) -> Number:
    """The square root, exact where it is a fraction. Raises ValueError below zero."""
    if value < 0:
        raise ValueError("below zero")
    if not isinstance(value, float):
        parts = Fraction(value).as_integer_ratio()
        top, bottom = map(math.isqrt, parts)
        if (top * top, bottom * bottom) == parts:
            return Fraction(top, bottom)
    return math.sqrt(value)


def _rounded(value: Number, places: Number = 0) -> Number:
    """Halves go away from zero, as people round."""
    if _size(places) > MAX_PLACES or places != int(places):
        raise ValueError("no such place")
    scale = Fraction(10) ** int(places)
    exact = Fraction(exactly(value) if isinstance(value, float) else value)
    halves = math.floor(abs(exact) * scale + Fraction(1, 2)) / scale
    return halves if exact >= 0 else -halves


def _size(value: Number) -> Number:
    return value if value >= 0 else -value


OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: _divided,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: _power,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}
FUNCTIONS = {"sqrt": _root, "abs": abs, "round": _rounded, "floor": math.floor, "ceil": math.ceil}
NAMES = {"pi": math.pi, "e": math.e}
