"""What callers ask, as sound, and which word of it ends when."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from tests.speech import RATE_HZ, speak, trimmed

MIC_RATE_HZ = 48_000
# About two seconds each, one breath, nothing to spell and nothing a tool is needed for.
QUESTIONS = (
    "how long does it take to boil an egg",
    "which city has the most bridges in the world",
    "why do leaves change their color in autumn",
    "who was the first person to walk on the moon",
    "what is the best way to clean a window",
    "how do birds find their way in winter",
    "why is the sea salty and the river is not",
    "what should i cook for dinner this evening",
    "how does a piano make so many sounds",
    "where do all the lost socks go",
)


@dataclass(frozen=True, slots=True)
class Question:
    """A sentence; `samples` are mono at MIC_RATE_HZ and begin and end with sound."""

    text: str
    samples: NDArray[np.int16]

    @property
    def duration_s(self) -> float:
        return len(self.samples) / MIC_RATE_HZ


@cache
def question(index: int) -> Question:
    """The sentence of a turn: they go round."""
    text = QUESTIONS[index % len(QUESTIONS)]
    spoken = trimmed(speak(text)).astype(np.float64)
    at = np.arange(0, len(spoken), RATE_HZ / MIC_RATE_HZ)
    louder = np.interp(at, np.arange(len(spoken)), spoken)
    return Question(text, louder.astype(np.int16))


def word_ends(text: str, duration_s: float) -> list[tuple[str, float]]:
    """Each word and the second it ends at: pro rata by letters."""
    words = text.split()
    letters = np.cumsum([len(word) + 1 for word in words])
    return [
        (word, float(upto / letters[-1]) * duration_s)
        for word, upto in zip(words, letters, strict=True)
    ]
