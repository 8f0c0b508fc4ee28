"""Changing the voice and the persona of a call by asking for it."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from pydantic import Field

from livekit_agent.tools.contract import Result, Tool, tool

Name = Annotated[str, Field(min_length=1, max_length=100)]
Switch = Callable[[str], Awaitable[None]]  # raises ToolFailure when the name is not known


class VoiceSet(Result):
    voice: str


class PersonaSet(Result):
    persona: str


def persona_tools(set_voice: Switch | None, set_persona: Switch | None) -> list[Tool]:
    """Tools for what can be switched in this call."""
    tools = []
    if set_voice is not None:
        tools.append(_voice_tool(set_voice))
    if set_persona is not None:
        tools.append(_persona_tool(set_persona))
    return tools


def _voice_tool(switch: Switch) -> Tool:
    @tool
    async def set_voice(voice: Name) -> VoiceSet:
        """Speak with another voice from the next sentence on.

        Args:
            voice: its name, as the user said it.
        """
        await switch(voice)
        return VoiceSet(voice=voice)

    return set_voice


def _persona_tool(switch: Switch) -> Tool:
    @tool
    async def set_persona(persona: Name) -> PersonaSet:
        """Let another persona take over this conversation.

        Args:
            persona: its name, as the user said it.
        """
        await switch(persona)
        return PersonaSet(persona=persona)

    return set_persona
