"""Whole words from the timed pieces that faster-whisper finds in a text."""

from collections.abc import Sequence
from typing import Any

from inference.stt.engine import Word

UNSPACED = frozenset({"zh", "ja", "th", "lo", "my", "yue"})  # languages written without spaces


def whole_words(
    found: Sequence[dict[str, Any]], language: str, duration_s: float
) -> list[tuple[Word, int]]:
    """Each word with the tokens it took; punctuation and what follows a hyphen belong to it."""
    words: list[tuple[Word, int]] = []
    at = 0.0
    for piece in found:
        text, tokens = str(piece["word"]), len(piece["tokens"])
        at = min(max(at, float(piece["start"])), duration_s)
        until = min(max(at, float(piece["end"])), duration_s)
        confidence = float(piece["probability"])
        spoken = any(char.isalnum() for char in text)
        joins = not text.startswith(" ") and (not spoken or language not in UNSPACED)
        if words and joins:
            before, taken = words[-1]
            text, tokens, at = before.text + text, taken + tokens, before.started_at_s
            assert before.confidence is not None
            confidence = min(before.confidence, confidence) if spoken else before.confidence
            words.pop()
        word = Word(text=text, started_at_s=at, ended_at_s=until, confidence=confidence)
        words.append((word, tokens))
        at = until
    return words
