"""What is remembered in time for a turn."""

import asyncio

import httpx2

from livekit_agent.backend_client import BackendClient
from livekit_agent.recollection import REST_S, Recollection
from tests.livekit_agent.virtual.clock import in_virtual_time, now_s

QUESTION = "what is my cat called"
FOUND = {"memories": [{"id": "1", "text": "The cat is called Tom.", "kind": "fact"}]}


class Backend:
    def __init__(self) -> None:
        self.delay_s = 0.0
        self.status = 200
        self.queries: list[str] = []
        http = httpx2.AsyncClient(
            transport=httpx2.MockTransport(self._answer), base_url="http://b.test"
        )
        self.recollection = Recollection(BackendClient(http), "u")

    async def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.queries.append(request.url.params["query"])
        await asyncio.sleep(self.delay_s)
        return httpx2.Response(self.status, json=FOUND)


@in_virtual_time
async def test_what_bears_on_the_question_is_found() -> None:
    assert await Backend().recollection.relevant(QUESTION) == ["The cat is called Tom."]


@in_virtual_time
async def test_the_same_words_are_asked_for_once() -> None:
    backend = Backend()
    for words in (QUESTION, f" {QUESTION} "):
        await backend.recollection.relevant(words)
    assert backend.queries == [QUESTION]


@in_virtual_time
async def test_a_yes_bears_on_nothing() -> None:
    backend = Backend()
    assert await backend.recollection.relevant("yes") == []
    assert backend.queries == []


@in_virtual_time
async def test_a_late_backend_is_not_waited_for_and_then_left_alone() -> None:
    backend = Backend()
    backend.delay_s = 1.0
    assert await backend.recollection.relevant(QUESTION) == []
    assert now_s() < 0.05
    backend.delay_s = 0.0
    assert await backend.recollection.relevant("where is my boat") == []
    assert len(backend.queries) == 1
    await asyncio.sleep(REST_S)
    assert await backend.recollection.relevant("where is my boat") == ["The cat is called Tom."]


@in_virtual_time
async def test_a_broken_backend_costs_nothing_but_memories() -> None:
    backend = Backend()
    backend.status = 500
    assert await backend.recollection.relevant(QUESTION) == []


@in_virtual_time
async def test_without_a_backend_nothing_is_remembered() -> None:
    assert await Recollection(BackendClient(None), None).relevant(QUESTION) == []
