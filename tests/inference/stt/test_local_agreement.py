"""What two hypotheses agree on is settled for good."""

from hypothesis import given
from hypothesis import strategies as st

from inference.stt.engine import Word
from inference.stt.local_agreement import LocalAgreement

HEARD = st.lists(
    st.sampled_from([" go", " Go", " went", " left,", " left", " home", " …"]), max_size=6
)


def words(*texts: str, from_s: float = 0.0) -> list[Word]:
    return [
        Word(text=text, started_at_s=from_s + i, ended_at_s=from_s + i + 1, confidence=0.5)
        for i, text in enumerate(texts)
    ]


def texts(some: tuple[Word, ...]) -> list[str]:
    return [word.text for word in some]


def test_what_was_heard_once_is_not_settled() -> None:
    agreement = LocalAgreement()
    agreement.seen(words(" turn", " on"))
    assert agreement.settled == ()
    assert texts(agreement.rest) == [" turn", " on"]


def test_what_was_heard_twice_is_settled_up_to_the_first_difference() -> None:
    agreement = LocalAgreement()
    agreement.seen(words(" turn", " on", " a", " lamp"))
    agreement.seen(words(" turn", " on", " the", " lamp"))
    assert texts(agreement.settled) == [" turn", " on"]
    assert texts(agreement.rest) == [" the", " lamp"]


def test_case_and_punctuation_are_no_difference_and_the_newer_stands() -> None:
    agreement = LocalAgreement()
    agreement.seen(words(" Turn", " on."))
    agreement.seen(words(" turn", " on", " the"))
    assert texts(agreement.settled) == [" turn", " on"]


def test_words_that_are_only_signs_agree_only_with_themselves() -> None:
    agreement = LocalAgreement()
    agreement.seen(words(" 🙂"))
    agreement.seen(words(" …"))
    assert agreement.settled == ()


def test_the_next_hypothesis_is_of_what_follows_the_settled() -> None:
    agreement = LocalAgreement()
    agreement.seen(words(" turn", " on"))
    agreement.seen(words(" turn", " on", " the"))
    agreement.seen(words(" the", " light", from_s=2))
    assert texts(agreement.settled) == [" turn", " on", " the"]
    assert texts(agreement.rest) == [" light"]


def test_words_can_be_settled_by_their_age() -> None:
    agreement = LocalAgreement()
    agreement.seen(words(" turn", " on", " the"))
    agreement.settle(until_s=2.5)
    assert texts(agreement.settled) == [" turn", " on"]
    assert texts(agreement.rest) == [" the"]


@given(st.lists(st.tuples(HEARD, st.booleans()), max_size=12))
def test_settled_words_only_grow_and_nothing_heard_last_is_lost(
    script: list[tuple[list[str], bool]],
) -> None:
    agreement = LocalAgreement()
    for heard, aged in script:
        before = agreement.settled
        agreement.seen(words(*heard, from_s=len(before)))
        if aged:
            agreement.settle(until_s=len(before) + 2)
        assert agreement.settled[: len(before)] == before
        assert texts(agreement.settled + agreement.rest) == texts(before) + heard


@given(HEARD, HEARD)
def test_two_hypotheses_settle_just_what_both_begin_with(one: list[str], other: list[str]) -> None:
    agreement = LocalAgreement()
    agreement.seen(words(*one))
    agreement.seen(words(*other))
    settled = len(agreement.settled)
    same = [
        a.strip(" ,").casefold() == b.strip(" ,").casefold()
        for a, b in zip(one, other, strict=False)
    ]
    assert settled == (same.index(False) if False in same else len(same))
