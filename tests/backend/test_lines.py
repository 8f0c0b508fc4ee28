"""Tokens are for lines that are free, also when many ask in the same instant."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

from backend.lines import CLAIM_S, FRESH_S, Lines
from backend.settings import BackendSettings
from chassis.errors import Unavailable


class Worker:
    """A worker's `/health/ready`."""

    def __init__(self) -> None:
        self.answer: dict[str, Any] | None = {"calls": {"active": 0, "most": 2}}

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        if self.answer is None:
            raise httpx2.ConnectError("refused")
        return httpx2.Response(503, json=self.answer)  # whatever its readiness: it tells its calls


@asynccontextmanager
async def lines(worker: Worker) -> AsyncIterator[Lines]:
    async with httpx2.AsyncClient(transport=httpx2.MockTransport(worker)) as client:
        yield Lines(BackendSettings(), client)


async def taken(desk: Lines, asked: int) -> int:
    answers = await asyncio.gather(*(desk.take() for _ in range(asked)), return_exceptions=True)
    assert all(a is None or isinstance(a, Unavailable) for a in answers)
    return sum(a is None for a in answers)


async def test_a_rush_gets_as_many_tokens_as_there_are_lines() -> None:
    async with lines(Worker()) as desk:
        assert await taken(desk, 6) == 2


async def test_a_refusal_says_when_to_ask_again() -> None:
    async with lines(Worker()) as desk:
        await taken(desk, 2)
        with pytest.raises(Unavailable) as refused:
            await desk.take()
        assert (refused.value.error_code, refused.value.retry_after_s) == ("no_agent_available", 2)


async def test_a_call_that_began_is_not_counted_twice() -> None:
    worker = Worker()
    async with lines(worker) as desk:
        assert await taken(desk, 1) == 1
        worker.answer = {"calls": {"active": 1, "most": 2}}
        await asyncio.sleep(FRESH_S * 1.2)  # what was seen of the worker is old now
        assert await taken(desk, 2) == 1


async def test_a_token_nobody_used_frees_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.lines.CLAIM_S", CLAIM_S / 50)
    async with lines(Worker()) as desk:
        assert await taken(desk, 2) == 2
        await asyncio.sleep(CLAIM_S / 40)
        assert await taken(desk, 1) == 1


@pytest.mark.parametrize("answer", [None, {}, {"calls": "many"}])
async def test_a_worker_that_does_not_tell_refuses_nobody(answer: dict[str, Any] | None) -> None:
    worker = Worker()
    worker.answer = answer
    async with lines(worker) as desk:
        assert await taken(desk, 9) == 9
