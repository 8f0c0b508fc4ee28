"""Seconds each stage may take in a turn before something is said or another engine asked."""

from dataclasses import dataclass

from livekit_agent.settings import AgentSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgets:
    """All in seconds."""

    connect_s: float = 1.0  # to an engine on this machine or the next
    stt_s: float = 3.0  # end of speech → final transcript
    llm_s: float = 5.0  # request → first token
    token_s: float = 3.0  # between two tokens
    reply_s: float = 120.0  # a whole reply, however it goes on
    tts_s: float = 3.0  # request → first sound
    sound_s: float = 3.0  # between two pieces of sound
    filler_s: float = 2.0  # silence after a turn until "one moment" is said

    @classmethod
    def of(cls, settings: AgentSettings) -> "Budgets":
        return cls(
            stt_s=settings.stt_budget_s,
            llm_s=settings.llm_budget_s,
            tts_s=settings.tts_budget_s,
            filler_s=settings.filler_s,
        )
