"""How many calls there are, of all and of one user."""

import asyncio
import time

import pytest

from backend.calls.open_calls import BELIEVED_S, CLAIM_S, FRESH_S, OpenCalls, is_of
from tests.backend.calls.sfu import FakeSfu


class Clock:
    def __init__(self) -> None:
        self.now_s = time.monotonic()

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("backend.calls.open_calls.time.monotonic", clock)
    return clock


@pytest.fixture
def sfu() -> FakeSfu:
    return FakeSfu()


@pytest.fixture
def calls(sfu: FakeSfu, clock: Clock) -> OpenCalls:
    return OpenCalls(sfu)


def test_a_rooms_name_tells_whose_it_is_to_us_alone(calls: OpenCalls) -> None:
    room = calls.claim("ann")
    assert is_of(room, "ann")
    assert not is_of(room, "ben")
    assert "ann" not in room
    assert calls.claim("ann") != room


async def test_a_token_counts_until_its_room_does(
    calls: OpenCalls, sfu: FakeSfu, clock: Clock
) -> None:
    room = calls.claim("ann")
    calls.claim("ben")
    assert (calls.count("ann"), calls.count()) == (1, 2)
    sfu.open = [room]
    await calls.look()
    assert (calls.count("ann"), calls.count()) == (1, 2)
    clock.now_s += CLAIM_S * 1.1  # Ben never came
    assert (calls.count("ann"), calls.count("ben"), calls.count()) == (1, 0, 1)


async def test_calls_of_other_backends_count_too(sfu: FakeSfu, clock: Clock) -> None:
    one, other = OpenCalls(sfu), OpenCalls(sfu)
    sfu.open = [one.claim("ann")]
    await other.look()
    assert other.count("ann") == 1


async def test_many_who_ask_are_one_look(calls: OpenCalls, sfu: FakeSfu, clock: Clock) -> None:
    await asyncio.gather(*(calls.look() for _ in range(50)))
    assert sfu.asked == 1
    clock.now_s += FRESH_S * 1.1
    await calls.look()
    assert sfu.asked == 2


async def test_what_was_seen_counts_a_while_without_the_sfu(
    calls: OpenCalls, sfu: FakeSfu, clock: Clock
) -> None:
    sfu.open = [calls.claim("ann")]
    await calls.look()
    sfu.down = True
    clock.now_s += BELIEVED_S * 0.9
    await calls.look()
    assert calls.count("ann") == 1
    clock.now_s += BELIEVED_S * 0.2
    await calls.look()
    assert calls.count("ann") == 0
