"""The sentence templates, loaded once: what can be asked, and what people say in the free parts."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from hassil.expression import Alternative, Expression, Group, TextChunk
from hassil.intents import Intents, TextSlotList
from hassil.util import merge_dict
from yaml import CSafeLoader, load

from inference.assist.language import ENGLISH, FOLDER
from inference.assist.words import plain_letters

SAMPLES = FOLDER / "samples.yaml"  # English: the recogniser's language


@cache
def templates(code: str = ENGLISH) -> Intents:
    """All intents of a language, compiled; its words without accents, as readings are."""
    return Intents.from_dict(_without_accents(_source(code)))


@cache
def samples() -> dict[str, tuple[str, ...]]:
    """Everyday words for each wildcard of the templates."""
    loaded = load(SAMPLES.read_text(encoding="utf-8"), CSafeLoader)
    return {name: tuple(phrases) for name, phrases in loaded.items()}


@cache
def unit_names(code: str) -> dict[str, str]:
    """Each unit's usual name, in the plural, with its accents."""
    units = {"unit": _source(code)["lists"]["unit"]}
    named = Intents.from_dict({"language": code, "intents": {}, "lists": units})
    values = named.slot_lists["unit"]
    assert isinstance(values, TextSlotList)
    return {str(value.value_out): first_words(value.text_in) for value in values.values}


def first_words(expression: Expression) -> str:
    """The most common wording of a list value: templates name the common choice first."""
    if isinstance(expression, Alternative):
        return first_words(expression.items[0])
    if isinstance(expression, Group):
        return " ".join("".join(first_words(item) for item in expression.items).split())
    assert isinstance(expression, TextChunk)
    return str(expression.original_text)


@cache
def _source(code: str) -> dict[str, Any]:
    merged: dict[str, Any] = {"language": code, "intents": {}}
    for path in sorted((FOLDER / code).glob("*.yaml")):
        merge_dict(merged, load(path.read_text(encoding="utf-8"), CSafeLoader))
    return merged


def _without_accents(source: Any) -> Any:
    """What is matched: sentences, rules and the `in` of lists. What comes out stays."""
    if isinstance(source, Mapping):
        return {key: _matched(key, value) for key, value in source.items()}
    return source


def _matched(key: str, value: Any) -> Any:
    if key in ("sentences", "expansion_rules", "in"):
        return _folded(value)
    if isinstance(value, list):
        return [_without_accents(item) for item in value]
    return _without_accents(value)


def _folded(value: Any) -> Any:
    if isinstance(value, str):
        return plain_letters(value)
    if isinstance(value, Mapping):
        return {key: _folded(item) for key, item in value.items()}
    return [_folded(item) for item in value] if isinstance(value, list) else value
