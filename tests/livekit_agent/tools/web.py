"""A web of its own for tests: names, addresses behind them, and servers on loopback."""

import asyncio
import gzip
import ssl
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpcore2

from livekit_agent.tools.addresses import PublicOnly

SITE = "93.184.216.34"
Names = dict[str, list[Sequence[str]]]  # what each name resolves to, time after time
Answer = Callable[[str, dict[str, str]], Iterable[bytes | float]]  # bytes to send, seconds to wait


class Web(httpcore2.AsyncNetworkBackend):
    """Resolves by a script, and leads every public address to one server here."""

    def __init__(self, port: int, names: Names) -> None:
        self.port = port
        self._names = names
        self.asked: list[str] = []
        self.connected: list[str] = []
        self.down: set[str] = set()
        self._real = httpcore2.AnyIOBackend()

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        """The next of the name's answers; the last one stays."""
        self.asked.append(host)
        answers = self._names.get(host, [(SITE,)])
        return answers.pop(0) if len(answers) > 1 else answers[0]

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore2.AsyncNetworkStream:
        self.connected.append(host)
        if host in self.down:
            raise httpcore2.ConnectError("down")
        return await self._real.connect_tcp("127.0.0.1", self.port, timeout)

    def public(self) -> PublicOnly:
        return PublicOnly(self.resolve, self)


@asynccontextmanager
async def web(
    answer: Answer, names: Names | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Web]:
    """A Web whose every site answers a request for `path` with `answer(path, headers)`."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = dict(each.lower().split(": ", 1) for each in head[1:] if ": " in each)
            for piece in answer(head[0].split()[1], headers):
                if isinstance(piece, bytes):
                    writer.write(piece)
                    await writer.drain()
                else:
                    await asyncio.sleep(piece)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield Web(server.sockets[0].getsockname()[1], names or {})
    finally:
        server.close()


def reply(
    body: bytes | str = b"",
    *,
    kind: str = "text/html",
    status: str = "200 OK",
    headers: dict[str, str] | None = None,
) -> list[bytes]:
    data = body.encode() if isinstance(body, str) else body
    fields = {"Content-Type": kind, "Content-Length": str(len(data)), "Connection": "close"}
    lines = [f"HTTP/1.1 {status}", *(f"{k}: {v}" for k, v in (fields | (headers or {})).items())]
    return ["\r\n".join(lines).encode() + b"\r\n\r\n", data]


def redirect(to: str) -> list[bytes]:
    return reply(status="302 Found", headers={"Location": to})


def packed(data: bytes) -> bytes:
    return gzip.compress(data)
