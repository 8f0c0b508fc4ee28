"""A TCP proxy that breaks what passes through it, as bad networks and dying servers do."""

import asyncio
import re
import socket
import struct
import time
from dataclasses import dataclass
from typing import Self

from tests.fakes.faults import Answer, Cut, Fault, Hang, Latency, Rate, Refuse, Reset, SlowClose

HOST = "127.0.0.1"
CHUNK_BYTES = 65_536
SLICE_S = 0.02  # how often a throttled answer gets its next bytes
# Clients here write a request's head in one piece and wait for its answer before the next.
REQUEST = re.compile(rb"[A-Z]+ (\S+) HTTP/1\.1\r\n")
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
END_OF_HEAD = b"\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"
ABORT = struct.pack("ii", 1, 0)  # SO_LINGER that turns a close into a reset


@dataclass(frozen=True, slots=True)
class Asked:
    """A request a client sent, whether or not it got through."""

    path: str
    at_s: float  # on time.perf_counter


class FaultProxy:
    """Listens on `port`, passes on to `upstream`. Enter it on the loop that will run it."""

    def __init__(self, upstream: int) -> None:
        self.upstream = upstream
        self.port = 0
        self.asked: list[Asked] = []
        self.connections = 0
        self.fault: Fault | None = None
        self.released = asyncio.Event()  # set while nothing hangs
        self.released.set()
        self._only = ""
        self._open: set[_Connection] = set()
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def open_connections(self) -> int:
        return len(self._open)

    async def __aenter__(self) -> Self:
        await self._listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.inject(Refuse())

    async def inject(self, fault: Fault, *, only: str = "") -> None:
        """Break what passes from now on; `only` requests whose path holds these characters."""
        self.fault, self._only = fault, only
        if isinstance(fault, Hang):
            self.released.clear()
        else:
            self.released.set()
        if isinstance(fault, Refuse) and self._server is not None:
            self._server.close()
            self._server = None
        for connection in list(self._open):
            connection.meet(fault)

    async def clear(self) -> None:
        """All is well again; what is gone stays gone."""
        self.fault, self._only = None, ""
        self.released.set()
        if self._server is None:
            await self._listen()

    def fault_for(self, path: str) -> Fault | None:
        return self.fault if self._only in path else None

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, HOST, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        connection = _Connection(self, reader, writer)
        self._open.add(connection)
        try:
            await connection.run()
        except OSError:
            pass  # one side is gone: so is the other, below
        finally:
            connection.reset()
            self._open.discard(connection)


class _Connection:
    """One client's connection and the one it stands for."""

    def __init__(
        self, proxy: FaultProxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._proxy = proxy
        self._from_client, self._to_client = reader, writer
        self._to_server: asyncio.StreamWriter | None = None
        self._path = ""
        self._answered_bytes: int | None = None  # None: the answer's head is not through yet
        self._is_websocket = False
        self._answer: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    @property
    def _fault(self) -> Fault | None:
        return self._proxy.fault_for(self._path)

    def meet(self, fault: Fault) -> None:
        """A fault was injected while this connection is open."""
        if self._fault is not fault:
            return
        gone = isinstance(fault, Reset | Refuse)
        if gone or (isinstance(fault, Answer) and self._is_websocket):
            self.reset()

    def reset(self) -> None:
        for writer in (self._to_client, self._to_server):
            if writer is not None and not writer.transport.is_closing():
                _reset(writer)

    async def run(self) -> None:
        reader, self._to_server = await asyncio.open_connection(HOST, self._proxy.upstream)
        tasks = [
            asyncio.create_task(self._pass_requests(self._to_server)),
            asyncio.create_task(self._receive(reader)),
            asyncio.create_task(self._pass_answers()),
        ]
        try:
            # The receiver ends with the server; what it received may still be on its way.
            await asyncio.wait({tasks[0], tasks[2]}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _pass_requests(self, to_server: asyncio.StreamWriter) -> None:
        while data := await self._from_client.read(CHUNK_BYTES):
            if request := REQUEST.match(data):
                self._begin(request[1].decode("latin-1"))
                fault = self._fault
                if isinstance(fault, Reset):
                    return
                if isinstance(fault, Answer):
                    await self._answer_instead(data, fault)
                    return
            if isinstance(self._fault, Hang):
                await self._proxy.released.wait()
                if self._from_client.at_eof():
                    return
            to_server.write(data)
            await to_server.drain()

    def _begin(self, path: str) -> None:
        self._path = path
        self._answered_bytes = None
        self._proxy.asked.append(Asked(path, time.perf_counter()))

    async def _answer_instead(self, data: bytes, answer: Answer) -> None:
        """The request is read to its end first, or closing would take the answer away."""
        while END_OF_HEAD not in data:
            data += await self._more()
        head, _, body = data.partition(END_OF_HEAD)
        length = LENGTH.search(head)
        missing = int(length[1]) - len(body) if length else 0
        while missing > 0:
            missing -= len(await self._more())
        lines = [
            f"HTTP/1.1 {answer.status} Broken",
            f"content-type: {answer.content_type}",
            f"content-length: {len(answer.body)}",
            "connection: close",
            *(f"{name}: {value}" for name, value in answer.headers.items()),
        ]
        await self._write("\r\n".join([*lines, "", ""]).encode() + answer.body)
        await self._close()

    async def _more(self) -> bytes:
        data = await self._from_client.read(CHUNK_BYTES)
        if not data:
            raise ConnectionResetError("the client left in the middle of its request")
        return data

    async def _receive(self, reader: asyncio.StreamReader) -> None:
        while True:
            try:
                data = await reader.read(CHUNK_BYTES)
            except OSError:
                data = b""
            fault = self._fault
            delay_s = fault.seconds if isinstance(fault, Latency) else 0.0
            self._answer.put_nowait((time.monotonic() + delay_s, data))
            if not data:
                return

    async def _pass_answers(self) -> None:
        while True:
            due_s, data = await self._answer.get()
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))
            if isinstance(self._fault, Hang):
                await self._proxy.released.wait()
            if not data:
                if isinstance(fault := self._fault, SlowClose):
                    await asyncio.sleep(fault.seconds)
                await self._close()
                return
            await self._send(data)

    async def _send(self, data: bytes) -> None:
        passed = self._count(data)
        match self._fault:
            case Cut(after_bytes, by_reset) if passed >= after_bytes:
                await self._write(data[: len(data) - (passed - after_bytes)])
                if not by_reset:
                    await self._close()
                raise ConnectionAbortedError
            case SlowClose(seconds) if data.endswith(LAST_CHUNK):
                await self._write(data.removesuffix(LAST_CHUNK))
                await asyncio.sleep(seconds)
                await self._write(LAST_CHUNK)
            case Rate(bytes_per_s):
                size = max(1, int(bytes_per_s * SLICE_S))
                for start in range(0, len(data), size):
                    await self._write(data[start : start + size])
                    await asyncio.sleep(SLICE_S)
            case _:
                await self._write(data)

    def _count(self, data: bytes) -> int:
        """Bytes of the answer's body so far, with those in `data`."""
        if self._answered_bytes is None:
            self._is_websocket = data.startswith(b"HTTP/1.1 101")
            data = data.partition(END_OF_HEAD)[2]
        self._answered_bytes = (self._answered_bytes or 0) + len(data)
        return self._answered_bytes

    async def _write(self, data: bytes) -> None:
        self._to_client.write(data)
        await self._to_client.drain()

    async def _close(self) -> None:
        self._to_client.close()
        await self._to_client.wait_closed()


def _reset(writer: asyncio.StreamWriter) -> None:
    """A true reset: `abort` alone is an orderly close when nothing is unread."""
    opened = writer.get_extra_info("socket")
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
    writer.transport.abort()
