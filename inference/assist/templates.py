"""The sentence templates, loaded once: what can be asked, and what people say in the free parts."""

from functools import cache
from pathlib import Path

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
