"""What the screen is told of the agent's state after the SFU was away."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

from livekit import rtc

from livekit_agent.shown_state import ShownState
from tests.livekit_agent.virtual.room import FakeRoom


class Told(FakeRoom):
    """A room that keeps what it is told, or is away again."""

    def __init__(self, *, away: bool = False) -> None:
        super().__init__()
        self.away = away
        self.attributes: list[dict[str, str]] = []

    async def set_attributes(self, attributes: dict[str, str]) -> None:
        if self.away:
            raise rtc.ConnectError("away")
        self.attributes.append(attributes)


async def shown_after_reconnecting(room: Told) -> list[dict[str, str]]:
    session = SimpleNamespace(agent_state="listening")
    async with ShownState(cast(Any, room), cast(Any, session)):
        room.emit("reconnected")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    room.emit("reconnected")  # nobody listens any more
    return room.attributes


async def test_the_state_of_now_is_told_when_the_connection_is_back() -> None:
    assert await shown_after_reconnecting(Told()) == [{"lk.agent.state": "listening"}]


async def test_a_connection_that_broke_again_harms_nothing() -> None:
    assert await shown_after_reconnecting(Told(away=True)) == []
