"""Which word of the source is heard when: captions for what is spoken."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace

from inference.tts.engine import Mark
from inference.tts.script import Script

_INSIDE_WORDS = ("", "'", "\u2019", "-")
_FIRST_IDEOGRAPH = "\u2e80"  # from here on words follow each other without a blank


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenWord:
    """`text` is source[start:end]; times are in the sound of the whole response."""

    text: str
    start: int
    end: int
    started_at_s: float
    ended_at_s: float


class Captions:
    """The words of one response, handed out once their sound was. For two threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[SpokenWord] = []
        self._last_end_s = 0.0

    def add(
        self, script: Script, marks: Sequence[Mark], began_at_s: float, ends_at_s: float
    ) -> None:
        """A phrase's marks: its sound lies from `began_at_s` to `ends_at_s` of the response."""
        with self._lock:
            for word in words_of(script, marks):
                started_s = max(self._last_end_s, began_at_s + word.started_at_s)
                ended_s = max(started_s, min(began_at_s + word.ended_at_s, ends_at_s))
                self._last_end_s = ended_s
                self._waiting.append(replace(word, started_at_s=started_s, ended_at_s=ended_s))

    def until(self, taken_s: float) -> list[SpokenWord]:
        """The words that ended by then and were not asked for yet."""
        with self._lock:
            count = sum(1 for word in self._waiting if word.ended_at_s <= taken_s)
            told, self._waiting = self._waiting[:count], self._waiting[count:]
        return told


def words_of(script: Script, marks: Sequence[Mark]) -> list[SpokenWord]:
    """Source words, where `marks` are of words said; times stay those of the phrase."""
    words: list[SpokenWord] = []
    for mark in marks:
        start, end = script.origin(mark.start, mark.end)
        if not any(char.isalnum() for char in script.text[mark.start : mark.end]) or start >= end:
            continue
        started_s, ended_s = mark.started_at_s, mark.ended_at_s
        if words and _is_one_word(script.source, words[-1], start):
            before = words.pop()
            start, end = min(start, before.start), max(end, before.end)
            started_s = before.started_at_s
        words.append(
            SpokenWord(
                text=script.source[start:end],
                start=start,
                end=end,
                started_at_s=started_s,
                ended_at_s=ended_s,
            )
        )
    return words


def _is_one_word(source: str, before: SpokenWord, start: int) -> bool:
    """Whether what starts there goes on with the same word, or stands for the same stretch."""
    if start < before.end:
        return True
    between = source[before.end : start]
    neighbours = (source[before.end - 1], source[start])
    return between in _INSIDE_WORDS and all(
        char.isalnum() and char < _FIRST_IDEOGRAPH for char in neighbours
    )
