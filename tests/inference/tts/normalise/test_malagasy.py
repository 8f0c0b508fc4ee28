"""Malagasy numbers, which begin with their units."""

import re

import pytest

from inference.tts.normalise import script_of
from inference.tts.normalise.malagasy import cardinal


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "aotra"),
        (1, "iray"),
        (10, "folo"),
        (11, "iraika amby folo"),
        (12, "roa amby folo"),
        (20, "roapolo"),
        (21, "iraika amby roapolo"),
        (50, "dimampolo"),
        (99, "sivy amby sivifolo"),
        (100, "zato"),
        (101, "iraika amby zato"),
        (110, "folo amby zato"),
        (111, "iraika amby folo amby zato"),
        (200, "roanjato"),
        (233, "telo amby telopolo sy roanjato"),
        (400, "efajato"),
        (1000, "arivo"),
        (1001, "iraika amby arivo"),
        (1998, "valo amby sivifolo sy sivinjato sy arivo"),
        (2024, "efatra amby roapolo amby roa arivo"),
        (10_000, "iray alina"),
        (100_000, "iray hetsy"),
        (1_000_000, "iray tapitrisa"),
        (3_500_000, "dimy hetsy amby telo tapitrisa"),
        (
            11_471_786,
            "enina amby valopolo sy fitonjato sy arivo sy fito alina sy efatra hetsy"
            " sy iraika amby folo tapitrisa",
        ),
    ],
)
def test_numbers_begin_with_their_units(number: int, said: str) -> None:
    assert cardinal(number) == said


def test_every_number_up_to_9999_says_its_digits_and_no_two_are_alike() -> None:
    seen = {cardinal(number) for number in range(10_000)}
    assert len(seen) == 10_000
    for number in range(1, 10_000):
        parts = re.split(" amby | sy ", cardinal(number))
        assert len(parts) == sum(digit != "0" for digit in str(number)), number
        assert sum(map(_value, parts)) == number


def _value(part: str) -> int:
    """A part read back by its own small table."""
    roots = ["rai", "roa", "telo", "efa", "dim", "eni", "fito", "valo", "siv"]
    size = 1
    for name, of in (("arivo", 1000), ("zato|jato", 100), ("folo|polo", 10)):
        if re.search(name, part):
            size = of
    stem = re.sub("arivo|(n?)[zj]ato|[fp]olo", "", part).strip()
    count = next((at for at, root in enumerate(roots, 1) if re.match(f"i?({root})", stem)), 1)
    return count * size


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Taona 2024", "Taona efatra amby roapolo amby roa arivo"),
        ("3,14", "telo faingo iray efatra"),
        ("-5", "miiba dimy"),
        ("12 %", "roa amby folo isan-jato"),
        ("3 500 Ar", "dimanjato amby telo arivo ariary"),
        ("5 km", "dimy kilaometatra"),
        ("faha-5 sy faha-1", "fahadimy sy voalohany"),
        ("Manao ahoana ianao?", "Manao ahoana ianao?"),
    ],
)
def test_malagasy_text(written: str, said: str) -> None:
    assert script_of(written, "mg").text == said
