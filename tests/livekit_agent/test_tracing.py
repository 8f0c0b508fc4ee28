import asyncio
import multiprocessing
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx2
import pytest
from livekit.agents import telemetry
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from chassis.metrics import Metrics
from livekit_agent.engines import open_engines
from livekit_agent.settings import AgentSettings
from livekit_agent.tracing import start_tracing, trace_headers
from tests.processes import free_port

HANG_S = 30.0
SAID = "what the caller said"


@pytest.fixture(autouse=True)
def untraced_afterwards() -> Iterator[None]:
    yield
    telemetry.set_tracer_provider(trace.NoOpTracerProvider())


class Collector:
    """Takes traces over HTTP, and keeps the bytes."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.came = asyncio.Event()
        self.url = ""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length: ")[2].split("\r\n")[0])
        self.bodies.append(await reader.readexactly(length))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        await writer.drain()
        writer.close()
        self.came.set()


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    collector = Collector()
    server = await asyncio.start_server(collector.handle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    collector.url = f"http://127.0.0.1:{port}/v1/traces"
    async with server:
        yield collector


def trace_a_turn(url: str) -> None:
    """What a call's process does."""
    start_tracing(url)
    with telemetry.tracer.start_as_current_span("user_turn") as span:
        span.set_attribute(telemetry.trace_types.ATTR_USER_TRANSCRIPT, SAID)


def trace_a_lot(url: str) -> None:
    start_tracing(url)
    for _ in range(5000):  # more than it keeps
        with telemetry.tracer.start_as_current_span("llm_node"):
            pass


async def run(target: Callable[[str], None], url: str) -> None:
    process = multiprocessing.get_context("spawn").Process(target=target, args=(url,))
    process.start()
    await asyncio.to_thread(process.join, HANG_S)
    assert process.exitcode == 0


async def test_a_call_that_is_over_has_sent_its_spans_without_what_was_said(
    collector: Collector,
) -> None:
    await run(trace_a_turn, collector.url)
    sent = b"".join(collector.bodies)
    assert b"user_turn" in sent
    assert b"parley-agent" in sent
    assert SAID.encode() not in sent


async def test_a_collector_that_is_away_keeps_no_process_from_ending() -> None:
    await run(trace_a_lot, f"http://127.0.0.1:{free_port()}/v1/traces")


def test_nothing_is_sent_along_where_nothing_is_traced() -> None:
    with telemetry.tracer.start_as_current_span("user_turn"):
        assert trace_headers() == {}


async def test_requests_of_a_call_carry_the_turn_they_belong_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    seen: list[str | None] = []

    class Engine(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            seen.append(request.headers.get("traceparent"))
            return httpx2.Response(200, json={}, request=request)

    def client(**_: object) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(transport=Engine())

    monkeypatch.setattr("livekit_agent.engines.pooled_client", client)
    telemetry.set_tracer_provider(TracerProvider())
    metrics = Metrics("agent_call")
    async with open_engines(AgentSettings(), lambda _: None, metrics) as engines:
        with telemetry.tracer.start_as_current_span("llm_node") as span:
            await engines.http.get("http://llm.test/v1/models")
            wanted = f"{span.get_span_context().trace_id:032x}"
    assert any(carried is not None and carried.split("-")[1] == wanted for carried in seen)
