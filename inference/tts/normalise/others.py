"""Languages that num2words counts in and that have no module of their own."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from num2words import CONVERTER_CLASSES  # type: ignore[import-untyped]

from inference.tts.normalise.language import Currency, Language, Noun

# Not for us: no blanks between their words (ja, th …), vowels that words would lose and the
# engine's own numbers have (ar, fa, he), or num2words at fault (te, kn and bn overflow, am does
# not come back from 999,999,999).
_LEFT_TO_THE_ENGINE = {"ja", "ko", "th", "ar", "fa", "he", "te", "kn", "bn", "am"}
_SYNONYMS = {"nb": "no", "nn": "no", "kk": "kz"}
_POINT_DECIMAL = {"es-mx", "es-419"}
_POINT = {
    "it": "virgola", "es": "coma", "ru": "запятая", "id": "koma", "vi": "phẩy", "sk": "celá",
    "cs": "celá", "cy": "pwynt",
}  # fmt: skip
_MINUS = {"it": "meno", "id": "minus", "vi": "âm", "cy": "minws"}
_PERCENT = {
    "de": "Prozent", "es": "por ciento", "it": "per cento", "pt": "por cento", "nl": "procent",
    "sv": "procent", "da": "procent", "no": "prosent", "pl": "procent", "ru": "процентов",
    "uk": "відсотків", "cs": "procent", "sk": "percent", "fi": "prosenttia", "hu": "százalék",
    "ro": "la sută", "ca": "per cent", "id": "persen", "eo": "procentoj", "vi": "phần trăm",
}  # fmt: skip
_TO = {
    "de": "bis", "es": "a", "it": "a", "pt": "a", "nl": "tot", "sv": "till", "da": "til",
    "no": "til", "ro": "la", "ca": "a",
    "id": "sampai", "vi": "đến",
}  # fmt: skip
_MARKED_ORDINALS = {"es": r"\.?[ºª]", "pt": r"\.?[ºª]", "it": "[ºª]", "nl": "e|de|ste", "sv": ":e"}
# What stands between hours and minutes, and a word that is written after them.
_CLOCKS = {
    "de": (" Uhr", "Uhr"), "nl": (" uur", "uur"), "es": (" y", ""), "it": (" e", ""),
    "pt": (" e", ""), "ca": (" i", ""), "sv": ("", ""), "da": ("", ""), "no": ("", ""),
    "fi": ("", ""), "ro": (" și", ""), "pl": ("", ""),
}  # fmt: skip
_ONE_BEFORE_NOUN = {
    "de": {"eins": "ein"}, "es": {"veintiuno": "veintiún", "uno": "un"}, "it": {"uno": "un"},
    "ca": {"un": "un"},
}  # fmt: skip
_COUNT_MONEY = {"de", "es", "it", "pt", "nl", "ca", "fi", "eo"}  # one plural form, and a right one
_SIGNS = {"€": "EUR", "EUR": "EUR", "$": "USD", "US$": "USD", "USD": "USD", "£": "GBP", "R$": "BRL"}
_FORMS = 2


def other(tag: str) -> Language | None:
    """The language of a tag (de, pt-br …); None where its numbers are left to the engine."""
    base, _, region = tag.partition("-")
    base = _SYNONYMS.get(base, base)
    name = f"{base}_{region.upper()}"
    converter = CONVERTER_CLASSES.get(name, CONVERTER_CLASSES.get(base))
    if converter is None or base in _LEFT_TO_THE_ENGINE:
        return None
    decimal = "." if tag in _POINT_DECIMAL else ","
    ordinal = _MARKED_ORDINALS.get(base, "")
    return Language(
        cardinal=lambda number, _: _cardinal(converter, number),
        decimal=decimal,
        group=f"{',.'.replace(decimal, '')} ",
        point=_POINT.get(base) or _word(converter, "pointword"),
        minus=_MINUS.get(base) or _word(converter, "negword"),
        one_before_noun=_ONE_BEFORE_NOUN.get(base, {}),
        ordinal=(lambda number, _: str(converter.to_ordinal(number))) if ordinal else None,
        ordinal_suffix=ordinal,
        percent=_PERCENT.get(base, ""),
        to=_TO.get(base, ""),
        currencies=_currencies(converter) if base in _COUNT_MONEY else {},
        money_and=" ",
        clock=_clock(converter, *_CLOCKS[base]) if base in _CLOCKS else None,
        clock_word=_CLOCKS.get(base, ("", ""))[1],
    )


def _word(converter: Any, name: str) -> str:
    """A word of num2words'; some of its languages have a sign or a table there."""
    word = getattr(converter, name, None)
    return word.strip() if isinstance(word, str) and word.strip().isalpha() else ""


@lru_cache(maxsize=10_000)
def _cardinal(converter: Any, number: int) -> str:
    said = str(converter.to_cardinal(number)).replace(",", "").strip()
    return said.replace("etttusen", "ettusen")  # its Swedish 1000


def _currencies(converter: Any) -> Mapping[str, Currency]:
    found: dict[str, Currency] = {}
    for sign, code in _SIGNS.items():
        forms = getattr(converter, "CURRENCY_FORMS", {}).get(code)
        if forms and all(len(names) == _FORMS for names in forms):
            found[sign] = Currency(Noun(*forms[0]), Noun(*forms[1]))
    return found


def _clock(
    converter: Any, joint: str, word: str
) -> Callable[[int, int, int | None, str], str | None]:
    def said(hour: int, minute: int, second: int | None, half: str) -> str | None:
        if half or second is not None:
            return None
        spoken = _cardinal(converter, hour)
        if word == "Uhr" and hour == 1:
            spoken = "ein"
        if not minute:
            return f"{spoken} {word}".strip()
        return f"{spoken}{joint} {_cardinal(converter, minute)}"

    return said
