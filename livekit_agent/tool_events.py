"""Tells the screen what tools do, and the log how long they took."""

import json
import time
from collections.abc import Callable
from typing import Any

from livekit.agents import AgentSession
from livekit.agents.voice.events import ToolExecutionUpdatedEvent

from chassis.logs import get_logger
from livekit_agent.events import Event, ToolEvent
from livekit_agent.tools.search import Citations

log = get_logger(__name__)


class ToolEvents:
    """Listens to a session's tools."""

    def __init__(
        self,
        session: AgentSession[None],
        publish: Callable[[Event], None],
        citations: Citations,
    ) -> None:
        self._publish = publish
        self._citations = citations
        self._started: dict[str, tuple[str, float]] = {}  # by call id: name, time.perf_counter
        session.on("tool_execution_updated", self._on_update)

    def _on_update(self, event: ToolExecutionUpdatedEvent) -> None:
        update = event.update
        if update.type == "tool_call_started":
            call = update.function_call
            self._started[call.call_id] = (call.name, time.perf_counter())
            self._publish(
                ToolEvent(
                    id=call.call_id,
                    name=call.name,
                    state="started",
                    arguments=_json_or(call.arguments, None),
                )
            )
        elif update.type == "tool_call_ended":
            name, started = self._started.pop(update.call_id, ("", time.perf_counter()))
            seconds = time.perf_counter() - started
            state = "finished" if update.status == "done" else "failed"
            self._publish(
                ToolEvent(
                    id=update.call_id,
                    name=name,
                    state=state,
                    result=_json_or(update.message, update.message),
                    duration_ms=round(seconds * 1000, 1),
                    citations=self._citations.take(update.call_id),
                )
            )
            log.info("tool_done", tool=name, state=state, seconds=round(seconds, 4))


def _json_or(text: str | None, otherwise: Any) -> Any:
    try:
        return json.loads(text or "")
    except ValueError:
        return otherwise
