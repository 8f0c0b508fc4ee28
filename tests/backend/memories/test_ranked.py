import pytest

from backend.internal_schema import Memory
from backend.memories.ranked import best_matches, relevant, words_of

KNOWN = (
    "The user's dog is called Rex",
    "Likes green tea in the morning",
    "Likes black coffee",
    "Sister Anna has her birthday on 3 May",
    "Lives in Lyon",
    "Le chat de l'utilisateur s'appelle Félix",
    "Aime les randonnées en montagne",
)


def rows(*texts: str) -> list[Memory]:
    return [Memory(id=str(i), text=text, kind="fact") for i, text in enumerate(texts)]


@pytest.mark.parametrize(
    ("query", "best"),
    [
        ("What's my dog's name?", 0),
        ("which tea do I like?", 1),
        ("when is Anna's birthday", 3),
        ("comment s'appelle mon chat ?", 5),
        ("est-ce que j'aime la randonnee", 6),
    ],
)
def test_the_most_relevant_comes_first(query: str, best: int) -> None:
    assert relevant(query, rows(*KNOWN), 20)[0].text == KNOWN[best]


def test_what_shares_no_word_is_not_relevant() -> None:
    assert relevant("how tall is the Eiffel tower?", rows(*KNOWN), 20) == []
    assert relevant("", rows(*KNOWN), 20) == []
    assert relevant("tea", [], 20) == []
    assert relevant("tea", rows("", "..."), 20) == []


def test_a_word_in_every_memory_still_finds_them() -> None:
    assert len(relevant("tea", rows("Likes tea", "Hates tea", "Sells tea"), 2)) == 2


@pytest.mark.parametrize(
    ("query", "forgotten"),
    [
        ("that I like green tea", ["Likes green tea in the morning"]),
        ("likes", ["Likes green tea in the morning", "Likes black coffee"]),
        ("everything about my dog", ["The user's dog is called Rex"]),
        ("that my favourite colour is black", []),
        ("it", []),
    ],
)
def test_only_what_was_meant_is_forgotten(query: str, forgotten: list[str]) -> None:
    assert [memory.text for memory in best_matches(query, rows(*KNOWN))] == forgotten


def test_words_are_compared_without_accents_case_and_plural() -> None:
    assert words_of("Les Élèves préfèrent l'ÉTÉ") == ("eleve", "preferent", "ete")
    assert words_of("the bus has 12 seats") == ("bus", "12", "seat")
