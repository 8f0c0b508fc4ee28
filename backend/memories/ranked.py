"""Which of many texts bear on what is asked, by the words they share: BM25, kept up to date.

Texts come and go one at a time and only those that share a word are looked at, so that ten
thousand of them take milliseconds; the libraries count all of them anew.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable

from backend.memories.words import words_of

# The variant that adds DELTA for each word found (BM25+, Lv and Zhai 2011): with few texts the
# plain one scores a word below zero when half of them have it.
K1 = 1.5
B = 0.75
DELTA = 1.0
FORGET_SHARE = 0.5  # of the query's words that a text must have to be deleted by it


class RankedTexts:
    """Texts by id."""

    def __init__(self) -> None:
        self._words: dict[str, Counter[str]] = {}
        self._having: defaultdict[str, set[str]] = defaultdict(set)
        self._lengths: dict[str, int] = {}
        self._length = 0  # of all of them together, in words

    def put(self, id_: str, text: str) -> None:
        """Add a text, or say what it is now."""
        self.drop(id_)
        words = Counter(words_of(text))
        self._words[id_] = words
        self._lengths[id_] = words.total()
        self._length += words.total()
        for word in words:
            self._having[word].add(id_)

    def drop(self, id_: str) -> None:
        """One that is not there is fine."""
        words = self._words.pop(id_, None)
        if words is None:
            return
        self._length -= self._lengths.pop(id_)
        for word in words:
            self._having[word].discard(id_)
            if not self._having[word]:
                del self._having[word]

    def relevant(self, query: str) -> list[str]:
        """Ids of those that share a word with `query`, best first."""
        scores: defaultdict[str, float] = defaultdict(float)
        for word in set(words_of(query)):
            having = self._having.get(word, ())
            for id_ in having:
                scores[id_] += self._score(word, id_, len(having))
        # A tie is broken by id, so that pages of one search follow each other.
        return sorted(scores, key=lambda id_: (-scores[id_], id_))

    def best_matches(self, query: str) -> list[str]:
        """Those with as many words of `query` as any has, if that is at least half of them."""
        asked = set(words_of(query))
        shared = Counter(id_ for word in asked for id_ in self._having.get(word, ()))
        most = max(shared.values(), default=0)
        if most == 0 or most < FORGET_SHARE * len(asked):
            return []
        return [id_ for id_ in self._words if shared[id_] == most]

    def _score(self, word: str, id_: str, having: int) -> float:
        rarity = math.log((len(self._words) + 1) / having)
        times = self._words[id_][word]
        length = self._lengths[id_] * len(self._words) / self._length  # 1: as long as most
        return rarity * (DELTA + times * (K1 + 1) / (times + K1 * (1 - B + B * length)))


def ranked(texts: Iterable[tuple[str, str]]) -> RankedTexts:
    """Of pairs of id and text."""
    made = RankedTexts()
    for id_, text in texts:
        made.put(id_, text)
    return made
