"""What a caller hears while a tool works and nothing is being said: that it is being looked up."""

import asyncio
from collections.abc import Callable
from typing import Self

from livekit.agents import AgentSession
from livekit.agents.voice.events import ToolExecutionUpdatedEvent

from livekit_agent.lines import LineKey
from livekit_agent.silence import Silence

SEARCHES = frozenset({"web_search", "read_page"})


class ToolPatience:
    """Follows the tools of a session. Enter it; `after_s`: silence that is too long."""

    def __init__(
        self,
        session: AgentSession[None],
        silence: Silence,
        say: Callable[[LineKey], None],
        after_s: float,
    ) -> None:
        self._session = session
        self._silence = silence
        self._say = say
        self._after_s = after_s
        self._waiting: dict[str, asyncio.Task[None]] = {}  # by call id

    async def __aenter__(self) -> Self:
        self._session.on("tool_execution_updated", self._on_update)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._session.off("tool_execution_updated", self._on_update)
        tasks = list(self._waiting.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _on_update(self, event: ToolExecutionUpdatedEvent) -> None:
        update = event.update
        if update.type == "tool_call_started":
            call = update.function_call
            if call.name in SEARCHES and self._silence.told():
                self._say("searching")
            self._waiting[call.call_id] = asyncio.create_task(self._wait())
        elif update.type == "tool_call_ended":
            task = self._waiting.pop(update.call_id, None)
            if task is not None:
                task.cancel()

    async def _wait(self) -> None:
        await self._silence.lasts(self._after_s, "thinking")
        if self._silence.told():
            self._say("one_moment")
