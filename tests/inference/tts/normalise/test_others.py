"""Languages that count with num2words, and those whose numbers the engine says."""

import pytest
from num2words import CONVERTER_CLASSES  # type: ignore[import-untyped]

from inference.tts.normalise import script_of


@pytest.mark.parametrize(
    ("language", "written", "said"),
    [
        ("de", "21 Hunde", "einundzwanzig Hunde"),
        ("de", "1.234", "eintausendzweihundertvierunddreißig"),
        ("de", "3,14", "drei Komma eins vier"),
        ("de", "-5", "minus fünf"),
        ("de", "5,20 €", "fünf Euro zwanzig Cent"),
        ("de", "1 €", "ein Euro"),
        ("de", "20 %", "zwanzig Prozent"),
        ("de", "15:30 Uhr", "fünfzehn Uhr dreißig"),
        ("de", "1:00", "ein Uhr"),
        ("de", "5-10", "fünf bis zehn"),
        ("es", "1.234 personas", "mil doscientos treinta y cuatro personas"),
        ("es", "3,5", "tres coma cinco"),
        ("es-mx", "3.5", "tres coma cinco"),
        ("es", "21 €", "veintiún euros"),
        ("es", "3º", "tercero"),
        ("it", "3º", "terzo"),
        ("it", "3,14", "tre virgola uno quattro"),
        ("pt-br", "20%", "vinte por cento"),
        ("pt", "16", "dezasseis"),
        ("pt-br", "16", "dezesseis"),
        ("nl", "21", "eenentwintig"),
        ("pl", "21", "dwadzieścia jeden"),
        ("ru", "21", "двадцать один"),
        ("nb", "100", "en hundre"),
        ("sv", "1 234", "ettusen tvåhundratrettiofyra"),
    ],
)
def test_numbers_are_said_in_the_language(language: str, written: str, said: str) -> None:
    assert script_of(written, language).text == said


@pytest.mark.parametrize(
    ("language", "written"),
    [
        ("cmn", "我有3个苹果，2024年3月4日。"),  # noqa: RUF001
        ("ja", "2024年3月4日に3.14"),
        ("ko", "사과 3개"),
        ("hi", "मेरे पास 3 सेब हैं, २०२४"),
        ("ar", "لدي 3 تفاحات"),
        ("th", "ฉันมี 3 ตัว"),
        ("he", "יש לי 3 תפוחים"),
        ("sw", "Nina 3"),
        ("xx-unheard-of", "3.14 and 5 €"),
    ],
)
def test_where_the_engine_counts_better_the_text_stays(language: str, written: str) -> None:
    assert script_of(written, language).text == written


@pytest.mark.parametrize("language", ["en-us", "fr-fr", "mg", "de"])
@pytest.mark.parametrize("written", ["我有三个苹果", "تفاحات", "सेब हैं", "りんご", "사과"])
def test_other_scripts_pass_unharmed(language: str, written: str) -> None:
    assert script_of(written, language).text == written


@pytest.mark.parametrize("name", sorted(CONVERTER_CLASSES))
def test_no_language_of_num2words_fails(name: str) -> None:
    written = "0, 1, 21, 1000000, 999 999 999, 3,14, 3.14, -5, 5 €, 20 %, 15:30, 3º, 2024, 1/2"
    assert script_of(written, name.lower().replace("_", "-")).text
