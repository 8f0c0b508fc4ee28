"""Settings of the standby, `EMBEDDED_*`: where it listens. What it runs is not for choice."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from chassis.settings import KeyedSettings


class EmbeddedSettings(KeyedSettings):
    """What an operator may choose about the standby."""

    model_config = SettingsConfigDict(env_prefix="EMBEDDED_")

    port: int = Field(default=8004, ge=1, le=65535, description="port to listen on")
