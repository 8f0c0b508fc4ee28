"""Who the agent is in a call: instructions for the LLM, voice, language, manners."""

import re
from dataclasses import dataclass, replace

from livekit_agent import backend_client
from livekit_agent.backend_client import CallContext
from livekit_agent.settings import AgentSettings
from livekit_agent.tools.fence import FENCE_RULE, fence, line

MANNERS = """\
You are heard, not read: answer in one or two short sentences of plain spoken language, with no \
markdown, lists, emoji or symbols. Use the tools for time, dates, arithmetic, units, timers, \
reminders, lists, dice and notes instead of guessing; say what a tool returned, nothing more. When \
the user says goodbye, call end_call. Say plainly when you do not know or cannot do something. \
Reply in the language the user speaks."""
FOLLOWS_SPEAKER = "auto"
FIRST_LANGUAGE = "en"
DEFAULT_PROMPT = "You are Parley, a voice assistant running on the user's own machine."
CALLER_CHARS = 40  # of a number; an address may be longer
SALUTATION = re.compile(
    r"^(hello|hi|hey|good (?:morning|afternoon|evening)|bonjour|bonsoir|salut)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    """`language`: "auto" follows the speaker. `interruption_mode`: what stops the agent: normal
    (any speech), words (so many), off."""

    id: str
    name: str
    prompt: str
    style: str
    voice: str
    language: str
    greeting: str
    temperature: float | None
    tools: frozenset[str] | None  # None: all
    interruption_mode: str
    interruption_words: int


def default_persona(settings: AgentSettings) -> Persona:
    """Who answers while the backend cannot say who should."""
    return Persona(
        id="",
        name="Parley",
        prompt=DEFAULT_PROMPT,
        style="",
        voice=settings.tts_voice,
        language=settings.language,
        greeting=settings.greeting,
        temperature=None,
        tools=None,
        interruption_mode="normal",
        interruption_words=0,
    )


def persona_of(data: backend_client.Persona, settings: AgentSettings) -> Persona:
    """The backend's persona; what it leaves open is as in the settings."""
    default = default_persona(settings)
    return replace(
        default,
        id=data.id,
        name=data.name,
        prompt=data.prompt,
        style=data.style,
        voice=data.voice or default.voice,
        language=data.language or default.language,
        greeting=data.greeting or default.greeting,
        temperature=data.temperature,
        tools=frozenset(data.tools) if data.tools is not None else None,
        interruption_mode=data.interruption_mode,
        interruption_words=data.interruption_words,
    )


def instructions(persona: Persona, context: CallContext | None, caller: str = "") -> str:
    """The system prompt of a call. What people said of themselves is fenced: it orders nothing.

    `caller`: the number a telephone call says it is from; empty: none.
    """
    parts = [persona.prompt]
    if persona.style:
        parts.append(f"Your manner: {persona.style}")
    parts += [MANNERS, FENCE_RULE]
    if context is not None:
        if context.user.preferred_name:
            parts.append(f"The user wants to be called: {line(context.user.preferred_name)}")
        if context.memories:
            known = "\n".join(memory.text for memory in context.memories)
            parts.append(fence(known, source="what the user told you on other days"))
    if caller:
        number = fence(caller, source="the number the call says it is from", max_chars=CALLER_CHARS)
        parts.append(f"This is a telephone call.\n{number}")
    return "\n\n".join(parts)


def first_language(persona: Persona) -> str:
    """What is spoken until the user has."""
    return FIRST_LANGUAGE if persona.language == FOLLOWS_SPEAKER else persona.language


def greeting(persona: Persona, context: CallContext | None) -> str:
    """The first words, with the user's name after the salutation where there is one."""
    name = context.user.preferred_name if context is not None else None
    if not name:
        return persona.greeting
    return SALUTATION.sub(lambda said: f"{said.group(0)} {line(name)}", persona.greeting, count=1)
