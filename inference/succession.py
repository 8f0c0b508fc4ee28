"""Which model is tried after which, and when again: at the start, and after one died."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Container, Sequence
from itertools import chain, repeat

from chassis.weights.settings import ModelStoreSettings
from inference.candidates import Candidate, E
from inference.status_board import StatusBoard

AGAIN_S = 60.0  # a hub that is down now may be there in a minute
# After a download that failed: what came is kept, so trying again costs little.
BETTER_AGAIN_S = (2.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0)
DEAR_AGAIN_S = 60.0  # at least, where a file came wrong or the engine failed
LOOP = 3  # deaths within LOOP_S: it is not brought back at once
LOOP_S = 60.0

Bring = Callable[[Candidate[E]], Awaitable[bool]]  # whether it serves now


class Deaths:
    """The latest ones, by model."""

    def __init__(self) -> None:
        self._at_s: dict[str, deque[float]] = {}

    def loops(self, model: str) -> bool:
        """It died just now: whether that was one time too often."""
        at_s = self._at_s.setdefault(model, deque(maxlen=LOOP))
        at_s.append(time.monotonic())
        return len(at_s) == LOOP and at_s[-1] - at_s[0] < LOOP_S


async def bring_first(
    candidates: Sequence[Candidate[E]],
    bring: Bring[E],
    is_away: Callable[[Candidate[E]], bool],
    board: StatusBoard,
) -> None:
    """The best of them; the very best again later, if only the hub was away."""
    for candidate in candidates:
        if await bring(candidate):
            break
    while is_away(candidates[0]):
        board.again(candidates[0].model, AGAIN_S)
        await asyncio.sleep(AGAIN_S)
        await bring(candidates[0])


async def bring_better(
    wanted: Candidate[E], bring: Bring[E], board: StatusBoard, settings: ModelStoreSettings
) -> None:
    """What is to take over, however often its download fails."""
    if settings.offline and wanted.weights:
        board.kept_away(wanted.weights)
        return
    waits_s = chain(BETTER_AGAIN_S, repeat(BETTER_AGAIN_S[-1]))
    while not await bring(wanted):
        wait_s = next(waits_s)
        if board.failed_dearly:
            wait_s = max(wait_s, DEAR_AGAIN_S)
        board.again(wanted.model, wait_s)
        await asyncio.sleep(wait_s)


async def bring_back(
    died: Candidate[E],
    candidates: Sequence[Candidate[E]],
    bring: Bring[E],
    failures: Container[str],
    *,
    coming: Candidate[E] | None,
) -> None:
    """What died, where it is not among the `failures`, else the best other, and it again later.

    `coming` was on its way meanwhile, and is to serve in the end.
    """
    if died.model in failures or not await bring(died):
        for other in candidates:
            if other.model != died.model and await bring(other):
                break
    if coming and await bring(coming):
        return
    while died.model in failures:
        await asyncio.sleep(AGAIN_S)
        await bring(died)
