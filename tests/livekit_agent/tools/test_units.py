"""Quantities from one unit to another."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from livekit_agent.tools.arithmetic import arithmetic_tools
from livekit_agent.tools.contract import ToolFailure
from livekit_agent.tools.units import convert
from tests.livekit_agent.tools.calls import call


@pytest.mark.parametrize(
    ("value", "from_unit", "to_unit", "result"),
    [
        (5, "mile", "kilometer", 8.04672),
        (100, "degree_Celsius", "degree_Fahrenheit", 212),
        (98.6, "F", "C", 37),
        (-40, "°C", "°F", -40),
        (20, "degrés Celsius", "degrés Fahrenheit", 68),
        (90, "minute", "hour", 1.5),
        (6, "feet", "inches", 72),
        (3, "tablespoons", "teaspoons", 9),
        (2, "tasses", "millilitres", 473.176473),
        (3, "cuillères à soupe", "cuillère à café", 9),
        (12, "stone", "kg", 76.20351816),
        (8, "ounces", "cups", 1),
        (16, "oz", "lbs", 1),
        (30, "mpg", "L/100km", 7.84048611111),
        (7, "litres aux 100", "miles per gallon", 33.6020833333),
        (100, "km/h", "kilomètres par heure", 100),
        (10, "knots", "km/h", 18.52),
        (1, "m²", "mètre carré", 1),
        (5, "square meters", "meter ** 2", 5),
        (1, "cubic meter", "litres", 1000),
        (1, "kWh", "MJ", 3.6),
        (200, "food calories", "kilojoules", 836.8),
        (1, "GB", "MB", 1000),
        (3, "imperial gallons", "liters", 13.63827),
    ],
)
def test_units(value: float, from_unit: str, to_unit: str, result: float) -> None:
    assert convert(value, from_unit, to_unit) == result


@pytest.mark.parametrize(
    ("from_unit", "to_unit", "code"),
    [
        ("mile", "kilogram", "not_convertible"),
        ("smoot2", "mile", "unknown_unit"),
        ("", "mile", "unknown_unit"),
        ("9**9**9", "mile", "unknown_unit"),
        ("m**(9**9)", "mile", "unknown_unit"),
        ("m" * 500, "mile", "unknown_unit"),
    ],
)
async def test_units_that_do_not_fit(from_unit: str, to_unit: str, code: str) -> None:
    answer = await call(
        arithmetic_tools(), "convert_units", value=1, from_unit=from_unit, to_unit=to_unit
    )
    assert answer["error"]["code"] == code


@pytest.mark.parametrize(
    ("from_unit", "to_unit", "choices"),
    [
        ("tons", "kg", ("metric ton", "US ton", "imperial ton")),
        ("calories", "joule", ("kilocalorie", "small calorie")),
        ("degrees", "kelvin", ("Celsius", "Fahrenheit")),
    ],
)
def test_an_ambiguous_unit_is_asked_back(
    from_unit: str, to_unit: str, choices: tuple[str, ...]
) -> None:
    with pytest.raises(ToolFailure) as caught:
        convert(1, from_unit, to_unit)
    assert caught.value.code == "ambiguous_unit"
    assert all(choice in caught.value.message for choice in choices)


@given(st.text(max_size=70))
def test_any_text_is_a_unit_or_a_refusal(text: str) -> None:
    try:
        convert(1, text, "meter")
    except ToolFailure:
        return


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_units_of_the_assist_engine_are_known(
    language: str, pytestconfig: pytest.Config
) -> None:
    path = pytestconfig.rootpath / "inference" / "assist" / language / "units.yaml"
    rows: list[dict[str, Any]] = yaml.safe_load(path.read_text())["lists"]["unit"]["values"]
    for row in rows:
        if row["out"] != "ton":  # asked back
            assert convert(7, row["out"], row["out"]) == 7
