"""What every tool keeps to."""

import asyncio

import pytest

from livekit_agent.tools.contract import Result, tool
from tests.livekit_agent.tools.calls import code_of


class Count(Result):
    count: int


async def test_a_result_of_another_type_than_promised_is_an_error() -> None:
    class More(Count):
        private: str = "x"

    @tool
    async def lie() -> Count:
        """Return more than promised."""
        return More(count=1)

    assert await code_of([lie], "lie") == "internal_error"


async def test_a_tool_that_hangs_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("livekit_agent.tools.contract.TOOL_TIMEOUT_S", 0.01)

    @tool
    async def hang() -> Count:
        """Never return."""
        await asyncio.Event().wait()
        return Count(count=0)

    assert await code_of([hang], "hang") == "timeout"
