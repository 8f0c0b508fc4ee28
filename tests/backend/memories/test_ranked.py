import pytest

from backend.memories.ranked import RankedTexts
from backend.memories.words import words_of

KNOWN = (
    "The user's dog is called Rex",
    "Likes green tea in the morning",
    "Likes black coffee",
    "Sister Anna has her birthday on 3 May",
    "Lives in Lyon",
    "Le chat de l'utilisateur s'appelle Félix",
    "Aime les randonnées en montagne",
)


def ranked(*texts: str) -> RankedTexts:
    """Each with itself as its id."""
    made = RankedTexts()
    for text in texts:
        made.put(text, text)
    return made


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
    assert ranked(*KNOWN).relevant(query, 20)[0] == KNOWN[best]


def test_what_shares_no_word_is_not_relevant() -> None:
    assert ranked(*KNOWN).relevant("how tall is the Eiffel tower?", 20) == []
    assert ranked(*KNOWN).relevant("", 20) == []
    assert ranked().relevant("tea", 20) == []
    assert ranked("", "...").relevant("tea", 20) == []


def test_a_word_in_every_text_still_finds_them() -> None:
    texts = ranked("Likes tea", "Hates tea", "Sells tea")
    assert len(texts.relevant("tea", 20)) == 3
    assert len(texts.relevant("tea", 2)) == 2


def test_a_rare_word_weighs_more_than_a_common_one() -> None:
    texts = ranked("Likes tea", "Hates tea", "Sells tea", "Likes Lyon")
    assert texts.relevant("tea in Lyon", 20)[0] == "Likes Lyon"


def test_what_was_changed_is_found_by_its_new_words_only() -> None:
    texts = ranked("Likes tea")
    texts.put("Likes tea", "Likes coffee")
    assert texts.relevant("tea", 20) == []
    assert texts.relevant("coffee", 20) == ["Likes tea"]


def test_what_was_dropped_is_not_found_and_weighs_nothing() -> None:
    texts = ranked(*KNOWN, "Sells tea")
    texts.drop("Sells tea")
    texts.drop("Sells tea")
    assert texts.relevant("sells", 20) == []
    assert texts.relevant("green tea", 20) == ranked(*KNOWN).relevant("green tea", 20)


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
    assert ranked(*KNOWN).best_matches(query) == forgotten


def test_words_are_compared_without_accents_case_and_plural() -> None:
    assert words_of("Les Élèves préfèrent l'ÉTÉ") == ("eleve", "preferent", "ete")
    assert words_of("the bus has 12 seats") == ("bus", "12", "seat")
