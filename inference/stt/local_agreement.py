"""Which words of a live utterance are settled: those on which two hypotheses in a row agree."""

from collections.abc import Sequence

from inference.stt.engine import Word


class LocalAgreement:
    """Settled words only ever grow. Every hypothesis is of what comes after them."""

    def __init__(self) -> None:
        self._settled: list[Word] = []
        self._rest: list[Word] = []

    @property
    def settled(self) -> tuple[Word, ...]:
        return tuple(self._settled)

    @property
    def rest(self) -> tuple[Word, ...]:
        """The newest hypothesis, as far as nothing of it is settled."""
        return tuple(self._rest)

    def seen(self, rest: Sequence[Word]) -> None:
        """Take in what is now heard after the settled words; the newer spelling wins."""
        agreed = 0
        for before, now in zip(self._rest, rest, strict=False):
            if _said(before) != _said(now):
                break
            agreed += 1
        self._rest = list(rest)
        self._settle(agreed)

    def settle(self, *, until_s: float) -> None:
        """Words that end by then are settled, agreed on or not."""
        done = 0
        while done < len(self._rest) and self._rest[done].ended_at_s <= until_s:
            done += 1
        self._settle(done)

    def _settle(self, words: int) -> None:
        self._settled += self._rest[:words]
        del self._rest[:words]


def _said(word: Word) -> str:
    """A word without what comes and goes as its sentence grows: case and punctuation."""
    return "".join(char for char in word.text.casefold() if char.isalnum()) or word.text.strip()
