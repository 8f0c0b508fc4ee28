import asyncio
from collections.abc import AsyncGenerator

import pytest
from livekit import rtc

from livekit_agent.underruns import Underruns

FRAME_S = 0.1


def frame() -> rtc.AudioFrame:
    samples = int(24_000 * FRAME_S)
    return rtc.AudioFrame(bytes(2 * samples), 24_000, 1, samples)


async def sound(*pauses_s: float) -> AsyncGenerator[rtc.AudioFrame]:
    """A frame after each pause."""
    for pause_s in pauses_s:
        await asyncio.sleep(pause_s)
        yield frame()


async def hear(
    underruns: Underruns, frames: AsyncGenerator[rtc.AudioFrame], speaks_after: int
) -> None:
    count = 0
    async for _ in underruns.watched(frames):
        count += 1
        if count == speaks_after:
            underruns.state_changed("speaking")
    underruns.state_changed("listening")


async def test_sound_that_comes_in_time_is_no_underrun() -> None:
    gaps: list[float] = []
    await hear(Underruns(gaps.append), sound(0, 0, 0, 0.05, 0.05, 0), speaks_after=1)
    assert gaps == []


async def test_a_gap_in_a_reply_is_told_with_its_length() -> None:
    gaps: list[float] = []
    await hear(Underruns(gaps.append), sound(0, 0, 0.6, 0), speaks_after=1)
    assert len(gaps) == 1
    assert gaps[0] == pytest.approx(0.4, abs=0.15)


async def test_waiting_for_the_turn_to_end_is_none() -> None:
    gaps: list[float] = []
    await hear(Underruns(gaps.append), sound(0, 0.3, 0.3), speaks_after=3)
    assert gaps == []


async def test_a_pause_of_the_reply_is_none() -> None:
    gaps: list[float] = []
    underruns = Underruns(gaps.append)

    async def paused() -> AsyncGenerator[rtc.AudioFrame]:
        for _ in range(5):
            yield frame()
        underruns.state_changed("listening")  # something was heard, and it was nothing
        await asyncio.sleep(0.6)
        underruns.state_changed("speaking")
        await asyncio.sleep(0.3)
        yield frame()

    await hear(underruns, paused(), speaks_after=1)
    assert gaps == []


async def test_who_stops_listening_stops_the_synthesis() -> None:
    closed = False

    async def endless() -> AsyncGenerator[rtc.AudioFrame]:
        nonlocal closed
        try:
            while True:
                yield frame()
        finally:
            closed = True

    watched = Underruns(lambda _: None).watched(endless())
    await anext(watched)
    await watched.aclose()
    assert closed
