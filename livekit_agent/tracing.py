"""OpenTelemetry spans of calls, for who wants them, and the trace a request belongs to."""

import asyncio
from typing import TYPE_CHECKING, Self

from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from chassis.http import Request

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter

EXPORT_WITHIN_S = 2.0
FLUSH_WITHIN_S = 1.0  # at a call's end: the spans of its last seconds
MAX_QUEUE = 2048  # spans; what a slow collector has not taken by then is dropped
EXPORT_EVERY_MS = 1000

_PROPAGATOR = TraceContextTextMapPropagator()


def trace_headers() -> dict[str, str]:
    """`traceparent` of the present span; nothing where nothing is traced."""
    headers: dict[str, str] = {}
    _PROPAGATOR.inject(headers)
    return headers


async def carry_trace(request: Request) -> None:
    """Event hook of a call's HTTP client."""
    request.headers.update(trace_headers())


class Tracing:
    """Spans of one process's calls, without what was said in them. Enter it around a call."""

    def __init__(self, provider: "TracerProvider | None" = None) -> None:
        self._provider = provider

    @classmethod
    def to(cls, url: str | None) -> Self:
        """`url`: where an OTLP collector takes traces over HTTP; None: nothing is traced.

        A collector that is away costs a call nothing: a thread of its own sends, in batches.
        """
        return cls(_provider(_exporter(url))) if url else cls()

    async def __aenter__(self) -> Self:
        if self._provider is not None:
            from livekit.agents import telemetry

            telemetry.set_tracer_provider(self._provider, allow_pii=False)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._provider is not None:
            flushed = asyncio.to_thread(self._provider.force_flush, int(FLUSH_WITHIN_S * 1000))
            await asyncio.wait({asyncio.ensure_future(flushed)}, timeout=FLUSH_WITHIN_S)


def _exporter(url: str) -> "SpanExporter":
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter(endpoint=url, timeout=EXPORT_WITHIN_S)


def _provider(exporter: "SpanExporter") -> "TracerProvider":
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource({"service.name": "parley-agent"}))
    provider.add_span_processor(
        BatchSpanProcessor(
            exporter,
            max_queue_size=MAX_QUEUE,
            schedule_delay_millis=EXPORT_EVERY_MS,
            export_timeout_millis=int(EXPORT_WITHIN_S * 1000),
        )
    )
    return provider
