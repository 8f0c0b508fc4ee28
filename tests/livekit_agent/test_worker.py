"""Real workers at a real SFU, with engines that are down when a test says so."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import psutil
import pytest

from chassis.settings import LiveKitSettings
from livekit_agent import worker as worker_module
from livekit_agent.settings import AgentSettings
from tests.fakes.faults import Refuse
from tests.livekit_agent.worker_bed import Worker, WorkerBed, eventually, running_worker_bed
from tests.processes import free_port

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def bed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerBed]:
    with running_worker_bed(tmp_path_factory.mktemp("workers")) as bed:
        yield bed


@pytest.fixture
def healthy(bed: WorkerBed) -> Iterator[WorkerBed]:
    """The bed, its engines well again afterwards."""
    yield bed
    for proxy in (bed.main, bed.standby):
        bed.loop.run(proxy.clear())


@pytest.fixture
def worker(bed: WorkerBed) -> Iterator[Worker]:
    with bed.worker(max_calls=1) as worker:
        yield worker


@pytest.fixture
async def calls() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


async def test_four_calls_are_shared_by_two_workers(bed: WorkerBed, calls: AsyncExitStack) -> None:
    with bed.worker(max_calls=2) as one, bed.worker(max_calls=2) as other:
        for number in range(4):
            await calls.enter_async_context(bed.call(f"shared-{number}"))
        assert (one.calls(), other.calls()) == (2, 2)
        await calls.aclose()
        await eventually(lambda: one.calls() + other.calls() == 0)


async def test_what_a_call_counted_is_the_workers_to_tell(bed: WorkerBed, worker: Worker) -> None:
    async with bed.call("counted"):
        pass
    await eventually(lambda: worker.metric("parley_agent_calls_ended_total") == 1)
    assert worker.metric("parley_agent_call_client_request_seconds_count") > 0
    assert worker.metric("parley_agent_call_client_connections_total") > 0


async def test_a_full_worker_is_not_ready_until_a_line_is_free(
    bed: WorkerBed, worker: Worker
) -> None:
    async with bed.call("only"):
        await eventually(lambda: not worker.ready()["ready"])
        lines = next(d for d in worker.ready()["dependencies"] if d["name"] == "lines")
        assert "1 lines are busy" in lines["last_error"]
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3), bed.call("one-too-many"):
                pass
        assert worker.metric("parley_agent_calls_refused_total", reason="full") >= 1
    await eventually(lambda: bool(worker.ready()["ready"]))


async def test_a_standby_keeps_calls_coming(healthy: WorkerBed, worker: Worker) -> None:
    healthy.loop.run(healthy.main.inject(Refuse()))
    await eventually(lambda: worker.ready()["degraded"] == ["stt", "llm", "tts"])
    assert worker.ready()["ready"]
    async with healthy.call("by-the-standby"):
        assert worker.calls() == 1


async def test_without_any_engine_no_call_is_taken(healthy: WorkerBed, worker: Worker) -> None:
    for proxy in (healthy.main, healthy.standby):
        healthy.loop.run(proxy.inject(Refuse()))
    await eventually(lambda: not worker.ready()["ready"])
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(3), healthy.call("unanswered"):
            pass
    asked = (f"no_{stage}" for stage in ("stt", "llm", "tts"))  # whichever was looked at first
    assert sum(worker.metric("parley_agent_calls_refused_total", reason=r) for r in asked) >= 1
    for proxy in (healthy.main, healthy.standby):
        healthy.loop.run(proxy.clear())
    await eventually(lambda: bool(worker.ready()["ready"]))


@pytest.mark.parametrize("drain_s", [0, 2])
async def test_a_call_may_go_on_for_so_long_after_sigterm(bed: WorkerBed, drain_s: int) -> None:
    with bed.worker(drain_s=drain_s) as worker:
        async with bed.call(f"drained-{drain_s}"):
            worker.service.terminate()
            assert worker.service.process is not None
            status = await asyncio.to_thread(worker.service.process.wait, 30)
        assert status == 0
        assert "worker_stopped" in worker.service.log.read_text()
        assert worker.service.family() == []


async def test_a_second_signal_ends_it_at_once(bed: WorkerBed) -> None:
    with bed.worker() as worker:
        async with bed.call("cut"):
            family = worker.service.family()
            worker.service.terminate()
            await eventually(lambda: not worker.ready()["ready"])
            worker.service.terminate()
            assert worker.service.process is not None
            status = await asyncio.to_thread(worker.service.process.wait, 10)
            assert status == -signal.SIGTERM
            _, alive = await asyncio.to_thread(psutil.wait_procs, family, 15)
            assert alive == []


async def test_a_worker_that_gives_up_says_so_with_its_exit_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    livekit = LiveKitSettings(
        url=f"ws://127.0.0.1:{free_port()}", api_key="APIgone", api_secret="s" * 43
    )
    settings = AgentSettings(port=free_port(), sdk_port=free_port(), idle_processes=0)
    worker = worker_module.Worker(settings, livekit)
    worker._server._max_retry = 0  # the SDK's two minutes are not ours to wait
    async with asyncio.timeout(30):
        assert await worker.run() == worker_module.EXIT_GAVE_UP
