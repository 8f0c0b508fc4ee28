import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from chassis.http import AsyncClient
from chassis.metrics import Metrics
from livekit_agent.backend_client import BackendClient, BackendUnavailable, backend_http
from livekit_agent.backend_memory import BackendMemory
from livekit_agent.journal import Journal
from livekit_agent.tools.memory import MemoryOff, MemoryStore, MemoryUnavailable
from tests.livekit_agent.backend_process import KEY, BackendProcess, backend_in

PATIENT_S = 20.0  # another test may have the machine


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BackendProcess]:
    with backend_in(tmp_path_factory.mktemp("backend")) as backend:
        yield backend


@pytest.fixture
async def http(backend: BackendProcess) -> AsyncIterator[AsyncClient]:
    async with backend_http(backend.url, SecretStr(KEY), Metrics("test")) as http:
        yield http


@pytest.fixture
def client(http: AsyncClient) -> BackendClient:
    return BackendClient(http)


async def remember(http: AsyncClient, text: str, user_id: str) -> None:
    body = {"text": text, "kind": "fact", "user_id": user_id}
    answer = await http.post("/internal/memories", json=body, headers={"idempotency-key": text})
    assert answer.is_success


async def test_a_first_call_starts_with_the_default_persona(client: BackendClient) -> None:
    context = await client.context("first", within_s=PATIENT_S)
    assert not context.resumed
    assert context.persona.name == "Lumina"
    assert {name.id for name in context.personas} == {"lumina", "atlas", "pepper"}
    assert context.user.id == "local"


async def test_a_first_call_has_the_persona_and_memories_of_its_dispatch(
    client: BackendClient, http: AsyncClient
) -> None:
    await remember(http, "Ann likes tea", "ann")
    context = await client.context("x", user_id="ann", persona_id="atlas", within_s=PATIENT_S)
    assert context.persona.voice == "onyx"
    assert [memory.text for memory in context.memories] == ["Ann likes tea"]


@pytest.mark.parametrize("wanted", ["pepper", "PEPPER", " Pepper "])
async def test_a_persona_is_found_by_what_was_said(client: BackendClient, wanted: str) -> None:
    persona = await client.persona(wanted, within_s=PATIENT_S)
    assert persona is not None
    assert persona.id == "pepper"


@pytest.mark.parametrize("wanted", ["nobody", "../memories", "a/b?c#d", "", "é" * 100])
async def test_a_persona_that_is_not_there_is_none(client: BackendClient, wanted: str) -> None:
    assert await client.persona(wanted, within_s=PATIENT_S) is None


async def test_memories_are_found_and_forgotten(client: BackendClient, http: AsyncClient) -> None:
    for text in ("Bob plays chess", "Bob owns a boat"):
        await remember(http, text, "bob")
    found = await client.memories("is chess fun?", user_id="bob", within_s=PATIENT_S)
    assert [memory.text for memory in found] == ["Bob plays chess"]
    assert len(await client.memories(user_id="bob", within_s=PATIENT_S)) == 2
    gone = await client.forget("the boat", user_id="bob", within_s=PATIENT_S)
    assert [memory.text for memory in gone] == ["Bob owns a boat"]
    left = await client.memories(user_id="bob", within_s=PATIENT_S)
    assert [memory.text for memory in left] == ["Bob plays chess"]


async def test_memory_that_is_off_is_not_used(client: BackendClient, http: AsyncClient) -> None:
    await remember(http, "Zoe likes tea", "zoe")
    assert (await client.context("x", user_id="zoe", within_s=PATIENT_S)).memories
    forgetful = BackendClient(http, memory=False)
    assert await forgetful.memories("tea", user_id="zoe", within_s=PATIENT_S) == ()
    assert not (await forgetful.context("x", user_id="zoe", within_s=PATIENT_S)).memories


async def test_without_a_key_nothing_is_asked() -> None:
    client = BackendClient(None)
    with pytest.raises(BackendUnavailable):
        await client.context("c1")
    with pytest.raises(BackendUnavailable):
        await client.memories("tea")


@pytest.mark.parametrize("key", [None, "wrong" * 8])
async def test_a_refused_key_is_unavailable(backend: BackendProcess, key: str | None) -> None:
    secret = SecretStr(key) if key else None
    async with backend_http(backend.url, secret, Metrics("test")) as http:
        with pytest.raises(BackendUnavailable, match="401"):
            await BackendClient(http).context("c1", within_s=PATIENT_S)


async def test_a_backend_that_is_not_there_is_unavailable() -> None:
    async with backend_http("http://127.0.0.1:9", None, Metrics("test")) as http:
        with pytest.raises(BackendUnavailable):
            await BackendClient(http).context("c1")


async def test_a_backend_that_hangs_costs_no_more_than_the_time_there_is() -> None:
    async def hang(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.close()

    over = asyncio.Event()
    async with await asyncio.start_server(hang, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with backend_http(f"http://127.0.0.1:{port}", None, Metrics("test")) as http:
            async with asyncio.timeout(10):
                with pytest.raises(BackendUnavailable, match=r"0\.04 s"):
                    await BackendClient(http).memories("tea")
        over.set()


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"{}", b'{"memories": [{"id": 1}]}', b"\xff\xfe", b"[]"]
)
async def test_what_nobody_understands_is_unavailable(body: bytes) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with backend_http(f"http://127.0.0.1:{port}", None, Metrics("test")) as http:
            with pytest.raises(BackendUnavailable, match="wrong fields"):
                await BackendClient(http).memories("tea", within_s=PATIENT_S)


async def test_the_tools_memory_is_the_backends(
    client: BackendClient, http: AsyncClient, tmp_path: Path
) -> None:
    memory: MemoryStore = BackendMemory(client, Journal(None, "c1"), user_id="eve")
    await remember(http, "The key is under the mat", "eve")
    assert await memory.find("where is my key", 5) == ["The key is under the mat"]
    assert await memory.find(None, 5) == ["The key is under the mat"]
    assert await memory.delete("the key") == ["The key is under the mat"]
    assert await memory.delete("the key") == []


async def test_the_tools_memory_says_when_it_is_off(client: BackendClient) -> None:
    memory = BackendMemory(client, Journal(None, "c1"), user_id="eve", off=True)
    with pytest.raises(MemoryOff):
        await memory.add("The key is under the mat")
    with pytest.raises(MemoryOff):
        await memory.find("key", 5)


async def test_the_tools_memory_says_when_it_is_out_of_reach() -> None:
    memory = BackendMemory(BackendClient(None), Journal(None, "c1"))
    await memory.add("The key is under the mat")
    with pytest.raises(MemoryUnavailable):
        await memory.find("key", 5)
    with pytest.raises(MemoryUnavailable):
        await memory.delete("key")
