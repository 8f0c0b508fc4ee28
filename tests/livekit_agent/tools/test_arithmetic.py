"""Arithmetic, exact."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livekit_agent.tools.arithmetic import arithmetic_tools, evaluate
from livekit_agent.tools.contract import ToolFailure
from livekit_agent.tools.exact import tidy
from tests.livekit_agent.tools.calls import call


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("12 * 7", 84),
        ("0.1 + 0.2", 0.3),
        ("7 / 2", 3.5),
        ("(3 + 4) * -2", -14),
        ("2 ** 10", 1024),
        ("sqrt(81)", 9),
        ("10 % 3", 1),
        ("1e3", 1000),
        ("0.1 + 0.2 - 0.3", 0),
        ("1.1 * 1.1", 1.21),
        ("4.35 * 100", 435),
        ("1 / 3 * 3", 1),
        ("2 ** 100", 2**100),
        ("2 ** -2", 0.25),
        ("0.1 ** 3", 0.001),
        ("12345678901234567890 + 1", 12345678901234567891),
        ("sqrt(2.25)", 1.5),
        ("sqrt(2) * sqrt(2)", 2),
        ("16 ** 0.5", 4),
        ("15% of 80", 12),
        ("15 percent of 80", 12),
        ("15 % de 80", 12),
        ("20 pour cent de 50", 10),
        ("7.5% of 19.99", 1.49925),
        ("80 * 15%", 12),
        ("200 + 15%", 230),
        ("49.90 - 20%", 39.92),
        ("10% + 5%", 0.15),
        ("3 \N{MULTIPLICATION SIGN} 4 ÷ 2 \N{MINUS SIGN} 1", 5),
        ("3 x 4", 12),
        ("2^10", 1024),
        ("√144", 12),
        ("3²", 9),
        ("1,234.5 + 1", 1235.5),
        ("3,5 + 1", 4.5),
        ("0,125 * 8", 1),
        ("10,250 - 0,125", 10249.875),
        ("007 + 1", 8),
        ("round(2.5)", 3),
        ("round(-2.5)", -3),
        ("round(2/3, 2)", 0.67),
        ("floor(7/2)", 3),
        ("7 * 6 =", 42),
    ],
)
def test_arithmetic(expression: str, value: float) -> None:
    result = tidy(evaluate(expression))
    assert result == value
    assert isinstance(result, int) == isinstance(value, int)


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("1 / 0", "division_by_zero"),
        ("9 ** 9 ** 9", "too_large"),
        ("2.5 ** 1e6", "too_large"),
        ("((1/7) ** 1000) ** 1000", "too_large"),
        ("(9 ** 999) ** 999", "too_large"),
        ("round(1, 10**9)", "out_of_domain"),
        ("1 < 2", "bad_expression"),
        ("", "bad_expression"),
        ("1 << 99999999", "bad_expression"),
        ("True + 1", "bad_expression"),
        ("1e999", "out_of_domain"),
        ("sqrt(-1)", "out_of_domain"),
        ("__import__('os').getcwd()", "bad_expression"),
        ("().__class__", "bad_expression"),
        ("'a' * 10", "bad_expression"),
        ("1 +", "bad_expression"),
        ("True", "bad_expression"),
        ("9" * 300, "too_long"),
        ("9" * 150, "too_large"),
        ("x", "bad_expression"),
        ("(-8) ** 0.5", "out_of_domain"),
    ],
)
def test_what_is_not_arithmetic_is_refused(expression: str, code: str) -> None:
    with pytest.raises(ToolFailure) as caught:
        evaluate(expression)
    assert caught.value.code == code


@given(st.integers(-9999, 9999), st.integers(-9999, 9999), st.sampled_from("+-*"))
def test_whole_numbers_are_exact(a: int, b: int, operator: str) -> None:
    value = tidy(evaluate(f"({a}) {operator} ({b})"))
    assert value == {"+": a + b, "-": a - b, "*": a * b}[operator]
    assert isinstance(value, int)


@given(st.text(max_size=60))
def test_any_text_is_a_number_or_a_refusal(text: str) -> None:
    try:
        value: object = tidy(evaluate(text))
    except ToolFailure:
        return
    assert isinstance(value, int | float)


@given(st.fractions(max_denominator=1000), st.fractions(max_denominator=1000))
def test_fractions_are_exact(a: Fraction, b: Fraction) -> None:
    assert evaluate(f"({a}) + ({b})") == a + b
    assert evaluate(f"({a}) * ({b})") == a * b


@pytest.mark.parametrize(
    ("expression", "value", "exact"),
    [("1 / 3", 0.333333333333, "1/3"), ("1 / 8", 0.125, None), ("22 / 7", 3.14285714286, "22/7"),
     ("1 / 8191", 0.00012208521548, None), ("sqrt(2)", 1.41421356237, None), ("5", 5, None)],
)  # fmt: skip
async def test_what_has_no_end_is_told_as_a_fraction(
    expression: str, value: float, exact: str | None
) -> None:
    answer = await call(arithmetic_tools(), "calculate", expression=expression)
    assert answer == {"expression": expression, "value": value, "exact": exact}
