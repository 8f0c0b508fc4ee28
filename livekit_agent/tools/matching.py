"""Which of several kept texts a person means, by the telling words they share."""

import unicodedata
from collections.abc import Sequence

# Words that say nothing about which text is meant.
ENGLISH = """
a about am an and are at did do for i in is it me my of on our s that the this to was we what where
who you your
"""
FRENCH = """
au aux ce ces d de des du elle en est et il j je l la le les ma mes mon ou où par pour que qu quel
quelle qui s sa se ses son sont sur ta te tes toi ton tu un une votre vous
"""
COMMON_WORDS = frozenset((ENGLISH + FRENCH).split())


def telling_words(text: str) -> frozenset[str]:
    """The telling words of `text`: no case, no accents, a plain plural's s taken off."""
    words = "".join(c if c.isalnum() else " " for c in text.lower()).split()
    return frozenset(
        folded(word).removesuffix("s") or word for word in words if word not in COMMON_WORDS
    )


def folded(text: str) -> str:
    """`text` in lower case, without accents and spaces around."""
    plain = unicodedata.normalize("NFKD", text.strip().lower())
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def shared(query: str, text: str) -> int:
    """How many telling words of `query` are in `text`."""
    return len(telling_words(query) & telling_words(text))


def best_matches(query: str, texts: Sequence[str]) -> list[int]:
    """Places in `texts` of those that share the most words with `query`, at least half of them."""
    wanted = len(telling_words(query))
    scores = [shared(query, text) for text in texts]
    best = max(scores, default=0)
    if best == 0 or 2 * best < wanted:
        return []
    return [place for place, score in enumerate(scores) if score == best]
