"""Everything in this folder runs on a loop whose time jumps."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.livekit_agent.virtual.call import TalkingTo
from tests.livekit_agent.virtual.clock import VirtualLoop, bend_time


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"virtual": VirtualLoop}


@pytest.fixture(autouse=True)
async def virtual_time(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    bend_time(monkeypatch, loop)


@pytest.fixture
async def talk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, virtual_time: None) -> TalkingTo:
    """A call to be scripted, then entered."""
    monkeypatch.chdir(tmp_path)  # no .env is there
    talking = TalkingTo(monkeypatch, tmp_path)
    talking.remembers(tools=[])  # most talks need none, and they cost time
    return talking
