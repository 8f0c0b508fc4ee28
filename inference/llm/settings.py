"""Settings of the chat server, `LLM_*`."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator
from pydantic_settings import SettingsConfigDict

from inference.service import ModelServerSettings


class LlmSettings(ModelServerSettings):
    """What an operator may choose about the chat server."""

    model_config = SettingsConfigDict(env_prefix="LLM_")

    port: int = Field(default=8002, ge=1, le=65535, description="port to listen on")
    max_body_bytes: int = Field(default=4_000_000, ge=1024, description="largest request body")
    timezone: str | None = Field(
        default=None, description="IANA zone of answers about time; unset: this machine's"
    )

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str | None) -> str | None:
        try:
            ZoneInfo(name or "UTC")
        except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
            raise ValueError("no such time zone: use a name such as Europe/Paris") from exc
        return name
