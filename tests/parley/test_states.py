"""Decisions about services."""

import json

import pytest

from parley.states import Backoff, State, condition_of_answer, condition_of_silence


def _answer(*dependencies: dict[str, object]) -> bytes:
    return json.dumps({"ready": False, "dependencies": dependencies}).encode()


def test_the_wait_doubles_up_to_a_limit() -> None:
    backoff = Backoff(first_s=0.2, most_s=10)
    delays = [0.2]
    for _ in range(7):
        delays.append(backoff.next_delay(delays[-1], up_s=0.1))
    assert delays == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10, 10]


def test_the_first_wait_is_the_shortest() -> None:
    assert Backoff().next_delay(None, up_s=0) == Backoff().first_s


def test_a_service_that_stayed_up_starts_afresh() -> None:
    backoff = Backoff(steady_s=30)
    assert backoff.next_delay(6.4, up_s=29) == 10
    assert backoff.next_delay(6.4, up_s=30) == backoff.first_s


def test_plain_text_with_200_is_ready() -> None:
    assert condition_of_answer(200, b"OK").state == State.READY


def test_ready_without_an_optional_part_says_so() -> None:
    body = _answer({"name": "tts", "state": "unready", "required": False, "last_error": "refused"})
    condition = condition_of_answer(200, body)
    assert (condition.state, condition.detail) == (State.READY, "without tts")


def test_what_is_waited_for_is_named_with_its_error() -> None:
    body = _answer(
        {"name": "sfu", "state": "unready", "required": True, "last_error": "refused"},
        {"name": "llm", "state": "ready", "required": True, "last_error": "an old one"},
        {"name": "memory", "state": "unready", "required": False, "last_error": None},
    )
    condition = condition_of_answer(503, body)
    assert condition.label == "waiting for sfu"
    assert condition.detail == "sfu: refused"


@pytest.mark.parametrize("engine", ["engine", "stt_engine"])
def test_an_engine_that_is_not_there_yet_is_loading(engine: str) -> None:
    body = _answer({"name": engine, "state": "unknown", "required": True, "last_error": None})
    assert condition_of_answer(503, body).state == State.LOADING


def test_a_refusal_in_any_other_words_is_waiting() -> None:
    for body in (b"", b"<html>", b"[]", b'{"dependencies": 3}'):
        condition = condition_of_answer(406, body)
        assert (condition.state, condition.detail) == (State.WAITING, "it answered 406")


def test_silence_is_normal_only_before_the_first_answer() -> None:
    assert condition_of_silence("refused", was_up=False).state == State.STARTING
    condition = condition_of_silence("refused", was_up=True)
    assert (condition.state, condition.detail) == (State.NOT_ANSWERING, "refused")
