"""What is said while a tool works."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

from livekit_agent.lines import LineKey
from livekit_agent.silence import Silence
from livekit_agent.tool_patience import ToolPatience
from tests.livekit_agent.virtual.clock import in_virtual_time

AFTER_S = 2.0


class Bed:
    """A session with tools, and what was said meanwhile."""

    def __init__(self) -> None:
        self.silence = Silence()
        self.said: list[LineKey] = []
        self._tell: Callable[[Any], None]

    def on(self, _: str, handler: Callable[[Any], None]) -> None:
        self._tell = handler

    def off(self, _: str, __: Callable[[Any], None]) -> None:
        self._tell = lambda _: None

    def starts(self, name: str) -> None:
        call = SimpleNamespace(call_id=name, name=name)
        update = SimpleNamespace(type="tool_call_started", function_call=call)
        self._tell(SimpleNamespace(update=update))

    def ends(self, name: str) -> None:
        self._tell(SimpleNamespace(update=SimpleNamespace(type="tool_call_ended", call_id=name)))


@asynccontextmanager
async def bed() -> AsyncIterator[Bed]:
    it = Bed()
    async with ToolPatience(it, it.silence, it.said.append, AFTER_S):  # type: ignore[arg-type]
        yield it


@in_virtual_time
async def test_a_search_is_told_at_once_and_once() -> None:
    async with bed() as it:
        it.silence.turn_taken()
        it.starts("web_search")
        it.starts("read_page")
        assert it.said == ["searching"]
        await asyncio.sleep(10)
        assert it.said == ["searching"]


@in_virtual_time
async def test_a_search_under_way_while_the_agent_speaks_needs_no_word() -> None:
    async with bed() as it:
        it.starts("web_search")
        assert it.said == []


@in_virtual_time
async def test_a_tool_that_takes_long_asks_for_patience() -> None:
    async with bed() as it:
        it.silence.turn_taken()
        it.starts("slow")
        await asyncio.sleep(AFTER_S - 0.1)
        assert it.said == []
        await asyncio.sleep(0.2)
        assert it.said == ["one_moment"]


@in_virtual_time
async def test_a_quick_tool_says_nothing() -> None:
    async with bed() as it:
        it.silence.turn_taken()
        it.starts("quick")
        await asyncio.sleep(1)
        it.ends("quick")
        await asyncio.sleep(10)
        assert it.said == []
