import pytest
from hypothesis import given
from hypothesis import strategies as st

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


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 9), st.sampled_from(KNOWN)), max_size=60))
def test_after_any_changes_the_same_is_found_as_when_begun_anew(
    changes: list[tuple[bool, int, str]],
) -> None:
    changed = RankedTexts()
    expected: dict[str, str] = {}
    for put, id_, text in changes:
        if put:
            changed.put(str(id_), text)
            expected[str(id_)] = text
        else:
            changed.drop(str(id_))
            expected.pop(str(id_), None)
        changed.relevant("tea", 20)  # what is counted now must not be believed later
    anew = RankedTexts()
    for known, said in expected.items():
        anew.put(known, said)
    for query in ("green tea", "likes", "chat en montagne"):
        assert set(changed.relevant(query, 20)) == set(anew.relevant(query, 20))
        assert set(changed.best_matches(query)) == set(anew.best_matches(query))
