"""Tokens are for lines that are free, also when many ask in the same instant."""

import time
from typing import Any

import httpx2
import pytest

from backend.calls.lines import CLAIM_S, Lines


def lines(active: int = 0) -> Lines:
    desk = Lines()
    tell(desk, {"calls": {"active": active, "most": 2}})
    return desk


def tell(desk: Lines, answer: dict[str, Any]) -> None:
    desk.seen(httpx2.Response(503, json=answer))  # whatever its readiness, a worker tells its calls


def test_what_is_handed_out_is_free_no_more() -> None:
    desk = lines()
    assert desk.free() == 2
    desk.claim()
    assert desk.free() == 1
    desk.claim()
    desk.claim()
    assert desk.free() == 0


def test_a_call_that_began_is_not_counted_twice() -> None:
    desk = lines()
    desk.claim()
    tell(desk, {"calls": {"active": 1, "most": 2}})
    assert desk.free() == 1


def test_a_token_nobody_used_frees_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = lines()
    desk.claim()
    later = time.monotonic() + CLAIM_S * 1.1
    monkeypatch.setattr("backend.calls.lines.time.monotonic", lambda: later)
    assert desk.free() == 2


@pytest.mark.parametrize("answer", [{}, {"calls": "many"}])
def test_a_worker_that_does_not_tell_has_no_number(answer: dict[str, Any]) -> None:
    desk = lines(active=2)
    tell(desk, answer)
    assert desk.free() is None


def test_before_the_first_look_there_is_no_number() -> None:
    assert Lines().free() is None
