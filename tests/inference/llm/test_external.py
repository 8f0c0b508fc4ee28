"""A foreign chat server as an engine: found, asked, left."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from chassis.metrics import Metrics
from inference.llm.engine import Chat, Message, TextDelta
from inference.llm.external import External
from inference.llm.upstream_http import Patience
from inference.model_status import EngineFailed
from tests.fakes import openai_backend
from tests.fakes.openai_backend import Backend, Reply, models, refused

CHAT = Chat(messages=(Message(role="user", text="hi"),))


@pytest.fixture
def backend() -> Iterator[Backend]:
    with openai_backend.running() as backend:
        yield backend


@asynccontextmanager
async def external(url: str, **options: Any) -> AsyncIterator[External]:
    known: dict[str, Any] = {"key": None, "model": None, "slots": 0, "patience": Patience()}
    engine = External(base_url=url, metrics=Metrics("test"), **(known | options))
    await asyncio.to_thread(engine.__enter__)
    try:
        yield engine
    finally:
        await asyncio.to_thread(engine.__exit__)


async def test_the_first_model_serves_where_none_is_named(backend: Backend) -> None:
    backend.models = models("first", "second", max_model_len=4096)
    async with external(backend.url) as engine:
        assert engine.model == "first"
        assert engine.abilities.context_tokens == 4096
        await engine.infer()
        said = [delta.text async for delta in engine.chat(CHAT) if isinstance(delta, TextDelta)]
    assert "".join(said) == "Hello there."
    assert backend.last.path == "/v1/chat/completions"
    assert backend.last.body["model"] == "first"


async def test_the_named_model_serves_and_the_key_goes_along(backend: Backend) -> None:
    backend.models = models("first", "second")
    async with external(backend.url + "/", model="second", key="s" * 32) as engine:
        await engine.infer()
    assert backend.last.body["model"] == "second"
    assert backend.last.headers["authorization"] == "Bearer " + "s" * 32


async def test_a_model_that_is_not_there_is_told_with_those_that_are(backend: Backend) -> None:
    backend.models = models("first", "second")
    with pytest.raises(
        EngineFailed, match=r"LLM_MODEL=third is not there; there is: first, second"
    ):
        async with external(backend.url, model="third"):
            pass


@pytest.mark.parametrize(
    ("listing", "words"),
    [
        (models(), "lists no model"),
        (refused(401, message="who are you"), "LLM_BASE_URL_KEY"),
        (refused(404, message="no such page"), "mostly it ends with /v1"),
        (Reply(steps=[b"<html>"], status=502), "a web page"),
        (Reply(steps=[b"<html>"], headers={}), "not JSON"),
        (Reply(steps=[b'{"data": [1, {"id": 2}]}'], headers={}), "lists no model"),
        (Reply(steps=[b'{"data": 7}'], headers={}), "lists no model"),
    ],
)
async def test_what_is_wrong_with_it_is_said(backend: Backend, listing: Reply, words: str) -> None:
    backend.models = listing
    with pytest.raises(EngineFailed, match=words):
        async with external(backend.url):
            pass


async def test_nothing_there() -> None:
    with pytest.raises(EngineFailed, match="nothing answers at LLM_BASE_URL"):
        async with external("http://127.0.0.1:9/v1"):
            pass


async def test_after_it_is_closed_it_only_says_so(backend: Backend) -> None:
    async with external(backend.url) as engine:
        await engine.infer()
    with pytest.raises(EngineFailed):
        await engine.infer()
