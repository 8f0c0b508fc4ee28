"""Settled words are those hypotheses agree on, and never change again."""

from hypothesis import given
from hypothesis import strategies as st

from inference.stt.agreement import AGREEING, Agreement
from inference.stt.engine import Hypothesis


def test_a_word_is_settled_once_enough_hypotheses_share_it() -> None:
    agreement = Agreement()
    said = [agreement.seen(["set"], ["a"]).stable for _ in range(AGREEING)]
    assert said == [""] * (AGREEING - 1) + ["set"]


def test_a_fresh_word_waits() -> None:
    agreement = Agreement()
    for _ in range(AGREEING):
        seen = agreement.seen(["set"], ["a"])
    assert seen == Hypothesis(stable="set", unstable="a")


def test_a_contradiction_settles_nothing_and_unsettles_nothing() -> None:
    agreement = Agreement()
    for _ in range(AGREEING):
        agreement.seen(["set", "a"], [])
    for _ in range(AGREEING):
        seen = agreement.seen(["get", "a", "timer"], [])
    assert seen == Hypothesis(stable="set a", unstable="")


def test_in_a_hurry_the_first_word_is_settled_at_once() -> None:
    agreement = Agreement()
    assert agreement.seen([], [], hurry=True) == Hypothesis()
    assert agreement.seen([], ["set", "a"], hurry=True) == Hypothesis(stable="set", unstable="a")


def test_words_after_a_first_one_that_was_guessed_wrong_still_come() -> None:
    agreement = Agreement()
    agreement.seen([], ["get"], hurry=True)
    for _ in range(AGREEING):
        seen = agreement.seen(["set", "a"], ["timer"])
    assert seen == Hypothesis(stable="get a", unstable="timer")


@given(
    st.lists(
        st.tuples(
            st.lists(st.sampled_from("abc"), max_size=6),
            st.lists(st.sampled_from("abc"), max_size=2),
            st.booleans(),
        ),
        max_size=30,
    )
)
def test_settled_words_only_grow(hypotheses: list[tuple[list[str], list[str], bool]]) -> None:
    agreement = Agreement()
    before: list[str] = []
    for old, fresh, hurry in hypotheses:
        now = agreement.seen(old, fresh, hurry=hurry).stable.split()
        assert now[: len(before)] == before
        before = now
