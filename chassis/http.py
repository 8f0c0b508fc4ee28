"""Pooled HTTP clients, with metrics: the one place that knows the HTTP library."""

import functools
import ssl
import time
from pathlib import Path
from typing import Any

import httpx2
from httpx2 import AsyncClient, HTTPError, Request, Response, TimeoutException

from chassis.metrics import Metrics

__all__ = [
    "AsyncClient",
    "HTTPError",
    "Request",
    "Response",
    "TimeoutException",
    "pooled_client",
    "tls_context",
]

# httpx's default of 5 s reconnects between two turns of a conversation; a pause is often longer.
KEEPALIVE_EXPIRY_S = 120.0
MAX_CONNECTIONS = 100  # more than any server has slots


def pooled_client(
    *,
    metrics: Metrics,
    base_url: str = "",
    bearer: str | None = None,
    connect_timeout_s: float = 2.0,
    read_timeout_s: float = 10.0,
    uds: Path | None = None,
) -> AsyncClient:
    """A keep-alive client; the caller closes it. Ignores proxy variables: peers are local.

    `uds`: the Unix socket to connect to, whatever host an address names.
    """
    limits = httpx2.Limits(
        max_connections=MAX_CONNECTIONS,
        max_keepalive_connections=MAX_CONNECTIONS,
        keepalive_expiry=KEEPALIVE_EXPIRY_S,
    )
    return AsyncClient(
        base_url=base_url,
        headers={"authorization": f"Bearer {bearer}"} if bearer else None,
        timeout=httpx2.Timeout(read_timeout_s, connect=connect_timeout_s),
        transport=_MeasuredTransport(
            httpx2.AsyncHTTPTransport(
                limits=limits, verify=tls_context(), uds=str(uds) if uds else None
            ),
            metrics,
        ),
        trust_env=False,
    )


@functools.cache
def tls_context() -> ssl.SSLContext:
    """The process's certificates, read once: it takes tens of milliseconds, at times 100."""
    return ssl.create_default_context()


class _MeasuredTransport(httpx2.AsyncBaseTransport):
    """By peer: requests, connections opened (reuse = 1 - opened/requests), time to headers."""

    def __init__(self, inner: httpx2.AsyncBaseTransport, metrics: Metrics) -> None:
        self._inner = inner
        self._metrics = metrics

    async def handle_async_request(self, request: Request) -> Response:
        peer = f"{request.url.host}:{request.url.port or 80}"
        opened = self._metrics.client_connections_total.labels(peer)

        async def trace(event: str, _info: dict[str, Any]) -> None:
            if event in (
                "connection.connect_tcp.complete",
                "connection.connect_unix_socket.complete",
            ):
                opened.inc()

        request.extensions = {**request.extensions, "trace": trace}
        started = time.perf_counter()
        status = "error"
        with self._metrics.client_in_flight.labels(peer).track_inprogress():
            try:
                response = await self._inner.handle_async_request(request)
                status = str(response.status_code)
                return response
            finally:
                self._metrics.client_request_seconds.labels(peer, status).observe(
                    time.perf_counter() - started
                )

    async def aclose(self) -> None:
        await self._inner.aclose()
