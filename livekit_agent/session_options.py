"""How the SDK's session is set: all turn rules named, since its defaults may pick cloud models."""

from collections.abc import Callable
from typing import Any

from livekit.agents import AgentSession, room_io
from livekit.agents.voice.agent_session import SessionConnectOptions

from livekit_agent.persona import Persona
from livekit_agent.settings import AgentSettings
from livekit_agent.turn_detector import Heard, TurnDetector
from livekit_agent.turns import Endpointing
from livekit_agent.voice_ending import VoiceEnding

MAX_TOOL_STEPS = 5
MAX_PREEMPTIVE = 6  # replies begun for one turn; each costs the LLM a prompt
INPUT_RATE_HZ = 16_000  # the VAD's and the turn model's: at another each would resample for itself
INPUT_FRAME_MS = 20  # the SDK's 50 ms would add up to 30 ms before the VAD sees a pause
MAX_TYPED_CHARS = 8000  # some pages; more would push the conversation out of the context
FALSE_INTERRUPTION_S = 2.0  # the STT's verdict comes sooner, as a rule; this is without one
# The stages count failures by their own rules, and end calls with a word.
CONNECT_OPTIONS = SessionConnectOptions(max_unrecoverable_errors=1_000_000)


def turn_handling(
    settings: AgentSettings,
    persona: Persona,
    heard: Callable[[], Heard],
    voice: VoiceEnding | None,
) -> Any:
    """When a turn is over, what stops the agent, and that replies are begun ahead."""
    rule = Endpointing(min_s=settings.endpointing_min_s, max_s=settings.endpointing_max_s)
    return {
        "turn_detection": TurnDetector(rule, heard, voice),
        "endpointing": {"mode": "fixed", "min_delay": rule.min_s, "max_delay": rule.max_s},
        "interruption": {
            **interruption(persona),
            "mode": "vad",
            "min_duration": settings.interruption_min_s,
            "false_interruption_timeout": FALSE_INTERRUPTION_S,
            "resume_false_interruption": True,
        },
        # The reply is prepared while the silence that ends the turn is still being waited for.
        "preemptive_generation": {
            "enabled": settings.preemptive_after_s > 0,
            "preemptive_tts": True,
            "max_retries": MAX_PREEMPTIVE,
        },
    }


def interruption(persona: Persona) -> dict[str, Any]:
    """What of a persona's manners is the SDK's to keep; a session's options take it in mid-call."""
    words = persona.interruption_words if persona.interruption_mode == "words" else 0
    return {"enabled": persona.interruption_mode != "off", "min_words": words}


def room_options() -> room_io.RoomOptions:
    return room_io.RoomOptions(
        audio_input=room_io.AudioInputOptions(
            sample_rate=INPUT_RATE_HZ,
            frame_size_ms=INPUT_FRAME_MS,
            # Browsers level the microphone and the STT levels each utterance; a third gain
            # that moves in mid-word cost one sentence in ten.
            auto_gain_control=False,
        ),
        text_input=room_io.TextInputOptions(text_input_cb=typed),
        close_on_disconnect=False,  # presence.py knows a hang-up from a broken connection
    )


async def typed(session: AgentSession[None], event: room_io.TextInputEvent) -> None:
    """A question from the keyboard. It is heard whatever the persona's manners: with interruptions
    off the SDK's own callback would raise, and the question be lost."""
    text = event.text.strip()[:MAX_TYPED_CHARS]
    if not text:
        return
    async with session._claim_user_turn():
        await session.interrupt(force=True)
        session.generate_reply(user_input=text)
