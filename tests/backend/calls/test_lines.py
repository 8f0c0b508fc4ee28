"""Tokens are for lines that are free, also when many ask in the same instant."""

import time
from typing import Any

import httpx2
import pytest

from backend.calls.lines import CLAIM_S, Lines
from chassis.errors import Unavailable


def lines(active: int = 0) -> Lines:
    desk = Lines()
    tell(desk, {"calls": {"active": active, "most": 2}})
    return desk


def tell(desk: Lines, answer: dict[str, Any]) -> None:
    desk.seen(httpx2.Response(503, json=answer))  # whatever its readiness, a worker tells its calls


def taken(desk: Lines, asked: int) -> int:
    count = 0
    for _ in range(asked):
        try:
            desk.take()
            count += 1
        except Unavailable:
            pass
    return count


def test_a_rush_gets_as_many_tokens_as_there_are_lines() -> None:
    assert taken(lines(), 6) == 2


def test_a_refusal_says_when_to_ask_again() -> None:
    with pytest.raises(Unavailable) as refused:
        lines(active=2).take()
    assert (refused.value.error_code, refused.value.retry_after_s) == ("no_agent_available", 2)


def test_a_call_that_began_is_not_counted_twice() -> None:
    desk = lines()
    assert taken(desk, 1) == 1
    tell(desk, {"calls": {"active": 1, "most": 2}})
    assert taken(desk, 2) == 1


def test_a_token_nobody_used_frees_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = lines()
    assert taken(desk, 3) == 2
    later = time.monotonic() + CLAIM_S * 1.1
    monkeypatch.setattr("backend.calls.lines.time.monotonic", lambda: later)
    assert taken(desk, 1) == 1


@pytest.mark.parametrize("answer", [{}, {"calls": "many"}])
def test_a_worker_that_does_not_tell_refuses_nobody(answer: dict[str, Any]) -> None:
    desk = lines(active=2)
    tell(desk, answer)
    assert taken(desk, 9) == 9


def test_before_the_first_look_nobody_is_refused() -> None:
    assert taken(Lines(), 9) == 9
