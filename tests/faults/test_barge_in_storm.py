"""Interruptions by the hundred: what they cancel is cancelled at the engines, nothing piles up.

The number of the row is that of docs/faults.md.
"""

import asyncio

import psutil
import pytest

from parley.caller import Caller
from tests.fakes.chat_chunks import pieces
from tests.fakes.openai_backend import Pause, Reply
from tests.faults.calls import calling, is_answered, note
from tests.faults.processes import connected_to
from tests.faults.rig import Rig
from tests.processes import until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

CALLS_AT_ONCE = 2
BARGE_INS = 100  # of each
EVERY_S = 0.15
FREE_WITHIN_S = 1.0
MAX_GROWTH_MB = 60
MAX_MORE_FILES = 12


async def test_two_hundred_interruptions_leave_nothing_running(rig: Rig) -> None:
    """Row 15."""
    async with calling(rig) as one, calling(rig) as other:
        await asyncio.gather(is_answered(one, "before"), is_answered(other, "before"))
        pids = connected_to(rig.worker, rig.ports["sfu"])
        jobs = [psutil.Process(pid) for pid in pids]
        before = [(job.num_fds(), job.memory_info().rss) for job in jobs]
        rig.main.llm.reply = lambda _: Reply(steps=[*pieces("On and on it goes. "), Pause(20.0)])
        asked = len(rig.main.llm.requests)
        await asyncio.gather(storm(one), storm(other))
        assert len(rig.main.llm.requests) - asked >= BARGE_INS, "they were not even asked"
        rig.main.llm.reply = rig.main.llm.usual
        await asyncio.gather(is_answered(one, "after"), is_answered(other, "after"))
        idle_s = await asyncio.to_thread(until, lambda: idle(rig), FREE_WITHIN_S)
        note("15: 200 interruptions, until every slot is free", idle_s)
        for job, (files, rss) in zip(jobs, before, strict=True):
            assert job.num_fds() - files <= MAX_MORE_FILES
            assert (job.memory_info().rss - rss) / 1e6 < MAX_GROWTH_MB


async def storm(caller: Caller) -> None:
    for number in range(BARGE_INS):
        await caller.type(f"no wait, number {number}")
        await asyncio.sleep(EVERY_S)


def idle(rig: Rig) -> bool:
    return not rig.main.llm.active and not rig.main.tts.active
