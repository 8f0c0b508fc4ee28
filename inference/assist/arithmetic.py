"""Arithmetic on text: exact where it can be, bounded always, and read out as people do."""

import ast
import math
import operator
import re
from typing import Literal

from simpleeval import FeatureNotAvailable, InvalidExpression, SimpleEval

from inference.assist.language import ENGLISH, language
from inference.assist.spoken import written_number

MAX_EXPRESSION_CHARS = 200
MAX_RESULT_DIGITS = 100
SIGNIFICANT_DIGITS = 12  # hides the noise of binary fractions: 0.1 + 0.2 is 0.3
WORDS_UP_TO = 100
Reason = Literal["too long", "divide by zero", "too large", "no real answer", "unclear"]


class CannotCalculate(ValueError):
    """The phrase of `reason` says why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


def calculate(expression: str) -> int | float:
    """The value of `expression`. Raises CannotCalculate."""
    if len(expression) > MAX_EXPRESSION_CHARS:
        raise CannotCalculate("too long")
    try:
        value = _evaluator().eval(expression)
    except ZeroDivisionError:
        raise CannotCalculate("divide by zero") from None
    except (OverflowError, _TooLarge):
        raise CannotCalculate("too large") from None
    except (
        InvalidExpression, FeatureNotAvailable, SyntaxError, TypeError, ValueError, KeyError,
        AttributeError, RecursionError, MemoryError,
    ) as exc:  # fmt: skip
        raise CannotCalculate("unclear") from exc
    return _plain(value)


def read_out(expression: str, code: str = ENGLISH) -> str:
    """ "12 * 7" → "12 times 7"; an expression with more than that is left as it is."""
    operators = language(code).formats.operators
    parts = re.findall(r"\d+\.?\d*|\*\*|[-+*/]|\S", expression)
    if not all(part in operators or part[0].isdigit() for part in parts):
        return expression
    return " ".join(operators.get(part) or operand(part, code) for part in parts)


def operand(digits: str, code: str = ENGLISH) -> str:
    """Small numbers in words, as in any good sentence."""
    value = float(digits) if "." in digits else int(digits)
    return written_number(value, code, words_up_to=WORDS_UP_TO)


def _evaluator() -> SimpleEval:
    return SimpleEval(
        operators={
            ast.Add: operator.add,
            ast.Sub: operator.sub,
            ast.Mult: _multiply,
            ast.Div: _divide,
            ast.Mod: operator.mod,
            ast.Pow: _power,
            ast.USub: operator.neg,
            ast.UAdd: operator.pos,
        },
        functions={},
        names={},
    )


class _TooLarge(Exception):
    """The result would have more than MAX_RESULT_DIGITS digits."""


def _digits(value: int | float) -> float:
    return math.log10(abs(value)) if value else 0.0


def _multiply(left: int | float, right: int | float) -> int | float:
    if _digits(left) + _digits(right) > MAX_RESULT_DIGITS:
        raise _TooLarge
    return left * right


def _divide(left: int | float, right: int | float) -> int | float:
    if isinstance(left, int) and isinstance(right, int) and right and left % right == 0:
        return left // right
    return left / right


def _power(base: int | float, exponent: int | float) -> int | float:
    if abs(exponent) * abs(_digits(base)) > MAX_RESULT_DIGITS:
        raise _TooLarge
    result: int | float = base**exponent
    return result


def _plain(value: object) -> int | float:
    if isinstance(value, complex):
        raise CannotCalculate("no real answer")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise CannotCalculate("unclear")
    if isinstance(value, int):
        return value
    if not math.isfinite(value):
        raise CannotCalculate("too large")
    rounded = float(f"{value:.{SIGNIFICANT_DIGITS}g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 1e15 else rounded
