"""Take a long text in stretches, so that the first can be heard before the last is looked at."""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from inference.tts.lexicon import Lexicon
from inference.tts.normalise import script_of
from inference.tts.phrases import SENTENCE_PAUSE_S, Phrase, is_abbreviated, phrases
from inference.tts.script import Script

WHOLE_CHARS = 300  # up to here nothing is gained
LEAST_CHARS = 150

_FENCES = ("```", "~~~")  # what is between them belongs together
# Where a sentence surely ends, whatever it is about.
_BREAK = re.compile(
    r"\n\s*|(?<=[.!?\u2026])[\"'\u201d\u2019\u00bb)\]]{0,3}[^\S\n]+(?=[A-Z\u00c0-\u00de\u201c\u00ab])"
    r"|(?<=[\u3002\uff01\uff1f])"
)
_PAIRS = (("(", ")"), ("[", "]"), ("<", ">"))
_TWICE = ("*", "_", "`", "~")

Later = Callable[[], list[Phrase]]


def stretches_of(text: str, language: str, lexicon: Lexicon) -> list[Later]:
    """The phrases of each stretch, made when it is called: some 10 ms, so do it in a thread."""
    return [
        partial(_phrases_of, text, start, end, language, lexicon) for start, end in cuts_of(text)
    ]


def cuts_of(text: str) -> list[tuple[int, int]]:
    """Where the stretches lie: all of `text`, in order."""
    starts = [0]
    if len(text) > WHOLE_CHARS and not any(fence in text for fence in _FENCES):
        for found in _BREAK.finditer(text):
            at = found.end()
            if at - starts[-1] >= LEAST_CHARS and _is_whole(text[starts[-1] : at]):
                starts.append(at)
    return list(zip(starts, [*starts[1:], len(text)], strict=True))


def _is_whole(stretch: str) -> bool:
    """Whether no bracket or emphasis is open at its end, and it does not end in "Dr."."""
    said = stretch.rstrip()
    return (
        all(said.count(opening) == said.count(closing) for opening, closing in _PAIRS)
        and all(said.count(mark) % 2 == 0 for mark in _TWICE)
        and not is_abbreviated(said, 0, len(said))
    )


def _phrases_of(text: str, start: int, end: int, language: str, lexicon: Lexicon) -> list[Phrase]:
    script = script_of(text[start:end], language, lexicon)
    # What each character stands for is a place in all of the text.
    origins = tuple((a + start, b + start) for a, b in script.origins)
    found = phrases(Script(script.text, text, origins))
    if found and end < len(text) and "\n" not in text[end - 1 : end]:
        found[-1] = replace(found[-1], pause_s=SENTENCE_PAUSE_S)
    return found
