"""One HTTP/1.1 connection to a model server, as close to its socket as Python comes.

What stands between a token and the person who waits for it is paid for every piece: through the
general client a request costs 2 ms and a piece 0.1 ms of this process, here a tenth of it.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import cast

import httptools

HEAD = "{method} {target} HTTP/1.1\r\nhost: {host}\r\n"
READ_AHEAD_BYTES = 65_536  # of an answer its client does not take yet; then the server waits
CHUNK_END = b"\r\n"
LAST_CHUNK = b"0\r\n\r\n"
MAX_HEADER_BYTES = 65_536

Headers = Sequence[tuple[bytes, bytes]]


class BrokeOff(Exception):
    """The connection ended, or what came over it is no HTTP, before the answer was complete."""


class Wire(asyncio.Protocol):
    """Asks one question at a time. After `ask`: `status`, `headers`, then `read` until b""."""

    def __init__(self, host: str) -> None:
        """`host`: of the header."""
        self._host = host
        self._transport: asyncio.Transport | None = None
        self._failed: Exception | None = None
        self._writable: asyncio.Future[None] | None = None  # there while writing is paused
        self._more: asyncio.Future[None] | None = None  # there while somebody waits for more
        self._reset()

    def _reset(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._buffer: list[bytes] = []
        self._buffered = self._header_bytes = 0
        self._reading = True
        self._head_read = self._is_sent = self._is_whole = self._ends_with_connection = False
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []

    @property
    def can_ask(self) -> bool:
        """Open, and nothing of an answer is missing or too much."""
        there = self._transport is not None and not self._transport.is_closing()
        return there and self._failed is None and self._is_whole and self._is_sent

    async def ask(
        self,
        method: str,
        target: str,
        headers: Headers,
        body: AsyncIterator[bytes] | None,
        silent_s: float,
    ) -> None:
        """Until the answer's head is there. Raises BrokeOff, TimeoutError after `silent_s` without
        a byte either way, and what `body` raises; then it must be closed."""
        self._reset()
        is_counted = any(name == b"content-length" for name, _ in headers)
        head = HEAD.format(method=method, target=target, host=self._host).encode("latin-1")
        lines = [name + b": " + value + b"\r\n" for name, value in headers]
        if body is not None and not is_counted:
            lines.append(b"transfer-encoding: chunked\r\n")
        await self._send(b"".join((head, *lines, b"\r\n")), body, is_counted, silent_s)
        while not self._head_read:
            await self._wait(silent_s)

    async def read(self, silent_s: float) -> bytes:
        """What came since, all of it; b"" once it was all. Raises as `ask`."""
        while not self._buffer:
            if self._is_whole:
                return b""
            await self._wait(silent_s)
        pieces, self._buffer, self._buffered = self._buffer, [], 0
        if not self._reading and self._transport is not None:
            self._reading = True
            self._transport.resume_reading()
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def close(self) -> None:
        """At once: the server sees that nobody waits for the rest."""
        if self._transport is not None:
            self._transport.abort()

    async def _send(
        self, head: bytes, body: AsyncIterator[bytes] | None, is_counted: bool, silent_s: float
    ) -> None:
        """Head and body; less of it when the server answers before it has it all."""
        transport = self._transport
        if transport is None or self._failed is not None:
            raise BrokeOff("the connection is closed")
        transport.write(head)
        if body is None:
            self._is_sent = True
            return
        async for chunk in body:
            if self._head_read:
                return
            transport.writelines(
                (chunk,) if is_counted else (b"%x\r\n" % len(chunk), chunk, CHUNK_END)
            )
            if self._writable is not None:
                async with asyncio.timeout(silent_s):
                    await self._writable
            if self._failed is not None and not self._head_read:
                raise self._failed
        if not is_counted:
            transport.write(LAST_CHUNK)
        self._is_sent = True

    async def _wait(self, silent_s: float) -> None:
        if self._failed is not None:
            raise self._failed
        self._more = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(silent_s):
                await self._more
        finally:
            self._more = None

    def _wake(self) -> None:
        if self._more is not None and not self._more.done():
            self._more.set_result(None)

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by its class
        self._is_whole = self._is_sent = True

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as exc:
            self._fail(BrokeOff(f"not HTTP: {exc}"))
            self.close()
        if self._buffered > READ_AHEAD_BYTES and self._reading and self._transport is not None:
            self._reading = False
            self._transport.pause_reading()
        self._wake()

    def pause_writing(self) -> None:
        self._writable = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)
        self._writable = None

    def connection_lost(self, exc: Exception | None) -> None:
        if self._head_read and self._ends_with_connection and exc is None:
            self._is_whole = True
        self._fail(BrokeOff(str(exc) if exc else "the server closed the connection"))
        self.resume_writing()

    def _fail(self, reason: Exception) -> None:
        self._failed = self._failed or reason
        self._wake()

    # What the parser calls.

    def on_message_begin(self) -> None:
        if self._is_whole:  # an answer that nobody asked for could be taken for the next one's
            raise BrokeOff("more than one answer")

    def on_header(self, name: bytes, value: bytes) -> None:
        self._header_bytes += len(name) + len(value)
        if self._header_bytes > MAX_HEADER_BYTES:
            raise BrokeOff("its headers are too large")
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self.status = self._parser.get_status_code()
        if self.status < 200:  # more to come: this was no answer yet
            self.headers.clear()
            return
        names = {name for name, _ in self.headers}
        self._ends_with_connection = not names & {b"content-length", b"transfer-encoding"}
        self._head_read = True

    def on_body(self, body: bytes) -> None:
        self._buffer.append(body)
        self._buffered += len(body)

    def on_message_complete(self) -> None:
        if self._head_read:
            self._is_whole = True
            if not self._parser.should_keep_alive() and self._transport is not None:
                self._transport.close()
