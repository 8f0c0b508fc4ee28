"""Settings of the text-to-speech server, `TTS_*`."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from inference.service import ModelServerSettings


class TtsSettings(ModelServerSettings):
    """What an operator may choose about speech."""

    model_config = SettingsConfigDict(env_prefix="TTS_")

    port: int = Field(default=8003, ge=1, le=65535, description="port to listen on")
    slots: int = Field(default=8, ge=1, le=64, description="requests that share the engine at once")
    queue_limit: int = Field(default=32, ge=0, description="requests that may wait for their turn")
    max_body_bytes: int = Field(default=262_144, ge=1024, description="largest request body")
    voice: str = Field(default="alloy", description="voice of requests that name none")
