"""OpenTelemetry spans of calls, for who wants them, and the trace a request belongs to."""

import multiprocessing.util
from typing import TYPE_CHECKING

from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from chassis.http import Request

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter

EXPORT_WITHIN_S = 2.0
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


def start_tracing(url: str) -> None:
    """Spans of this process's calls go to `url`, an OTLP collector, without what was said.

    A collector that is away costs a call nothing: a thread of its own sends, in batches. The last
    spans are sent when the process ends.
    """
    from livekit.agents import telemetry

    provider = _provider(_exporter(url))
    telemetry.set_tracer_provider(provider, allow_pii=False)
    multiprocessing.util.Finalize(None, provider.shutdown, exitpriority=1)


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
