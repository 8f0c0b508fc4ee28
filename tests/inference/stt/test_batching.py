"""The batcher: who is stepped with whom, and what becomes of streams that fail or vanish."""

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pytest

from inference.stt import batching as batching_module
from inference.stt.batch_order import Priority
from inference.stt.batching import Batcher, Seat, StreamClosed, told
from inference.stt.engine import EngineFailed
from inference.stt.nemotron_runtime import Told, Work
from tests.fakes.counting_runtime import CHUNK, CountingRuntime
from tests.processes import until

ONES = np.ones(CHUNK, np.float32)
NOTHING = np.empty(0, np.float32)
LIVE, FILE = Priority.LIVE, Priority.FILE


@contextmanager
def batching(
    runtime: CountingRuntime,
    *,
    max_batch: int = 16,
    max_files: int = 8,
    steps: list[tuple[int, float, float]] | None = None,
) -> Iterator[Batcher]:
    def note(*step: float) -> None:
        if steps is not None:
            steps.append((int(step[0]), step[1], step[2]))

    batcher = Batcher(runtime, max_batch=max_batch, max_files=max_files, on_step=note)
    with batcher:
        try:
            yield batcher
        finally:
            runtime.gate.set()


def seat(batcher: Batcher, priority: Priority = LIVE) -> Seat:
    found = batcher.open(priority, None, wait_s=5)
    assert found
    return found


def hold(batcher: Batcher, runtime: CountingRuntime) -> Seat:
    """A stream whose step has begun and stays at the gate, so that others queue behind it."""
    first = seat(batcher)
    runtime.gate.clear()
    runtime.at_gate.clear()
    first.submit(ONES)
    assert runtime.at_gate.wait(5)
    return first


def heard(answer: Told) -> list[str]:
    return [piece.text for piece in answer.pieces]


def test_streams_that_wait_are_stepped_together_and_told_apart() -> None:
    runtime = CountingRuntime()
    with batching(runtime) as batcher:
        hold(batcher, runtime)
        answers = [seat(batcher).submit(ONES * n) for n in range(1, 6)]
        runtime.gate.set()
        assert [heard(told(answer)) for answer in answers] == [
            [f"▁{n * CHUNK}"] for n in range(1, 6)
        ]
    assert [len(batch) for batch in runtime.batches] == [1, 5]


def test_streams_that_are_behind_do_not_take_turns_in_halves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("inference.stt.batching.GATHER_SHARE", 10.0)  # for any busy machine
    runtime = CountingRuntime(step_s=0.05)

    def catch_up(one: Seat) -> None:
        for _ in range(5):
            one.step(ONES)

    with batching(runtime) as batcher, ThreadPoolExecutor(6) as clients:
        list(clients.map(catch_up, [seat(batcher) for _ in range(6)]))
    sizes = [len(batch) for batch in runtime.batches]
    assert sum(sizes) == 30
    assert sizes.count(6) >= 4  # all but the first step, which may have begun before all came


def test_without_batching_each_stream_is_stepped_alone() -> None:
    runtime = CountingRuntime()
    with batching(runtime, max_batch=1) as batcher:
        hold(batcher, runtime)
        answers = [seat(batcher).submit(ONES) for _ in range(4)]
        runtime.gate.set()
        assert [heard(told(answer)) for answer in answers] == [[f"▁{CHUNK}"]] * 4
    assert [len(batch) for batch in runtime.batches] == [1] * 5


def test_live_streams_go_before_files_and_files_still_get_their_turn() -> None:
    runtime = CountingRuntime(max_streams=32)
    with batching(runtime, max_batch=1) as batcher:
        hold(batcher, runtime)
        files = [seat(batcher, FILE) for _ in range(2)]
        live = [seat(batcher) for _ in range(6)]
        answers = [one.submit(ONES) for one in [*files, *live]]
        runtime.gate.set()
        for answer in answers:
            told(answer)
        kinds = {one.handle: one.priority for one in [*files, *live]}
    order = [kinds[batch[0]] for batch in runtime.batches[1:]]
    assert order == [LIVE, LIVE, LIVE, FILE, LIVE, LIVE, LIVE, FILE]


def test_a_bad_stream_fails_alone() -> None:
    runtime = CountingRuntime()
    with batching(runtime) as batcher:
        bad = seat(batcher)
        bad.step(ONES)
        assert bad.handle
        runtime.bad.add(bad.handle)
        hold(batcher, runtime)
        answers = [seat(batcher).submit(ONES) for _ in range(3)]
        failing = bad.submit(ONES)
        runtime.gate.set()
        assert [heard(told(answer)) for answer in answers] == [[f"▁{CHUNK}"]] * 3
        with pytest.raises(EngineFailed, match="a bad stream"):
            told(failing)
        with pytest.raises(EngineFailed, match="a bad stream"):
            bad.step(ONES)  # it missed a chunk: whatever it wrote now would be wrong
        assert heard(seat(batcher).step(ONES)) == [f"▁{CHUNK}"]


def test_a_step_that_breaks_fails_its_streams_and_no_others() -> None:
    runtime = CountingRuntime()
    with batching(runtime) as batcher:
        bystander, victim = seat(batcher), seat(batcher)
        bystander.step(ONES)
        runtime.error = ZeroDivisionError("oops")
        with pytest.raises(EngineFailed, match="ZeroDivisionError: oops"):
            victim.step(ONES)
        assert heard(bystander.step(ONES)) == [f"▁{2 * CHUNK}"]


def test_answers_that_are_not_one_a_stream_are_an_error() -> None:
    class Talkative(CountingRuntime):
        def step(self, work: list[Work]) -> list[Told]:  # type: ignore[override]
            return [*super().step(work), Told()]

    with (
        batching(Talkative()) as batcher,
        pytest.raises(EngineFailed, match="2 answers to 1 streams"),
    ):
        seat(batcher).step(ONES)


def test_closing_wakes_who_waits_and_takes_the_work_back() -> None:
    runtime = CountingRuntime()
    with batching(runtime) as batcher, ThreadPoolExecutor(1) as client:
        stepping = hold(batcher, runtime)
        waiting = seat(batcher)
        answer = waiting.submit(ONES)
        blocked = client.submit(told, answer)
        waiting.close()
        waiting.close()
        with pytest.raises(StreamClosed):
            blocked.result(timeout=5)  # while the step before it still runs
        stepping.close()
        with pytest.raises(StreamClosed):
            stepping.step(ONES)
        runtime.gate.set()
        assert heard(seat(batcher).step(ONES)) == [f"▁{CHUNK}"]
    assert [len(batch) for batch in runtime.batches] == [1, 1]


def test_live_streams_are_seated_before_files_and_only_where_there_is_room() -> None:
    runtime = CountingRuntime(max_streams=2)
    with batching(runtime, max_files=2) as batcher, ThreadPoolExecutor(2) as clients:
        first, _second = seat(batcher), seat(batcher)
        assert batcher.open(LIVE, None, wait_s=0) is None
        file = clients.submit(seat, batcher, FILE)
        live = clients.submit(seat, batcher, LIVE)
        while not batcher._live_waits:  # nobody but this test needs to know
            threading.Event().wait(0.001)
        first.close()
        live.result(timeout=5).close()
        file.result(timeout=5).close()


def test_files_hold_no_more_places_than_are_theirs() -> None:
    with batching(CountingRuntime(max_streams=4), max_files=1) as batcher:
        seat(batcher, FILE)
        assert batcher.open(FILE, None, wait_s=0) is None
        assert [seat(batcher) for _ in range(3)]


def test_no_place_is_lost_when_clients_vanish_at_any_moment() -> None:
    runtime = CountingRuntime(max_streams=8, step_s=0.0005)
    closers = ThreadPoolExecutor(4)

    def client(number: int) -> None:
        chance = random.Random(number)
        for _ in range(40):
            found = batcher.open(chance.choice((LIVE, FILE)), None, wait_s=20)
            assert found
            vanish = chance.random() < 0.5
            try:
                expected = 0
                for _ in range(chance.randrange(5)):
                    if vanish and chance.random() < 0.5:
                        closers.submit(found.close)
                    expected += CHUNK
                    assert heard(found.step(ONES)) == [f"▁{expected}"]
                assert heard(found.step(NOTHING, last=True)) == [f"▁{expected}"]
            except StreamClosed:
                assert vanish
            finally:
                found.close()

    with batching(runtime, max_files=4) as batcher:
        with ThreadPoolExecutor(16) as clients:
            for done in [clients.submit(client, number) for number in range(16)]:
                done.result(timeout=60)
        closers.shutdown()
        everything = [seat(batcher) for _ in range(8)]  # each place is free again
        assert len(everything) == batcher.seated == 8
        for one in everything:
            one.step(ONES)
        assert len(runtime.sums) == 8
        for one in everything:
            one.close()
        seat(batcher).step(ONES)
        assert len(runtime.sums) == 1
    assert max(map(len, runtime.batches)) > 1


def test_unloading_tells_those_who_wait_and_frees_the_model() -> None:
    runtime = CountingRuntime()
    with batching(runtime) as batcher:
        hold(batcher, runtime)
        waiting = seat(batcher)
        answer = waiting.submit(ONES)
    with pytest.raises(EngineFailed, match="unloaded"):
        told(answer)
    with pytest.raises(EngineFailed, match="not loaded"):
        waiting.step(ONES)
    with pytest.raises(EngineFailed, match="not loaded"):
        batcher.open(LIVE, None, wait_s=5)
    assert runtime.closed


def test_a_model_that_cannot_be_loaded_says_so_to_who_loads_it() -> None:
    class Missing(CountingRuntime):
        def load(self) -> None:
            raise EngineFailed("there is no encoder.onnx")

    with pytest.raises(EngineFailed, match=r"no encoder\.onnx"), batching(Missing()):
        pass


def test_a_model_that_loads_for_too_long_does_not_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow(CountingRuntime):
        def load(self) -> None:
            assert self.gate.wait(10)
            super().load()

    monkeypatch.setattr(batching_module, "LOAD_S", 0.05)
    runtime = Slow()
    runtime.gate.clear()
    with pytest.raises(EngineFailed, match="not loaded after"), batching(runtime):
        pass
    runtime.gate.set()
    until(lambda: runtime.closed)


def test_steps_are_measured() -> None:
    runtime = CountingRuntime(step_s=0.01)
    steps: list[tuple[int, float, float]] = []
    with batching(runtime, steps=steps) as batcher:
        hold(batcher, runtime)
        answers = [seat(batcher).submit(ONES) for _ in range(3)]
        threading.Event().wait(0.05)
        runtime.gate.set()
        for answer in answers:
            told(answer)
    assert [streams for streams, _, _ in steps] == [1, 3]
    assert steps[1][1] >= 0.05  # they waited for the first
    assert 0.01 <= steps[1][2] < 5
