"""Each fault of the proxy is what a client really meets."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

import pytest
import websockets
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve

from chassis.http import AsyncClient, HTTPError, pooled_client
from chassis.metrics import Metrics
from tests.fakes import openai_backend
from tests.fakes.fault_proxy import HOST, FaultProxy
from tests.fakes.faults import Answer, Cut, Fault, Hang, Latency, Rate, Refuse, Reset, SlowClose
from tests.fakes.openai_backend import Backend, said

BODY = {"messages": [{"role": "user", "content": "hello"}]}
SOON_S = 0.3
WHOLE = b"[DONE]"


@pytest.fixture
def backend() -> Iterator[Backend]:
    with openai_backend.running() as backend:
        backend.reply = said("Hello", " there.")
        yield backend


@pytest.fixture
async def proxy(backend: Backend) -> AsyncIterator[FaultProxy]:
    port = int(backend.url.split(":")[2].split("/")[0])
    async with FaultProxy(port) as proxy:
        yield proxy


@pytest.fixture
async def client() -> AsyncIterator[AsyncClient]:
    async with pooled_client(metrics=Metrics("test"), read_timeout_s=SOON_S) as client:
        yield client


async def ask(client: AsyncClient, proxy: FaultProxy, path: str = "/v1/chat") -> bytes:
    response = await client.post(proxy.url + path, json=BODY)
    return response.content


async def test_without_a_fault_everything_passes_on_one_connection(
    proxy: FaultProxy, client: AsyncClient
) -> None:
    for _ in range(3):
        assert WHOLE in await ask(client, proxy)
    assert proxy.connections == 1
    assert [asked.path for asked in proxy.asked] == ["/v1/chat"] * 3


@pytest.mark.parametrize("fault", [Hang(), Reset(), Refuse(), Cut(20), Cut(20, by_reset=True)])
@pytest.mark.parametrize("is_warm", [True, False])
async def test_a_broken_answer_is_an_error_and_the_next_after_it_is_whole(
    proxy: FaultProxy, client: AsyncClient, fault: Fault, is_warm: bool
) -> None:
    if is_warm:
        await ask(client, proxy)
    await proxy.inject(fault)
    with pytest.raises(HTTPError):
        await ask(client, proxy)
    await proxy.clear()
    assert WHOLE in await ask(client, proxy)


async def test_an_answer_is_cut_at_the_byte(proxy: FaultProxy) -> None:
    await proxy.inject(Cut(20))
    reader, writer = await asyncio.open_connection(HOST, proxy.port)
    writer.write(b"POST /v1/chat HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}")
    answer = await asyncio.wait_for(reader.read(), 5)
    assert len(answer.partition(b"\r\n\r\n")[2]) == 20
    writer.close()


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_an_answer_of_its_own_never_reaches_the_server(
    backend: Backend, proxy: FaultProxy, client: AsyncClient, status: int
) -> None:
    await ask(client, proxy)
    await proxy.inject(Answer(status=status, body=b"<html>", headers={"retry-after": "7"}))
    response = await client.post(proxy.url + "/v1/chat", json={"long": "x" * 1_000_000})
    assert (response.status_code, response.headers["retry-after"]) == (status, "7")
    assert response.content == b"<html>"
    assert len(backend.requests) == 1


@pytest.mark.parametrize("fault", [Latency(0.15), SlowClose(0.15), Rate(1500)])
async def test_a_slow_answer_is_late_and_whole(
    proxy: FaultProxy, client: AsyncClient, fault: Fault
) -> None:
    await proxy.inject(fault)
    began_s = time.monotonic()
    assert WHOLE in await ask(client, proxy)
    assert time.monotonic() - began_s >= 0.15


async def test_a_slow_close_keeps_back_only_the_end(proxy: FaultProxy, client: AsyncClient) -> None:
    await proxy.inject(SlowClose(SOON_S / 2))
    async with client.stream("POST", proxy.url + "/v1/chat", json=BODY) as response:
        arrivals = [(time.monotonic(), piece) async for piece in response.aiter_raw()]
        ended_at_s = time.monotonic()
    assert WHOLE in arrivals[-1][1]
    assert ended_at_s - arrivals[-1][0] >= SOON_S / 2 - 0.02


async def test_a_fault_can_be_of_some_paths_only(proxy: FaultProxy, client: AsyncClient) -> None:
    await proxy.inject(Answer(status=500), only="/audio/speech")
    assert WHOLE in await ask(client, proxy)
    response = await client.post(proxy.url + "/v1/audio/speech", json=BODY)
    assert response.status_code == 500


async def test_what_hung_goes_on_when_the_fault_is_over(
    proxy: FaultProxy, client: AsyncClient
) -> None:
    await proxy.inject(Hang())
    asking = asyncio.create_task(client.post(proxy.url + "/v1/chat", json=BODY, timeout=5))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(asking), SOON_S)
    await proxy.clear()
    assert WHOLE in (await asking).content


async def test_the_upstream_can_be_another_from_the_next_connection_on(
    proxy: FaultProxy, client: AsyncClient
) -> None:
    with openai_backend.running() as other:
        other.reply = said("other")
        proxy.upstream = int(other.url.split(":")[2].split("/")[0])
        assert b"other" in await ask(client, proxy)


async def exchange(socket: ClientConnection, message: str, within_s: float = 5) -> object:
    await socket.send(message)
    return await asyncio.wait_for(socket.recv(), within_s)


@pytest.mark.parametrize(("fault", "ends"), [(Reset(), True), (Answer(), True), (Hang(), False)])
async def test_an_open_websocket_meets_the_fault_too(fault: Fault, ends: bool) -> None:
    async def echo(socket: ServerConnection) -> None:
        async for message in socket:
            await socket.send(message)

    async with (
        serve(echo, HOST, 0) as server,
        FaultProxy(server.sockets[0].getsockname()[1]) as proxy,
        connect(f"ws://{HOST}:{proxy.port}/v1/realtime") as socket,
    ):
        assert await exchange(socket, "one") == "one"
        await proxy.inject(fault)
        with pytest.raises(websockets.ConnectionClosed if ends else TimeoutError):
            await exchange(socket, "two", SOON_S)
        await proxy.clear()
        if not ends:
            assert await asyncio.wait_for(socket.recv(), 5) == "two"
