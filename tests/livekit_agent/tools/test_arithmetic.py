"""Arithmetic and units."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livekit_agent.tools.arithmetic import arithmetic_tools, convert, evaluate
from livekit_agent.tools.contract import ToolFailure
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
    ],
)
def test_arithmetic(expression: str, value: float) -> None:
    assert evaluate(expression) == value


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("1 / 0", "division_by_zero"),
        ("9 ** 9 ** 9", "too_large"),
        ("2.5 ** 1e6", "too_large"),
        ("sqrt(-1)", "out_of_domain"),
        ("__import__('os').getcwd()", "bad_expression"),
        ("().__class__", "bad_expression"),
        ("'a' * 10", "bad_expression"),
        ("1 +", "bad_expression"),
        ("True", "bad_expression"),
        ("9" * 300, "too_long"),
        ("9" * 150, "too_large"),
        ("x", "bad_expression"),
        ("(-8) ** 0.5", "bad_expression"),
    ],
)
def test_what_is_not_arithmetic_is_refused(expression: str, code: str) -> None:
    with pytest.raises(ToolFailure) as caught:
        evaluate(expression)
    assert caught.value.code == code


@given(st.integers(-9999, 9999), st.integers(-9999, 9999), st.sampled_from("+-*"))
def test_whole_numbers_are_exact(a: int, b: int, operator: str) -> None:
    value = evaluate(f"({a}) {operator} ({b})")
    assert value == {"+": a + b, "-": a - b, "*": a * b}[operator]
    assert isinstance(value, int)


@given(st.text(max_size=60))
def test_any_text_is_a_number_or_a_refusal(text: str) -> None:
    try:
        value: object = evaluate(text)
    except ToolFailure:
        return
    assert isinstance(value, int | float)


def test_units() -> None:
    assert convert(5, "mile", "kilometer") == pytest.approx(8.04672)
    assert convert(100, "degree_Celsius", "degree_Fahrenheit") == pytest.approx(212)
    assert convert(90, "minute", "hour") == 1.5


@pytest.mark.parametrize(
    ("units", "code"),
    [(("mile", "kilogram"), "not_convertible"), (("smoot2", "mile"), "unknown_unit")],
)
async def test_units_that_do_not_fit(units: tuple[str, str], code: str) -> None:
    answer = await call(
        arithmetic_tools(), "convert_units", value=1, from_unit=units[0], to_unit=units[1]
    )
    assert answer["error"]["code"] == code
