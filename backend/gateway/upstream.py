"""The three model servers: where they are, what each may be asked, and how one is asked."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Self

from pydantic import SecretStr

from backend.gateway.schema import Service
from chassis.errors import ParleyError, Unavailable
from chassis.http import (
    AsyncBaseTransport,
    ConnectError,
    ConnectTimeout,
    HTTPError,
    PoolTimeout,
    Request,
    Response,
    TimeoutException,
    pooled_transport,
)
from chassis.metrics import Metrics

CONNECT_WITHIN_S = 2.0
WRITE_WITHIN_S = 60.0  # a server that takes nothing for so long is stuck
# Until the first byte, and from one to the next: a file is heard whole before a word comes back,
# a model may think. A stream that goes on has no deadline.
SILENT_AT_MOST_S: Mapping[Service, float] = {"stt": 600.0, "llm": 300.0, "tts": 60.0}
RETRY_S = 1.0
# Everything else of a request is between its client and us: cookies, origins, a wish to be served
# before others.
PASSED_ON = frozenset({b"accept", b"traceparent", b"tracestate"})
PASSED_ON_WITH_BODY = PASSED_ON | {b"content-type", b"content-length", b"content-encoding"}


class BadGateway(ParleyError):
    """A model server answered what cannot be passed on."""

    status = 502
    type = "server_error"
    code = "bad_gateway"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A path that is passed on, to the path of the same name."""

    path: str
    service: Service
    method: str
    max_bytes: int = 0


# Largest bodies as the servers' own settings have them: beyond, each would refuse by itself, but
# with the client still sending.
SOUND_BYTES, TEXT_BYTES, SPEECH_BYTES = 26_214_400, 4_000_000, 262_144
TARGETS = (
    Target(path="/v1/audio/transcriptions", service="stt", method="POST", max_bytes=SOUND_BYTES),
    Target(path="/v1/audio/translations", service="stt", method="POST", max_bytes=SOUND_BYTES),
    Target(path="/v1/chat/completions", service="llm", method="POST", max_bytes=TEXT_BYTES),
    Target(path="/v1/completions", service="llm", method="POST", max_bytes=TEXT_BYTES),
    Target(path="/v1/embeddings", service="llm", method="POST", max_bytes=TEXT_BYTES),
    Target(path="/v1/audio/speech", service="tts", method="POST", max_bytes=SPEECH_BYTES),
    Target(path="/v1/audio/voices", service="tts", method="GET"),
)
BODY_BYTES_BY_PATH = {target.path: target.max_bytes for target in TARGETS if target.max_bytes}


class Upstreams:
    """A pool of connections a server, so that one that is slow holds up no other. Enter it."""

    def __init__(
        self,
        urls: Mapping[Service, str],
        keys: Mapping[Service, SecretStr | None],
        metrics: Metrics,
    ) -> None:
        self.urls = {service: url.rstrip("/") for service, url in urls.items()}
        self._keys = keys
        self._metrics = metrics
        self._transports: dict[Service, AsyncBaseTransport] = {}
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        for service in self.urls:
            transport = pooled_transport(metrics=self._metrics)
            self._transports[service] = await self._open.enter_async_context(transport)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    def authorization(self, service: Service) -> dict[str, str]:
        """The server's own key, if it has one."""
        key = self._keys.get(service)
        return {"authorization": f"Bearer {key.get_secret_value()}"} if key else {}

    async def send(
        self,
        service: Service,
        method: str,
        path_and_query: str,
        headers: Iterable[tuple[bytes, bytes]],
        *,
        own: Mapping[str, str],
        body: AsyncIterator[bytes] | None = None,
        within_s: float | None = None,
    ) -> Response:
        """The answer from its first byte on; close it. `headers`: as the client sent them; `own`:
        ours besides. Raises Unavailable or BadGateway, naming the server."""
        names = PASSED_ON if body is None else PASSED_ON_WITH_BODY
        sent = [(name, value) for name, value in headers if name in names]
        more = {"accept-encoding": "identity", **own, **self.authorization(service)}
        sent += [(name.encode(), value.encode()) for name, value in more.items()]
        silent_s = within_s or SILENT_AT_MOST_S[service]
        deadlines = {
            "connect": CONNECT_WITHIN_S,
            "pool": CONNECT_WITHIN_S,
            "read": silent_s,
            "write": WRITE_WITHIN_S,
        }
        request = Request(
            method,
            self.urls[service] + path_and_query,
            headers=sent,
            content=body,
            extensions={"timeout": deadlines},
        )
        try:
            response = await self._transports[service].handle_async_request(request)
        except HTTPError as exc:
            raise said(service, exc) from exc
        if response.status_code in (401, 403):
            await response.aclose()
            raise BadGateway(
                f"{service} refused the backend's own key", code=f"{service}_key_refused"
            )
        return response


def said(service: Service, exc: HTTPError) -> ParleyError:
    """What went wrong with a server, as a client is told."""
    if isinstance(exc, ConnectError | ConnectTimeout):
        return Unavailable(
            f"{service} cannot be reached", code=f"{service}_unreachable", retry_after_s=RETRY_S
        )
    if isinstance(exc, PoolTimeout):
        return Unavailable(
            f"{service} has too much to do", code=f"{service}_busy", retry_after_s=RETRY_S
        )
    if isinstance(exc, TimeoutException):
        return Unavailable(
            f"{service} does not answer", code=f"{service}_silent", retry_after_s=RETRY_S
        )
    return BadGateway(f"{service} broke off", code=f"{service}_broke_off")
