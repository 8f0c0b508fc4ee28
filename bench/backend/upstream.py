"""`python -m bench.backend.upstream PORT`: a model server that costs next to nothing.

It speaks HTTP by hand, so that what is measured before it is not its own work. Chats are answered
with events, `/v1/audio/speech` with sound; the query says how many chunks of how many bytes come,
and how many milliseconds apart.
"""

import asyncio
import sys
from urllib.parse import parse_qs, urlsplit

import uvloop

EVENT = (
    b'data: {"id":"x","object":"chat.completion.chunk","choices":[{"delta":{"content":"%s"}}]}\n\n'
)
OK = b"HTTP/1.1 200 OK\r\ncontent-type: %s\r\ntransfer-encoding: chunked\r\n\r\n"
READY = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
HIGH_WATER_BYTES = 1 << 16


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection, kept for the next request."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            request, *lines = head.decode("latin-1").split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in lines if ": " in line)
            await _read_body(reader, headers)
            await _answer(writer, request.split(" ")[1])
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def _read_body(reader: asyncio.StreamReader, headers: dict[str, str]) -> None:
    if "chunked" in headers.get("transfer-encoding", ""):
        while size := int(await reader.readline(), 16):
            await reader.readexactly(size + 2)
        await reader.readline()
    else:
        left = int(headers.get("content-length", "0"))
        while left:
            left -= len(await reader.read(min(left, HIGH_WATER_BYTES)))


async def _answer(writer: asyncio.StreamWriter, target: str) -> None:
    url = urlsplit(target)
    if url.path.startswith("/health"):
        writer.write(READY)
        return
    asked = {name: float(values[0]) for name, values in parse_qs(url.query).items()}
    count, size = int(asked.get("chunks", 1)), int(asked.get("bytes", 100))
    is_sound = url.path == "/v1/audio/speech"
    writer.write(OK % (b"audio/pcm" if is_sound else b"text/event-stream"))
    filling = b"x" * max(1, size - len(EVENT) + 2)
    chunk = bytes(size) if is_sound else EVENT % filling
    piece = b"%x\r\n%s\r\n" % (len(chunk), chunk)
    for number in range(count):
        if number and asked.get("apart_ms"):
            await asyncio.sleep(asked["apart_ms"] / 1000)
        writer.write(piece)
        await writer.drain()
    writer.write(b"0\r\n\r\n")


async def main(port: int) -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
