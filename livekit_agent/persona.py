"""Who the agent is in a call: instructions for the LLM, voice, language, manners."""

from dataclasses import dataclass

from livekit_agent.settings import AgentSettings
from livekit_agent.tools.fence import FENCE_RULE

MANNERS = """\
You are heard, not read: answer in one or two short sentences of plain spoken language, with no \
markdown, lists, emoji or symbols. Use the tools for time, dates, arithmetic, units, timers, \
reminders, lists, dice and notes instead of guessing; say what a tool returned, nothing more. When \
the user says goodbye, call end_call. Say plainly when you do not know or cannot do something. \
Reply in the language the user speaks."""
DEFAULT_PROMPT = "You are Parley, a voice assistant running on the user's own machine."


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    """`interruption_mode`: what stops the agent: any speech, some words, nothing."""

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


def instructions(persona: Persona, context: None) -> str:
    """The system prompt of a call."""
    parts = [persona.prompt]
    if persona.style:
        parts.append(f"Your manner: {persona.style}")
    parts += [MANNERS, FENCE_RULE]
    return "\n\n".join(parts)
