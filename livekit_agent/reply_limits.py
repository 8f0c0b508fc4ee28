"""Where a reply is cut that would not end by itself: too long, or the same again and again."""

import re
from collections import Counter

MAX_WORDS = 300  # two minutes of speech
MAX_SAME = 2  # times one sentence may be said in a reply
MIN_SENTENCE_CHARS = 12  # "No. No. No." is a manner of speaking
SENTENCE_END = re.compile(r"(?<=[.!?…。！？])\s+|\n+")  # noqa: RUF001  # CJK marks


class ReplyLimits:
    """Follows the text of one reply."""

    def __init__(self) -> None:
        self._words = 0
        self._sentence = ""
        self._said: Counter[str] = Counter()

    def allows(self, piece: str) -> bool:
        """Whether the reply may go on after `piece`."""
        self._words += len(piece.split())
        self._sentence += piece
        *whole, self._sentence = SENTENCE_END.split(self._sentence)
        for sentence in whole:
            said = sentence.strip().casefold()
            if len(said) >= MIN_SENTENCE_CHARS:
                self._said[said] += 1
                if self._said[said] > MAX_SAME:
                    return False
        return self._words <= MAX_WORDS or not whole
