"""The line of those who wait."""

import time

import pytest

from backend.calls.queue import MAX_WAITING, PLACE_S, Key, Queue

ANN, BEN, CID = ("ann", "1"), ("ben", "1"), ("cid", "1")


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    clock.now_s = time.monotonic()
    monkeypatch.setattr("backend.calls.queue.time.monotonic", clock)
    return clock


def waiting(*keys: Key) -> Queue:
    queue = Queue()
    for place, key in enumerate(keys, start=1):
        assert queue.ask(key, 0) == place
    return queue


def test_nobody_waits_while_lines_are_free() -> None:
    queue = Queue()
    assert [queue.ask(key, free) for key, free in ((ANN, 2), (BEN, 1))] == [None, None]
    assert len(queue) == 0


def test_without_a_number_nobody_waits() -> None:
    queue = waiting(ANN)
    assert queue.ask(BEN, None) is None
    assert queue.ask(ANN, None) is None


def test_a_free_line_goes_to_who_came_first() -> None:
    queue = waiting(ANN, BEN)
    assert queue.ask(CID, 1) == 3
    assert queue.ask(BEN, 1) == 2
    assert queue.ask(ANN, 1) is None
    assert queue.ask(BEN, 0) == 1
    assert queue.ask(CID, 0) == 2


def test_as_many_go_as_lines_are_free() -> None:
    queue = waiting(ANN, BEN, CID)
    assert queue.ask(CID, 2) == 3
    assert queue.ask(BEN, 2) is None


def test_asking_again_keeps_the_place(clock: Clock) -> None:
    queue = waiting(ANN, BEN)
    for _ in range(5):
        clock.now_s += PLACE_S * 0.9
        assert queue.ask(BEN, 0) in (1, 2)
        assert queue.ask(ANN, 0) is not None
    assert queue.ask(CID, 0) == 3


def test_who_stops_asking_loses_the_place(clock: Clock) -> None:
    queue = waiting(ANN, BEN)
    clock.now_s += PLACE_S * 0.9
    assert queue.ask(BEN, 0) == 2
    clock.now_s += PLACE_S * 0.2
    assert queue.ask(CID, 1) == 2
    assert queue.ask(BEN, 1) is None


def test_the_line_has_an_end() -> None:
    queue = waiting(*((str(n), "") for n in range(MAX_WAITING)))
    assert queue.ask(ANN, 0) == MAX_WAITING + 1
    assert len(queue) == MAX_WAITING
