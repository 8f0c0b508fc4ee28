"""Work beside the requests goes on whatever happens in one of its rounds."""

import asyncio

from backend.background import Rounds


class Counted(Rounds):
    EVERY_S = 0.001

    def __init__(self, done_at: int) -> None:
        self.rounds = 0
        self.done = asyncio.Event()
        self._done_at = done_at

    async def _round(self) -> None:
        self.rounds += 1
        if self.rounds == self._done_at:
            self.done.set()
        raise ValueError("a fault of ours")


async def test_a_round_that_fails_is_not_the_last() -> None:
    async with asyncio.timeout(5):
        async with Counted(3) as counted:
            await counted.done.wait()


async def test_no_round_begins_once_it_is_left() -> None:
    async with asyncio.timeout(5):
        async with Counted(1) as counted:
            await counted.done.wait()
    rounds = counted.rounds
    await asyncio.sleep(0.02)
    assert counted.rounds == rounds
