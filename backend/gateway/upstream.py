"""The three model servers: where they are, what each may be asked, and how one is asked."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from pydantic import SecretStr

from backend.gateway.schema import Service
from backend.gateway.wire import BrokeOff, Headers, Wire
from chassis.errors import ParleyError, Unavailable
from chassis.http import tls_context
from chassis.metrics import Metrics

CONNECT_WITHIN_S = 2.0
MAX_CONNECTIONS = 100  # to one server: more than any has slots
KEPT_S = 4.0  # uvicorn, which all three run on, closes after five
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


class Answer:
    """A server's answer from its head on. Close it, come what may."""

    def __init__(self, service: Service, pool: "_Pool", wire: Wire) -> None:
        self._service = service
        self._pool = pool
        self._wire = wire
        self.status = wire.status
        self.headers: Headers = wire.headers

    async def read(self) -> bytes:
        """What came since; b"" once it was all. Raises Unavailable or BadGateway."""
        with _said(self._service):
            return await self._wire.read(SILENT_AT_MOST_S[self._service])

    def close(self) -> None:
        """What is not read yet the server stops working for."""
        self._pool.take_back(self._wire)


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
        self._pools = {service: _Pool(url, metrics) for service, url in self.urls.items()}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for pool in self._pools.values():
            pool.close()

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
    ) -> Answer:
        """The answer from its head on. `headers`: as the client sent them; `own`: ours besides.
        Raises Unavailable or BadGateway, naming the server, and what `body` raises."""
        names = PASSED_ON if body is None else PASSED_ON_WITH_BODY
        sent = [(name, value) for name, value in headers if name in names]
        more = {"accept-encoding": "identity", **own, **self.authorization(service)}
        sent += [(name.encode(), value.encode("latin-1")) for name, value in more.items()]
        pool = self._pools[service]
        with _said(service):
            wire = await pool.lend()
            try:
                await wire.ask(
                    method, pool.prefix + path_and_query, sent, body, SILENT_AT_MOST_S[service]
                )
            except BaseException:  # the client's leaving too: an answer half read is nobody's
                wire.close()
                pool.take_back(wire)
                raise
        answer = Answer(service, pool, wire)
        if answer.status in (401, 403):
            answer.close()
            raise BadGateway(
                f"{service} refused the backend's own key", code=f"{service}_key_refused"
            )
        return answer


class _Pool:
    """Connections to one server, kept for the next request while that is soon."""

    def __init__(self, url: str, metrics: Metrics) -> None:
        split = urlsplit(url)
        self._host = split.hostname or ""
        self._is_tls = split.scheme == "https"
        self._port = split.port or (443 if self._is_tls else 80)
        self._name = split.netloc.rpartition("@")[2]
        self.prefix = split.path
        self._idle: list[tuple[float, Wire]] = []  # since when, on time.monotonic
        self._lent: set[Wire] = set()
        self._room = asyncio.Semaphore(MAX_CONNECTIONS)
        self._opened = metrics.client_connections_total.labels(f"{self._host}:{self._port}")

    async def lend(self) -> Wire:
        """Raises Busy, OSError, TimeoutError."""
        if self._room.locked():
            try:
                async with asyncio.timeout(CONNECT_WITHIN_S):
                    await self._room.acquire()
            except TimeoutError as exc:
                raise _Busy from exc
        else:
            await self._room.acquire()  # at once
        try:
            wire = self._kept() or await self._connected()
        except BaseException:  # cancelled or failed: the place is for the next one
            self._room.release()
            raise
        self._lent.add(wire)
        return wire

    def take_back(self, wire: Wire) -> None:
        """For the next one, if it can be asked again. Twice is fine."""
        if wire not in self._lent:
            return
        self._lent.discard(wire)
        self._room.release()
        if wire.can_ask:
            self._idle.append((time.monotonic(), wire))
        else:
            wire.close()

    def close(self) -> None:
        for wire in (*self._lent, *(wire for _, wire in self._idle)):
            wire.close()

    def _kept(self) -> Wire | None:
        """The one used last. Older ones go: a server closes them about now, maybe amid a request,
        and a body that was read already cannot be sent again."""
        oldest_s = time.monotonic() - KEPT_S
        while self._idle and (self._idle[0][0] < oldest_s or not self._idle[0][1].can_ask):
            self._idle.pop(0)[1].close()
        while self._idle:
            _, wire = self._idle.pop()
            if wire.can_ask:
                return wire
            wire.close()
        return None

    async def _connected(self) -> Wire:
        try:
            async with asyncio.timeout(CONNECT_WITHIN_S):
                _, wire = await asyncio.get_running_loop().create_connection(
                    lambda: Wire(self._name),
                    self._host,
                    self._port,
                    ssl=tls_context() if self._is_tls else None,
                )
        except (OSError, TimeoutError) as exc:
            raise _Unreachable from exc
        self._opened.inc()
        return wire


class _Busy(Exception):
    """All connections are in use."""


class _Unreachable(Exception):
    """No connection."""


@contextmanager
def _said(service: Service) -> Iterator[None]:
    """What went wrong with a server, as a client is told."""
    try:
        yield
    except _Unreachable as exc:
        raise _unavailable(service, "cannot be reached", "unreachable") from exc
    except _Busy as exc:
        raise _unavailable(service, "has too much to do", "busy") from exc
    except TimeoutError as exc:
        raise _unavailable(service, "does not answer", "silent") from exc
    except (BrokeOff, OSError) as exc:
        raise BadGateway(f"{service} broke off", code=f"{service}_broke_off") from exc


def _unavailable(service: Service, what: str, code: str) -> Unavailable:
    return Unavailable(f"{service} {what}", code=f"{service}_{code}", retry_after_s=RETRY_S)
