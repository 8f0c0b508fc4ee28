"""The agent's state as the screen sees it, told again after the SFU was away.

The SDK tells each change once: one that came while the connection was broken is not told later,
and a screen would show an agent that speaks for as long as nobody asks it anything.
"""

import asyncio
from typing import Self

from livekit import rtc
from livekit.agents import AgentSession
from livekit.agents.types import ATTRIBUTE_AGENT_STATE

from chassis.logs import get_logger

log = get_logger(__name__)


class ShownState:
    """Follows a room's connection. Enter it once the room is joined."""

    def __init__(self, room: rtc.Room, session: AgentSession[None]) -> None:
        self._room = room
        self._session = session
        self._telling: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._room.on("reconnected", self._reconnected)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._room.off("reconnected", self._reconnected)
        if self._telling is not None:
            self._telling.cancel()
            await asyncio.gather(self._telling, return_exceptions=True)

    def _reconnected(self) -> None:
        if self._telling is not None:
            self._telling.cancel()
        self._telling = asyncio.create_task(self._tell())

    async def _tell(self) -> None:
        state: dict[str, str] = {ATTRIBUTE_AGENT_STATE: self._session.agent_state}
        try:
            await self._room.local_participant.set_attributes(state)
        except (rtc.ConnectError, RuntimeError) as exc:  # away again: the next time will tell
            log.info("state_not_told", reason=str(exc))
