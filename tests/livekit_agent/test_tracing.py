import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx2
import pytest
from livekit.agents import telemetry
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from chassis.metrics import Metrics
from livekit_agent.engines import open_engines
from livekit_agent.settings import AgentSettings
from livekit_agent.tracing import Tracing, trace_headers
from tests.processes import free_port

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


async def test_spans_are_there_when_the_call_is_over_without_what_was_said(
    collector: Collector,
) -> None:
    async with Tracing.to(collector.url):
        with telemetry.tracer.start_as_current_span("user_turn") as span:
            span.set_attribute(telemetry.trace_types.ATTR_USER_TRANSCRIPT, SAID)
    async with asyncio.timeout(5):
        await collector.came.wait()
    sent = b"".join(collector.bodies)
    assert b"user_turn" in sent
    assert b"parley-agent" in sent
    assert SAID.encode() not in sent


async def test_a_collector_that_is_away_delays_nothing() -> None:
    began_s = time.monotonic()
    async with Tracing.to(f"http://127.0.0.1:{free_port()}/v1/traces"):
        for _ in range(5000):  # more than it keeps
            with telemetry.tracer.start_as_current_span("llm_node"):
                pass
    assert time.monotonic() - began_s < 5  # a hang guard


async def test_nothing_is_traced_without_an_address() -> None:
    async with Tracing.to(None):
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
    async with (
        Tracing(TracerProvider()),
        open_engines(AgentSettings(), lambda _: None, Metrics("agent_call")) as engines,
    ):
        with telemetry.tracer.start_as_current_span("llm_node") as span:
            await engines.http.get("http://llm.test/v1/models")
            wanted = f"{span.get_span_context().trace_id:032x}"
    assert any(carried is not None and carried.split("-")[1] == wanted for carried in seen)
