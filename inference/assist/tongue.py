"""Which language a message is in, and what it says there."""

import re
import unicodedata
from collections.abc import Iterable

from inference.assist.language import ENGLISH, codes, language
from inference.assist.recognise import Found, found_in
from inference.assist.words import plain_letters

GUESSED_FROM_CHARS = 2_000
PROMPT_MARGIN = 3  # telling words more than another language has, before a prompt decides
WORD = re.compile(r"[^\W\d_]+")


def recognise_any(text: str, order: Iterable[str]) -> tuple[str, tuple[Found, ...]]:
    """The language of `text` and what it asks for. `order`: the likeliest language first."""
    loose: tuple[str, tuple[Found, ...]] | None = None
    order = tuple(order)
    for code in order:
        found = found_in(text, code)
        if found and not any(part.free for part in found):
            return code, found
        if found and loose is None:
            loose = code, found
    return loose or (order[0], ())


def likeliest(text: str, before: str, prompt: str) -> tuple[str, ...]:
    """All languages: by the words of `text`, of what was said before, of the instructions."""
    here, earlier = _told(text), _told(before)
    demanded = _demanded(prompt)
    return tuple(
        sorted(
            codes(),
            key=lambda code: (here[code], earlier[code], code == demanded, code == ENGLISH),
            reverse=True,
        )
    )


def _demanded(prompt: str) -> str | None:
    """The language that instructions name last, else the one they are written in."""
    last = {
        code: max(plain_letters(prompt).rfind(name) for name in language(code).name_in_prompts)
        for code in codes()
    }
    named = max(last, key=lambda code: last[code])
    if last[named] >= 0:
        return named
    told = _told(prompt)
    first = max(told, key=lambda code: told[code])
    second = max((told[code] for code in told if code != first), default=0)
    return first if told[first] >= second + PROMPT_MARGIN else None


def _told(text: str) -> dict[str, int]:
    """How many words of each language's own `text` has; accents count against English."""
    text = text[:GUESSED_FROM_CHARS]
    words = WORD.findall(plain_letters(text))
    accented = any(unicodedata.combining(c) for c in unicodedata.normalize("NFD", text))
    return {
        code: sum(word in language(code).words.telling for word in words)
        + (accented and code != ENGLISH)
        for code in codes()
    }
