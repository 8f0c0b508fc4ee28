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


@given(st.lists(st.lists(st.sampled_from("abc"), max_size=6), max_size=30))
def test_settled_words_only_grow(hypotheses: list[list[str]]) -> None:
    agreement = Agreement()
    before: list[str] = []
    for words in hypotheses:
        now = agreement.seen(words, []).stable.split()
        assert now[: len(before)] == before
        before = now
