import asyncio
import time

import pytest

from livekit_agent.load import LAG_LIMIT_S, MAX_LOAD, LoopLag, Refusal, load_of, refusal_of
from livekit_agent.stages import StageName


@pytest.mark.parametrize(
    ("calls", "max_calls", "queue_share", "lag_s", "load"),
    [
        (0, 8, 0.0, 0.0, 0.0),
        (2, 8, 0.0, 0.0, 0.25),
        (2, 8, 0.5, 0.0, 0.5),  # the engines are busier than the calls tell
        (6, 8, 0.5, 0.0, 0.75),
        (0, 8, 0.0, 0.4, 0.4),
        (1, 1, 0.0, 0.0, MAX_LOAD),  # at 1 the SFU would not even ask
        (9, 8, 7.0, 30.0, MAX_LOAD),
        (0, 8, 3.0, 0.0, MAX_LOAD),
        (0, 8, 0.0, LAG_LIMIT_S, MAX_LOAD),
    ],
)
def test_load_is_the_worst_of_calls_queues_and_lag(
    calls: int, max_calls: int, queue_share: float, lag_s: float, load: float
) -> None:
    assert load_of(calls, max_calls, queue_share, lag_s) == pytest.approx(load)


@pytest.mark.parametrize(
    ("calls", "is_draining", "silent", "lag_s", "refusal"),
    [
        (0, False, [], 0.0, None),
        (1, False, [], 0.9, None),
        (2, False, [], 0.0, "full"),
        (3, False, [], 0.0, "full"),
        (0, True, [], 0.0, "draining"),
        (2, True, ["llm"], 5.0, "draining"),  # what ends last is said first
        (0, False, ["stt"], 0.0, "no_stt"),
        (0, False, ["llm", "tts"], 0.0, "no_llm"),
        (0, False, ["tts"], 2.0, "no_tts"),
        (0, False, [], 1.1, "lagging"),
    ],
)
def test_a_call_that_cannot_be_served_is_refused_with_the_reason(
    calls: int, is_draining: bool, silent: list[StageName], lag_s: float, refusal: Refusal | None
) -> None:
    why = refusal_of(
        calls=calls, max_calls=2, is_draining=is_draining, silent_stages=silent, lag_s=lag_s
    )
    assert why == refusal


async def test_a_blocked_loop_is_seen_from_another_thread_while_it_is_blocked() -> None:
    async with LoopLag() as lag:
        await asyncio.sleep(0.01)
        watching = asyncio.get_running_loop().run_in_executor(None, _worst_within, lag, 0.9)
        time.sleep(1.0)  # noqa: ASYNC251  # the fault under test
        assert await watching > 0.5


async def test_a_stall_is_remembered_when_it_is_over() -> None:
    async with LoopLag() as lag:
        await asyncio.sleep(0.01)
        time.sleep(0.8)  # noqa: ASYNC251  # the fault under test
        await asyncio.sleep(0.3)
        assert lag.seconds > 0.4


def _worst_within(lag: LoopLag, seconds: float) -> float:
    worst, ends_at = 0.0, time.monotonic() + seconds
    while time.monotonic() < ends_at:
        worst = max(worst, lag.seconds)
        time.sleep(0.02)
    return worst
