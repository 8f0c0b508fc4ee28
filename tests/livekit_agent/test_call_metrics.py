import asyncio
import multiprocessing

import pytest

from chassis.ended import EndedReason
from chassis.metrics import Metrics
from livekit_agent.call_metrics import CallMetrics
from livekit_agent.call_numbers import CallNumbers, NumbersSender
from livekit_agent.events import TurnEvent
from livekit_agent.stages import StageChange
from tests.processes import until

WITHIN_S = 20.0


def turn(**instants: float) -> TurnEvent:
    return TurnEvent(preemptive=True, discarded=2, fallbacks=[], interrupted=False, **instants)


def hold_a_call(address: str) -> None:
    """What a call's process does with its numbers."""
    counted, asked = Metrics("agent"), Metrics("agent_call")
    sender = NumbersSender(address, [counted.registry, asked.registry])
    calls = CallMetrics(counted, sender.send)
    asked.client_connections_total.labels("llm:1").inc()
    calls.turn(turn(llm_ttft_s=0.2))
    calls.turn(turn(llm_ttft_s=0.4, tts_ttfb_s=0.1))
    calls.stage_changed(StageChange(stage="llm", state="fallback", engine="standby"))
    calls.interrupted("real")
    calls.ran_dry(0.25)
    calls.ended(EndedReason.USER_HUNG_UP)


@pytest.fixture
def metrics() -> Metrics:
    return Metrics("agent")


def sample(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(f"parley_agent_{name}", labels)


async def until_ended(metrics: Metrics, calls: int) -> None:
    def ended() -> bool:
        return sample(metrics, "calls_ended_total", reason="user_hung_up") == calls

    await asyncio.to_thread(until, ended, WITHIN_S)


@pytest.fixture
def call() -> multiprocessing.context.SpawnContext:
    return multiprocessing.get_context("spawn")


async def test_numbers_of_calls_in_other_processes_are_the_workers(
    metrics: Metrics, call: multiprocessing.context.SpawnContext
) -> None:
    async with CallNumbers(metrics) as numbers:
        for _ in range(2):
            process = call.Process(target=hold_a_call, args=(numbers.address,))
            process.start()
            await asyncio.to_thread(process.join, WITHIN_S)
            assert process.exitcode == 0
        await until_ended(metrics, 2)
    assert sample(metrics, "turn_stage_seconds_count", stage="llm_ttft") == 4
    assert sample(metrics, "turn_stage_seconds_sum", stage="llm_ttft") == pytest.approx(1.2)
    assert sample(metrics, "turn_stage_seconds_bucket", stage="llm_ttft", le="0.3") == 2
    assert sample(metrics, "turn_stage_seconds_bucket", stage="llm_ttft", le="+Inf") == 4
    assert sample(metrics, "turn_stage_seconds_count", stage="tts_ttfb") == 2
    assert sample(metrics, "preemptive_total", outcome="discarded") == 8
    assert sample(metrics, "preemptive_total", outcome="used") == 4
    assert sample(metrics, "fallbacks_total", stage="llm", state="fallback") == 2
    assert sample(metrics, "interruptions_total", kind="real") == 2
    assert sample(metrics, "tts_underruns_total") == 2
    assert sample(metrics, "tts_underrun_seconds_total") == pytest.approx(0.5)
    assert sample(metrics, "call_client_connections_total", peer="llm:1") == 2
    text = metrics.render().decode()
    assert text.count("# TYPE parley_agent_turn_stage_seconds histogram") == 1


async def test_all_that_calls_can_count_is_told_before_the_first_call(metrics: Metrics) -> None:
    counted, called = Metrics("agent"), Metrics("agent")
    CallMetrics(counted)
    async with CallNumbers(metrics, [counted.registry]) as numbers:
        for kind in ("real", "false", "backchannel"):
            assert sample(metrics, "interruptions_total", kind=kind) == 0
        assert sample(metrics, "fallbacks_total", stage="tts", state="down") == 0
        assert sample(metrics, "calls_ended_total", reason="user_hung_up") == 0
        calls = CallMetrics(called, NumbersSender(numbers.address, [called.registry]).send)
        calls.ended(EndedReason.USER_HUNG_UP)
        await until_ended(metrics, 1)
    assert sample(metrics, "calls_ended_total", reason="user_left") == 0


async def test_what_the_worker_had_no_room_for_comes_with_the_next_message(
    metrics: Metrics,
) -> None:
    counted = Metrics("agent")
    async with CallNumbers(metrics) as numbers:
        calls = CallMetrics(counted, NumbersSender(numbers.address, [counted.registry]).send)
        for _ in range(1000):  # nobody reads meanwhile: the loop is ours
            calls.turn(turn(llm_ttft_s=0.2))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        calls.ended(EndedReason.USER_HUNG_UP)
        await until_ended(metrics, 1)
    assert sample(metrics, "turn_stage_seconds_count", stage="llm_ttft") == 1000


async def test_a_call_goes_on_when_the_worker_is_gone(metrics: Metrics) -> None:
    counted = Metrics("agent")
    async with CallNumbers(metrics) as numbers:
        calls = CallMetrics(counted, NumbersSender(numbers.address, [counted.registry]).send)
    calls.turn(turn(llm_ttft_s=0.2))
    calls.ended(EndedReason.USER_HUNG_UP)
