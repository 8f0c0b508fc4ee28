"""The sentence templates, loaded once: what can be asked, and what people say in the free parts."""

from functools import cache
from pathlib import Path

from hassil.expression import Alternative, Expression, Group, TextChunk
from hassil.intents import Intents
from yaml import CSafeLoader, load

LANGUAGE_FOLDER = Path(__file__).parent / "en"
SAMPLES = Path(__file__).parent / "samples.yaml"


@cache
def templates() -> Intents:
    """All intents of the package, compiled."""
    return Intents.from_files(sorted(LANGUAGE_FOLDER.glob("*.yaml")))


@cache
def samples() -> dict[str, tuple[str, ...]]:
    """Everyday words for each wildcard of the templates."""
    loaded = load(SAMPLES.read_text(encoding="utf-8"), CSafeLoader)
    return {name: tuple(phrases) for name, phrases in loaded.items()}


def first_words(expression: Expression) -> str:
    """The most common wording of a list value: templates name the common choice first."""
    if isinstance(expression, Alternative):
        return first_words(expression.items[0])
    if isinstance(expression, Group):
        return " ".join("".join(first_words(item) for item in expression.items).split())
    assert isinstance(expression, TextChunk)
    return str(expression.original_text)
