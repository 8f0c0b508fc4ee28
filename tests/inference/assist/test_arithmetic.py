"""Numbers in words, and what is worked out from them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.assist.arithmetic import CannotCalculate, calculate, read_out
from inference.assist.recognise import recognise_one
from inference.assist.requests import Calculate
from inference.assist.spoken import spoken_number, written_number
from inference.assist.words import read

OPERATORS = {
    "plus": lambda a, b: a + b,
    "minus": lambda a, b: a - b,
    "times": lambda a, b: a * b,
    "divided by": lambda a, b: a / b,
}
NUMBERS = st.integers(-9_999_999, 9_999_999) | st.decimals(-1000, 1000, places=2).map(float)


@given(value=st.integers(0, 999_999_999_999), with_and=st.booleans())
def test_a_number_said_in_words_is_understood(value: int, with_and: bool) -> None:
    (word,) = read(spoken_number(value, with_and=with_and)).words
    assert word.value == value


@given(left=NUMBERS, right=NUMBERS, said=st.sampled_from(sorted(OPERATORS)), with_and=st.booleans())
def test_arithmetic_in_words_equals_pythons(
    left: float, right: float, said: str, with_and: bool
) -> None:
    words = [spoken_number(number, with_and=with_and) for number in (left, right)]
    request = recognise_one(f"what is {words[0]} {said} {words[1]}")
    assert isinstance(request, Calculate)
    if said == "divided by" and right == 0:
        with pytest.raises(CannotCalculate, match="divide by zero"):
            calculate(request.expression)
        return
    expected = OPERATORS[said](left, right)
    assert math.isclose(calculate(request.expression), expected, rel_tol=1e-9, abs_tol=1e-9)


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("fifteen percent of eighty", 12),
        ("what is ten percent off fifty", 45),
        ("a twenty percent tip on fifty dollars", 10),
        ("the square root of one hundred and forty four", 12),
        ("cube root of sixty four", 4),
        ("twelve squared", 144),
        ("two to the power of ten", 1024),
        ("half of nine", 4.5),
        ("what percent is five of twenty", 25),
        ("two plus three times four minus one", 13),
        ("the difference between ten and four", 6),
        ("divide ten by four", 2.5),
    ],
)
def test_forms_of_arithmetic(said: str, value: float) -> None:
    request = recognise_one(said)
    assert isinstance(request, Calculate)
    assert calculate(request.expression) == value


@pytest.mark.parametrize(
    "expression",
    ["9**9**9", "10**99*10**99", "1/0", "(-8)**0.5", "'a'*9", "__import__('os')", "1e999", "x",
     "2**-9999999999", "(" * 150 + "1" + ")" * 150 + "9" * 100, "", "1 < 2", "[1]*9", "0**-1"],
)  # fmt: skip
def test_what_cannot_be_worked_out_says_so(expression: str) -> None:
    with pytest.raises(CannotCalculate):
        calculate(expression)


@pytest.mark.parametrize(
    ("value", "written"),
    [(84, "84"), (1234567, "1,234,567"), (0.5, "0.5"), (10 / 3, "about 3.33"), (-4, "-4"),
     (2 / 3, "about 0.667"), (10**90, "about 1.00 times 10 to the power of 90"), (3.125, "3.125")],
)  # fmt: skip
def test_numbers_are_written_to_be_spoken(value: float, written: str) -> None:
    assert written_number(value) == written


def test_an_expression_is_read_out() -> None:
    assert read_out("12 * 7") == "twelve times seven"
    assert read_out("(2+3)*4") == "(2+3)*4"
