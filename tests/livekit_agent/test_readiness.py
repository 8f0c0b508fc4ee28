import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from chassis.health import Health
from chassis.metrics import Metrics
from livekit_agent.readiness import EngineWatch, waiting_in
from livekit_agent.settings import AgentSettings

QUEUE = """# TYPE parley_llm_queue_depth gauge
parley_llm_queue_depth{lane="all"} 3.0
parley_llm_queue_depth{lane="embeddings"} 1.0
parley_llm_slots{lane="all"} 2.0
vllm_queue_depth 9.0
"""


class Engines(httpx2.AsyncBaseTransport):
    """Engines by host name; all of them well, and ours, until a test says otherwise."""

    def __init__(self) -> None:
        self.down: set[str] = set()
        self.loading: set[str] = set()
        self.foreign: set[str] = set()
        self.keyless: set[str] = set()
        self.silent: set[str] = set()
        self.asked: list[tuple[str, str]] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        host, path = request.url.host, request.url.path
        self.asked.append((host, path))
        if host in self.down:
            raise httpx2.ConnectError("refused", request=request)
        if host in self.silent:
            await asyncio.sleep(60)
        if path == "/health/ready":
            status = 404 if host in self.foreign else 503 if host in self.loading else 200
            return httpx2.Response(status, request=request)
        if path == "/v1/models":
            return httpx2.Response(401 if host in self.keyless else 200, request=request)
        assert path == "/metrics"
        assert host not in self.foreign, "theirs may be large, and says nothing of ours"
        return httpx2.Response(200, text=QUEUE if host == "llm" else "", request=request)


class Bench:
    """A watch over the engines, looked at when a test says so."""

    def __init__(self, engines: Engines, client: httpx2.AsyncClient) -> None:
        self.engines = engines
        metrics = Metrics("agent")
        self.health = Health("agent", metrics)
        urls = {f"{stage}_url": f"http://{stage}/v1" for stage in ("stt", "llm", "tts", "standby")}
        settings = AgentSettings(**urls)  # type: ignore[arg-type]  # addresses only
        self.watch = EngineWatch(settings, client, self.health, metrics)
        self.metrics = metrics

    async def look(self) -> None:
        for engine in (*self.watch.main.values(), self.watch.standby):
            engine._looked_at_s = float("-inf")
        await asyncio.gather(*map(self.health.check, self.health.dependencies.values()))


@pytest.fixture
async def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    monkeypatch.chdir(tmp_path)
    engines = Engines()
    async with httpx2.AsyncClient(transport=engines) as client:
        yield Bench(engines, client)


async def test_it_is_ready_when_every_engine_answers(bench: Bench) -> None:
    await bench.look()
    assert bench.health.ready
    report = bench.health.report()
    assert report["degraded"] == []
    assert report["engines"]["stt"]["main"]["state"] == "ready"
    assert report["engines"]["stt"]["standby"]["state"] == "ready"
    assert bench.watch.silent_stages() == []


@pytest.mark.parametrize("stage", ["stt", "llm", "tts"])
async def test_the_standby_keeps_it_ready_and_the_report_says_so(bench: Bench, stage: str) -> None:
    bench.engines.down.add(stage)
    await bench.look()
    assert bench.health.ready
    report = bench.health.report()
    assert report["degraded"] == [stage]
    assert report["engines"][stage]["main"]["state"] == "unready"
    assert "refused" in report["engines"][stage]["main"]["last_error"]
    assert report["engines"][stage]["standby"]["state"] == "ready"
    assert bench.watch.silent_stages() == []


async def test_it_needs_no_standby_while_the_engines_are_well(bench: Bench) -> None:
    bench.engines.down.add("standby")
    await bench.look()
    assert bench.health.ready
    assert bench.watch.silent_stages() == []


async def test_a_stage_that_nothing_answers_makes_it_unready_with_both_reasons(
    bench: Bench,
) -> None:
    bench.engines.loading.add("llm")
    bench.engines.down.add("standby")
    await bench.look()
    assert not bench.health.ready
    assert bench.watch.silent_stages() == ["llm"]
    error = bench.health.dependencies["llm"].last_error
    assert error is not None
    assert "503" in error
    assert "refused" in error


async def test_it_is_ready_again_when_an_engine_is_back(bench: Bench) -> None:
    bench.engines.down.update({"llm", "standby"})
    await bench.look()
    assert not bench.health.ready
    bench.engines.down.clear()
    await bench.look()
    assert bench.health.ready
    assert bench.watch.degraded() == []


async def test_an_engine_that_hangs_does_not_hold_the_others_up(bench: Bench) -> None:
    bench.engines.silent.add("llm")
    async with asyncio.timeout(5):
        await bench.look()
    assert bench.health.ready
    assert bench.watch.degraded() == ["llm"]


async def test_a_foreign_engine_is_asked_for_its_models(bench: Bench) -> None:
    bench.engines.foreign.add("llm")
    await bench.look()
    assert bench.watch.degraded() == []
    assert ("llm", "/v1/models") in bench.engines.asked


async def test_an_engine_that_refuses_our_key_is_down(bench: Bench) -> None:
    bench.engines.foreign.add("llm")
    bench.engines.keyless.add("llm")
    await bench.look()
    assert bench.watch.degraded() == ["llm"]


async def test_the_standby_is_asked_once_for_all_three_stages(bench: Bench) -> None:
    await bench.look()
    assert bench.engines.asked.count(("standby", "/health/ready")) == 1


async def test_queues_of_our_engines_are_known(bench: Bench) -> None:
    await bench.look()
    assert bench.watch.queued() == 4
    bench.engines.down.add("llm")
    await bench.look()
    assert bench.watch.queued() == 0, "who does not answer has no queue"


async def test_each_engine_is_a_metric(bench: Bench) -> None:
    bench.engines.down.add("tts")
    await bench.look()
    text = bench.metrics.render().decode()
    assert 'parley_agent_engine_ready{engine="tts"} 0.0' in text
    assert 'parley_agent_engine_ready{engine="standby"} 1.0' in text


def test_only_our_own_queues_are_counted() -> None:
    assert waiting_in(QUEUE) == 4
    assert waiting_in("") == 0
