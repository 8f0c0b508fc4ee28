"""A raw HTTP client for load: one connection a worker, no more work than the bytes need."""

import asyncio
import time
from dataclasses import dataclass
from typing import Self, cast
from urllib.parse import urlsplit

import httptools


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer. Instants are of time.perf_counter."""

    status: int
    body: bytes
    size: int
    asked_at_s: float
    first_at_s: float  # of the body's first byte
    ended_at_s: float

    @property
    def first_s(self) -> float:
        return self.first_at_s - self.asked_at_s

    @property
    def took_s(self) -> float:
        return self.ended_at_s - self.asked_at_s


class Connection:
    """Keep-alive, one request at a time. Enter it."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        split = urlsplit(url)
        self._host, self._port = split.hostname or "", split.port or 80
        own = {"host": split.netloc, "content-type": "application/json", **headers}
        self._headers = "".join(f"{name}: {value}\r\n" for name, value in own.items())

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        _, self._wire = await loop.create_connection(_Wire, self._host, self._port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._wire.transport.close()

    async def ask(self, method: str, path: str, body: bytes = b"", *, keep: bool = False) -> Reply:
        """`keep`: the answer's bytes, not only their number."""
        head = f"{method} {path} HTTP/1.1\r\n{self._headers}content-length: {len(body)}\r\n\r\n"
        return await self._wire.ask(head.encode() + body, keep=keep)


class _Wire(asyncio.Protocol):
    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is none by its class

    async def ask(self, request: bytes, *, keep: bool) -> Reply:
        self._parser = httptools.HttpResponseParser(self)
        self._kept: list[bytes] = []
        self._keep, self._size, self._first_at_s = keep, 0, 0.0
        self._done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        asked_at_s = time.perf_counter()
        self.transport.write(request)
        await self._done
        ended_at_s = time.perf_counter()
        return Reply(
            status=self._parser.get_status_code(),
            body=b"".join(self._kept),
            size=self._size,
            asked_at_s=asked_at_s,
            first_at_s=self._first_at_s or ended_at_s,
            ended_at_s=ended_at_s,
        )

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        done = getattr(self, "_done", None)
        if done is not None and not done.done():
            done.set_exception(exc or ConnectionError("the server closed"))

    def on_body(self, body: bytes) -> None:
        self._first_at_s = self._first_at_s or time.perf_counter()
        self._size += len(body)
        if self._keep:
            self._kept.append(body)

    def on_message_complete(self) -> None:
        if not self._done.done():
            self._done.set_result(None)
