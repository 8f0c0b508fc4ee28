"""A user who must not go on is in no call any more."""

import asyncio

import pytest

from backend.calls.ending import CallEnder
from backend.calls.open_calls import OpenCalls
from tests.backend.calls.sfu import FakeSfu

WITHIN_S = 10.0


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.calls.ending.LOOK_AGAIN_S", 0.01)


async def test_the_calls_of_that_user_end_and_no_others() -> None:
    sfu = FakeSfu()
    calls = OpenCalls(sfu)
    anns, bens = calls.claim("ann"), calls.claim("ben")
    sfu.open = [anns, bens]
    async with CallEnder(sfu, token_ttl_s=60) as ender:
        await ender.user_gone("ann")
    assert sfu.open == [bens]


async def test_a_token_that_was_left_opens_nothing_for_long() -> None:
    sfu = FakeSfu()
    late = OpenCalls(sfu).claim("ann")
    async with CallEnder(sfu, token_ttl_s=60) as ender:
        await ender.user_gone("ann")
        sfu.open = [late]
        await asyncio.wait_for(sfu.closed.wait(), WITHIN_S)


async def test_an_sfu_that_is_away_is_asked_again() -> None:
    sfu = FakeSfu()
    sfu.open, sfu.down = [OpenCalls(sfu).claim("ann")], True
    async with CallEnder(sfu, token_ttl_s=60) as ender:
        await ender.user_gone("ann")
        assert sfu.open
        sfu.down = False
        await asyncio.wait_for(sfu.closed.wait(), WITHIN_S)


async def test_who_may_call_again_is_left_alone() -> None:
    sfu = FakeSfu()
    calls = OpenCalls(sfu)
    async with CallEnder(sfu, token_ttl_s=60) as ender:
        await ender.user_gone("ann")
        await ender.user_gone("ben")
        ender.user_back("ann")
        anns, bens = calls.claim("ann"), calls.claim("ben")
        sfu.open = [anns, bens]
        await asyncio.wait_for(sfu.closed.wait(), WITHIN_S)
        await ender.user_gone("carl")  # looks at all once more
    assert sfu.open == [anns]
