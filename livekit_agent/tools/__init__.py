"""What the agent can do, one file a kind. docs/tools.md is their contract."""

from collections.abc import Callable

from livekit_agent.tools.arithmetic import arithmetic_tools
from livekit_agent.tools.chance import chance_tools
from livekit_agent.tools.clock import clock_tools
from livekit_agent.tools.contract import Tool
from livekit_agent.tools.hang_up import hang_up_tools
from livekit_agent.tools.notes import Notes, note_tools
from livekit_agent.tools.timers import Timers, timer_tools


def all_tools(
    *, timezone: str | None, timers: Timers, notes: Notes, hang_up: Callable[[], None]
) -> list[Tool]:
    """Every tool of a call."""
    return [
        *clock_tools(timezone),
        *arithmetic_tools(),
        *chance_tools(),
        *timer_tools(timers),
        *note_tools(notes),
        *hang_up_tools(hang_up),
    ]
