"""Where the engines of each stage are, and what they are asked for."""

from livekit_agent.settings import AgentSettings
from livekit_agent.stages import Endpoint, StageName

# What the standby's engines are asked for; it serves whatever the name.
STANDBY_MODELS: dict[StageName, str] = {
    "stt": "gpt-realtime-whisper",
    "llm": "gpt-4o-mini",
    "tts": "tts-1",
}


def endpoints_of(settings: AgentSettings, stage: StageName) -> list[Endpoint]:
    """The main engine of a stage, then the standby."""
    main = Endpoint(
        name="main",
        base_url=getattr(settings, f"{stage}_url").rstrip("/"),
        model=getattr(settings, f"{stage}_model"),
        api_key=getattr(settings, f"{stage}_api_key"),
    )
    standby = Endpoint(
        name="standby",
        base_url=settings.standby_url.rstrip("/"),
        model=STANDBY_MODELS[stage],
        api_key=settings.standby_api_key,
    )
    return [main, standby]
