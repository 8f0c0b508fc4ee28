"""Connections to servers that keep to no rules: each gets its word, none spoils the next one."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from backend.gateway.upstream import Answer, BadGateway, Upstreams
from chassis.errors import ParleyError, Unavailable
from chassis.metrics import Metrics

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


@asynccontextmanager
async def upstreams_to(serve: Serve) -> AsyncIterator[tuple[Upstreams, list[int]]]:
    """And how many connections were opened, one entry each."""
    opened: list[int] = []

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened.append(len(opened))
        try:
            await serve(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(one, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, Upstreams({"tts": url}, {}, Metrics("test")) as upstreams:
        yield upstreams, opened


async def ask(upstreams: Upstreams, body: AsyncIterator[bytes] | None = None) -> Answer:
    async with asyncio.timeout(10):
        return await upstreams.send("tts", "POST", "/v1/audio/speech", [], own={}, body=body)


async def whole(answer: Answer) -> bytes:
    pieces = []
    try:
        async with asyncio.timeout(10):
            while piece := await answer.read():
                pieces.append(piece)
    finally:
        answer.close()
    return b"".join(pieces)


async def request(reader: asyncio.StreamReader) -> bytes:
    return await reader.readuntil(b"\r\n\r\n")


async def test_a_connection_is_kept_for_the_next_request() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(3):
            await request(reader)
            writer.write(OK)

    async with upstreams_to(serve) as (upstreams, opened):
        for _ in range(3):
            assert await whole(await ask(upstreams)) == b"ok"
    assert opened == [0]


async def test_a_connection_that_was_kept_long_is_not_trusted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("backend.gateway.upstream.KEPT_S", -1.0)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(OK)
        await reader.read()

    async with upstreams_to(serve) as (upstreams, opened):
        for _ in range(2):
            assert await whole(await ask(upstreams)) == b"ok"
    assert opened == [0, 1]


async def test_an_answer_that_was_left_closes_its_connection() -> None:
    gone = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n")
        await reader.read()
        gone.set()

    async with upstreams_to(serve) as (upstreams, _):
        answer = await ask(upstreams)
        assert await answer.read() == b"ok"
        answer.close()
        async with asyncio.timeout(10):
            await gone.wait()


@pytest.mark.parametrize(
    ("said", "body"),
    [
        (b"HTTP/1.0 200 OK\r\n\r\nuntil the end", b"until the end"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, b"ok"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok", b"ok"),
    ],
)
async def test_every_way_to_end_an_answer_is_known(said: bytes, body: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(said)

    async with upstreams_to(serve) as (upstreams, _):
        assert await whole(await ask(upstreams)) == body


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"a" * 70_000 + b"\r\n\r\n",
        OK + OK,
    ],
)
async def test_what_is_no_whole_answer_is_a_bad_gateway(said: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(said)

    async with upstreams_to(serve) as (upstreams, _):
        if said == OK + OK:  # the first one is whole; the connection is asked nothing more
            assert await whole(await ask(upstreams)) == b"ok"
            assert await whole(await ask(upstreams)) == b"ok"
            return
        with pytest.raises(BadGateway) as bad:
            await whole(await ask(upstreams))
    assert bad.value.error_code == "tts_broke_off"


async def test_a_server_that_answers_before_it_has_it_all_is_heard() -> None:
    told = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(b"HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\nno")
        await writer.drain()
        told.set()
        await reader.read()

    async def endless() -> AsyncIterator[bytes]:
        yield b"first"
        await told.wait()
        while True:
            await asyncio.sleep(0)
            yield b"more"

    async with upstreams_to(serve) as (upstreams, _):
        answer = await ask(upstreams, endless())
        assert answer.status == 413
        assert await whole(answer) == b"no"


async def test_a_silent_server_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.gateway.upstream.SILENT_AT_MOST_S", {"tts": 0.05})

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with upstreams_to(serve) as (upstreams, _):
        with pytest.raises(Unavailable) as silent:
            await ask(upstreams)
    assert silent.value.error_code == "tts_silent"


async def test_a_server_that_is_away_is_named() -> None:
    async with Upstreams({"tts": "http://127.0.0.1:9"}, {}, Metrics("test")) as upstreams:
        with pytest.raises(Unavailable) as away:
            await ask(upstreams)
    assert (away.value.error_code, away.value.retry_after_s) == ("tts_unreachable", 1.0)


async def test_more_than_all_connections_are_refused_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("backend.gateway.upstream.MAX_CONNECTIONS", 2)
    monkeypatch.setattr("backend.gateway.upstream.CONNECT_WITHIN_S", 0.1)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await request(reader)
            writer.write(OK)

    async with upstreams_to(serve) as (upstreams, _):
        held = [await ask(upstreams), await ask(upstreams)]
        with pytest.raises(Unavailable) as busy:
            await ask(upstreams)
        assert busy.value.error_code == "tts_busy"
        held[0].close()
        assert await whole(await ask(upstreams)) == b"ok"


async def test_a_body_that_fails_gives_its_connection_back() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async def failing() -> AsyncIterator[bytes]:
        yield b"first"
        raise ParleyError("scripted")

    async with upstreams_to(serve) as (upstreams, opened):
        for _ in range(3):
            with pytest.raises(ParleyError, match="scripted"):
                await ask(upstreams, failing())
    assert len(opened) == 3


async def test_a_slow_reader_holds_the_server_back() -> None:
    sent = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n")
        try:
            for _ in range(1000):
                writer.write(bytes(100_000))
                await writer.drain()
                sent += 100_000
        except ConnectionError:
            return

    async with upstreams_to(serve) as (upstreams, _):
        answer = await ask(upstreams)
        assert await answer.read()
        before = -1
        while sent != before:  # until the server waits
            before = sent
            await asyncio.sleep(0.3)
        assert sent < 50_000_000
        answer.close()
