"""Which engine is on duty."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
from pydantic import SecretStr

from livekit_agent.stages import (
    LONGEST_REST_S,
    Endpoint,
    EngineFailure,
    Stage,
    StageChange,
    http_probe,
)
from tests.livekit_agent.virtual.clock import in_virtual_time, now_s

MAIN = Endpoint(name="main", base_url="http://m.test/v1", model="m", api_key=SecretStr("k"))
STANDBY = Endpoint(name="standby", base_url="http://s.test/v1", model="s", api_key=SecretStr("k"))
BROKEN = EngineFailure("broken")


class Watched:
    """A stage with its story. `up_at_s`: from when on the main engine says it is well."""

    def __init__(self) -> None:
        self.changes: list[StageChange] = []
        self.probes: list[float] = []
        self.up_at_s = float("inf")
        self.stage: Stage

    async def probe(self, endpoint: Endpoint) -> bool:
        assert endpoint is MAIN
        self.probes.append(now_s())
        return now_s() >= self.up_at_s

    @property
    def story(self) -> list[str]:
        return [change.state for change in self.changes]


@asynccontextmanager
async def watched(*, keeps_fallback: bool = False) -> AsyncIterator[Watched]:
    it = Watched()
    async with Stage(
        "llm",
        [MAIN, STANDBY],
        probe=it.probe,
        on_change=it.changes.append,
        keeps_fallback=keeps_fallback,
    ) as it.stage:
        yield it


@in_virtual_time
async def test_the_standby_takes_over_and_is_tried_first() -> None:
    async with watched() as it:
        assert it.stage.order() == [MAIN, STANDBY]
        it.stage.failed(MAIN, BROKEN)
        assert it.stage.order() == [STANDBY, MAIN]
        assert it.changes[0].engine == "standby"
        assert it.changes[0].reason == "broken"
        assert it.story == ["fallback"]


@in_virtual_time
async def test_the_main_engine_comes_back_when_it_says_so() -> None:
    async with watched() as it:
        it.up_at_s = 10.0
        it.stage.failed(MAIN, BROKEN)
        await asyncio.sleep(40)
        assert it.probes == [2.0, 6.0, 14.0]  # each wait twice as long
        assert it.stage.current is MAIN
        assert it.story == ["fallback", "recovered"]


@in_virtual_time
async def test_what_fails_again_at_once_is_left_alone_for_longer() -> None:
    async with watched() as it:
        it.up_at_s = 0.0
        for _ in range(8):
            it.stage.failed(MAIN, BROKEN)
            await asyncio.sleep(60)
        waits = [at - 60 * turn for turn, at in enumerate(it.probes)]
        assert waits == [2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0, 30.0]


@in_virtual_time
async def test_an_engine_that_asks_for_time_gets_it() -> None:
    async with watched() as it:
        it.up_at_s = 0.0
        it.stage.failed(MAIN, EngineFailure("busy", retry_after_s=7.0))
        await asyncio.sleep(60)
        assert it.probes == [7.0]


@in_virtual_time
async def test_with_both_gone_the_stage_is_down_until_one_works() -> None:
    async with watched() as it:
        it.stage.failed(MAIN, BROKEN)
        it.stage.failed(STANDBY, BROKEN)
        assert it.stage.state == "down"
        it.stage.worked(STANDBY)
        assert it.story == ["fallback", "down", "fallback"]


@in_virtual_time
async def test_with_both_gone_each_is_tried_in_turn() -> None:
    async with watched() as it:
        tried = []
        for _ in range(4):
            tried.append(it.stage.current.name)
            it.stage.failed(it.stage.current, BROKEN)
        assert tried == ["main", "standby", "main", "standby"]
        assert it.story == ["fallback", "down"]


@in_virtual_time
async def test_a_standby_that_failed_is_tried_again_after_the_main_engine_was_back() -> None:
    async with watched() as it:
        it.up_at_s = 0.0
        it.stage.failed(MAIN, BROKEN)
        it.stage.failed(STANDBY, BROKEN)
        await asyncio.sleep(60)
        it.stage.failed(MAIN, BROKEN)
        assert it.stage.current is STANDBY
        assert it.story == ["fallback", "down", "recovered", "fallback"]


@in_virtual_time
async def test_no_engine_rests_for_longer_than_a_call_can_bear() -> None:
    async with watched() as it:
        it.up_at_s = 0.0
        it.stage.failed(MAIN, EngineFailure("busy", retry_after_s=1e9))
        await asyncio.sleep(LONGEST_REST_S + 1)
        assert it.stage.state == "recovered"


@in_virtual_time
async def test_a_main_engine_that_works_again_by_itself_is_recovered() -> None:
    async with watched() as it:
        it.stage.failed(MAIN, BROKEN)
        it.stage.failed(STANDBY, BROKEN)
        it.stage.worked(MAIN)
        assert it.stage.current is MAIN
        assert it.story[-1] == "recovered"


@in_virtual_time
async def test_a_voice_does_not_change_back_and_forth() -> None:
    async with watched(keeps_fallback=True) as it:
        it.up_at_s = 0.0
        it.stage.failed(MAIN, BROKEN)
        await asyncio.sleep(60)
        assert it.stage.current is STANDBY
        it.stage.failed(STANDBY, BROKEN)
        assert it.stage.current is MAIN
        assert it.stage.state != "down"


@in_virtual_time
async def test_nothing_is_probed_after_the_call() -> None:
    async with watched() as it:
        it.stage.failed(MAIN, BROKEN)
    await asyncio.sleep(60)
    assert it.probes == []


async def test_readiness_is_asked_for_and_models_where_there_is_none() -> None:
    seen: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request.url.path)
        if request.url.host == "ours.test":
            return httpx2.Response(503 if request.url.path == "/health/ready" else 200)
        return httpx2.Response(404 if request.url.path == "/health/ready" else 200)

    async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as client:
        probe = http_probe(client)
        assert await probe(MAIN) is True
        assert seen == ["/health/ready", "/v1/models"]
        ours = Endpoint(
            name="main", base_url="http://ours.test/v1", model="m", api_key=SecretStr("k")
        )
        assert await probe(ours) is False


async def test_an_engine_that_cannot_be_reached_is_not_well() -> None:
    def refuse(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused")

    async with httpx2.AsyncClient(transport=httpx2.MockTransport(refuse)) as client:
        assert await http_probe(client)(MAIN) is False
