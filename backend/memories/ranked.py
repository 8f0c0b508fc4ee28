"""Which of many texts bear on what is asked, by the words they share: BM25, kept up to date.

Texts come and go one at a time, and only those that share a word are looked at, all at once: ten
thousand of them take a millisecond, where the libraries count every one anew.
"""

import math
from collections import Counter, defaultdict

import numpy as np
from numpy.typing import NDArray

from backend.memories.words import words_of

# The variant that adds DELTA for each word found (BM25+, Lv and Zhai 2011): with few texts the
# plain one scores a word below zero when half of them have it.
K1 = 1.5
B = 0.75
DELTA = 1.0
FORGET_SHARE = 0.5  # of the query's words that a text must have to be deleted by it
FIRST_PLACES = 64

Places = NDArray[np.intp]
Times = NDArray[np.float32]


class RankedTexts:
    """Texts by id."""

    def __init__(self) -> None:
        self._words: dict[str, Counter[str]] = {}
        self._having: defaultdict[str, set[str]] = defaultdict(set)
        self._ids: list[str] = []  # each at its place
        self._places: dict[str, int] = {}
        self._lengths = np.zeros(FIRST_PLACES, np.float32)  # in words, by place
        self._counted: dict[str, tuple[Places, Times]] = {}  # of the words that were asked for

    def put(self, id_: str, text: str) -> None:
        """Add a text, or say what it is now."""
        self.drop(id_)
        words = self._words[id_] = Counter(words_of(text))
        place = self._places[id_] = len(self._ids)
        self._ids.append(id_)
        if place == len(self._lengths):
            self._lengths = np.concatenate([self._lengths, np.zeros_like(self._lengths)])
        self._lengths[place] = words.total()
        for word in words:
            self._having[word].add(id_)
            self._counted.pop(word, None)

    def drop(self, id_: str) -> None:
        """One that is not there is fine. The last takes its place."""
        words = self._words.pop(id_, None)
        if words is None:
            return
        for word in words:
            self._having[word].discard(id_)
            self._counted.pop(word, None)
            if not self._having[word]:
                del self._having[word]
        place, last = self._places.pop(id_), self._ids.pop()
        if last != id_:
            self._ids[place], self._places[last] = last, place
            self._lengths[place] = self._lengths[len(self._ids)]
            for word in self._words[last]:
                self._counted.pop(word, None)

    def relevant(self, query: str, most: int) -> list[str]:
        """Ids of those that share a word with `query`, best first."""
        scores = np.zeros(len(self._ids), np.float32)
        mean = float(self._lengths[: len(self._ids)].mean()) if self._ids else 0.0
        for word in set(words_of(query)):
            if word in self._having:
                places, times = self._count(word)
                rarity = math.log((len(self._ids) + 1) / len(places))
                longer = 1 - B + B * self._lengths[places] / mean
                scores[places] += rarity * (DELTA + times * (K1 + 1) / (times + K1 * longer))
        found = np.flatnonzero(scores)
        best = found[np.argsort(-scores[found], kind="stable")][:most]
        return [self._ids[place] for place in best]

    def best_matches(self, query: str) -> list[str]:
        """Those with as many words of `query` as any has, if that is at least half of them."""
        asked = set(words_of(query))
        shared = Counter(id_ for word in asked for id_ in self._having.get(word, ()))
        most = max(shared.values(), default=0)
        if most == 0 or most < FORGET_SHARE * len(asked):
            return []
        return [id_ for id_ in self._ids if shared[id_] == most]

    def _count(self, word: str) -> tuple[Places, Times]:
        """Where the word is, and how many times."""
        counted = self._counted.get(word)
        if counted is None:
            having = sorted(self._places[id_] for id_ in self._having[word])
            times = [self._words[self._ids[place]][word] for place in having]
            counted = np.array(having, np.intp), np.array(times, np.float32)
            self._counted[word] = counted
        return counted
