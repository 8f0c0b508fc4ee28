"""Slots bound what runs and what waits, let clients take turns, and are never lost."""

import asyncio
import random
import threading

import pytest

from chassis.errors import RateLimited
from chassis.metrics import Metrics
from inference.slots import BATCH, LIVE, NORMAL, SlotMeasures, Slots


def slots(count: int, queue_limit: int = 100) -> Slots:
    return Slots(count, queue_limit, SlotMeasures(Metrics("test")))


async def test_no_more_run_at_once_than_there_are_slots() -> None:
    made = slots(2)
    running = most = 0
    lock = threading.Lock()

    def work() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        threading.Event().wait(0.01)
        with lock:
            running -= 1

    await asyncio.gather(*(made.run(work) for _ in range(10)))
    assert most == 2
    assert (made.busy, made.waiting) == (0, 0)


async def test_a_full_queue_refuses_at_once() -> None:
    made = slots(1, queue_limit=1)
    gate = threading.Event()
    first = asyncio.create_task(made.run(gate.wait, 10))
    second = asyncio.create_task(made.run(gate.wait, 10))
    while made.waiting < 1:  # noqa: ASYNC110 - a queue has no event
        await asyncio.sleep(0)
    with pytest.raises(RateLimited) as refused:
        await made.run(gate.wait)
    assert refused.value.error_code == "queue_full"
    assert refused.value.retry_after_s
    gate.set()
    assert tuple(await asyncio.gather(first, second)) == (True, True)


async def test_clients_take_turns() -> None:
    made = slots(1)
    gate = threading.Event()
    done: list[str] = []
    holding = asyncio.create_task(made.run(gate.wait, 10))
    await asyncio.sleep(0)

    def work(name: str) -> None:
        done.append(name)

    greedy = [asyncio.create_task(made.run_for("a", None, work, f"a{n}")) for n in range(5)]
    await asyncio.sleep(0)
    modest = asyncio.create_task(made.run_for("b", None, work, "b0"))
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(holding, modest, *greedy)
    assert done == ["a0", "b0", "a1", "a2", "a3", "a4"]


async def test_who_waits_too_long_is_told_to_come_again() -> None:
    made = slots(1)
    async with made.slot():
        with pytest.raises(RateLimited) as refused:
            async with made.slot(within_s=0.01):
                raise AssertionError("there was no slot")
    assert refused.value.error_code == "queue_timeout"
    assert (made.busy, made.waiting) == (0, 0)


async def test_a_slot_is_free_only_when_the_thread_of_a_cancelled_caller_ends() -> None:
    made = slots(1)
    gate = threading.Event()
    caller = asyncio.create_task(made.run(gate.wait, 10))
    while made.busy == 0:  # noqa: ASYNC110 - a slot has no event
        await asyncio.sleep(0)
    caller.cancel()
    await asyncio.gather(caller, return_exceptions=True)
    assert made.busy == 1
    gate.set()
    async with asyncio.timeout(5):
        async with made.slot():
            assert made.busy == 1
    assert made.busy == 0


async def test_callers_that_come_and_go_at_random_leave_every_slot_free() -> None:
    chance = random.Random(4)
    made = slots(3, queue_limit=50)

    async def caller() -> None:
        await asyncio.sleep(chance.random() * 0.05)
        await made.run_for(chance.choice("abc"), 1.0, threading.Event().wait, 0.001)

    callers = [asyncio.create_task(caller()) for _ in range(200)]
    for task in chance.sample(callers, 100):
        asyncio.get_running_loop().call_later(chance.random() * 0.06, task.cancel)
    await asyncio.gather(*callers, return_exceptions=True)
    async with asyncio.timeout(5):
        async with made.slot(), made.slot(), made.slot():
            assert made.busy == 3
    assert (made.busy, made.waiting) == (0, 0)


async def test_more_slots_let_in_who_waits() -> None:
    made = slots(1)
    async with made.slot():
        waiting = asyncio.create_task(made.run(lambda: "in"))
        await asyncio.sleep(0)
        made.resize(2)
        assert await waiting == "in"


async def queue_of(made: Slots, names: str, done: list[str]) -> list[asyncio.Task[None]]:
    """Callers in this order: l(ive), n(ormal), b(atch); each tells when it had its turn."""

    async def caller(name: str) -> None:
        async with made.slot(priority={"l": LIVE, "n": NORMAL, "b": BATCH}[name]):
            done.append(name)

    callers = [asyncio.create_task(caller(name)) for name in names]
    await asyncio.sleep(0)
    return callers


async def test_the_urgent_go_first() -> None:
    made = slots(1)
    done: list[str] = []
    async with made.slot():
        callers = await queue_of(made, "bnlbnl", done)
    await asyncio.gather(*callers)
    assert "".join(done) == "llnnbb"


async def test_who_is_not_urgent_gets_a_turn_all_the_same() -> None:
    made = slots(1)
    done: list[str] = []
    async with made.slot():
        callers = await queue_of(made, "b" + "l" * 20, done)
    await asyncio.gather(*callers)
    assert done.index("b") == 7


async def test_a_full_queue_makes_room_for_the_more_urgent() -> None:
    made = slots(1, queue_limit=2)
    done: list[str] = []
    async with made.slot():
        callers = await queue_of(made, "bbl", done)
        with pytest.raises(RateLimited) as refused:
            async with made.slot(priority=BATCH):
                raise AssertionError("the queue was full")
    outcomes = await asyncio.gather(*callers, return_exceptions=True)
    assert refused.value.error_code == "queue_full"
    assert [isinstance(outcome, RateLimited) for outcome in outcomes] == [False, True, False]
    assert "".join(done) == "lb"
    assert (made.busy, made.waiting) == (0, 0)
