"""What the agent can do, one file a kind. docs/tools.md is their contract."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from livekit_agent.tools.arithmetic import arithmetic_tools
from livekit_agent.tools.chance import chance_tools
from livekit_agent.tools.clock import clock_tools
from livekit_agent.tools.contract import Tool
from livekit_agent.tools.hang_up import hang_up_tools
from livekit_agent.tools.lists import Lists, list_tools
from livekit_agent.tools.memory import MemoryStore, memory_tools
from livekit_agent.tools.persona_tools import Switch, persona_tools
from livekit_agent.tools.phone import PhoneLine, phone_tools
from livekit_agent.tools.reminders import reminder_tools
from livekit_agent.tools.schedule import Schedule
from livekit_agent.tools.timers import timer_tools


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolDeps:
    """What the tools of one call stand on. None: this call cannot do that."""

    timezone: str | None  # IANA name of the user's clock, None for this machine's
    schedule: Schedule
    lists: Lists
    memory: MemoryStore
    hang_up: Callable[[], None]
    phone: PhoneLine | None = None  # of a phone call
    transfer_numbers: Mapping[str, str] = field(default_factory=dict)
    set_voice: Switch | None = None
    set_persona: Switch | None = None
    only: frozenset[str] | None = None  # the names a persona allows, None for all


def call_tools(deps: ToolDeps) -> list[Tool]:
    """Every tool of a call. Building them starts nothing; a new persona may have them anew."""
    tools = [
        *clock_tools(deps.timezone),
        *arithmetic_tools(),
        *chance_tools(),
        *timer_tools(deps.schedule),
        *reminder_tools(deps.schedule, deps.timezone),
        *list_tools(deps.lists),
        *memory_tools(deps.memory),
        *persona_tools(deps.set_voice, deps.set_persona),
        *(phone_tools(deps.phone, deps.transfer_numbers) if deps.phone is not None else []),
        *hang_up_tools(deps.hang_up),
    ]
    return [each for each in tools if deps.only is None or each.info.name in deps.only]
