"""All BACKEND_* values."""

from pathlib import Path

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from chassis.settings import ServiceSettings

WEB_DIR = Path(__file__).parent.parent / "frontend" / "dist"


class BackendSettings(ServiceSettings):
    """Settings of the backend."""

    model_config = SettingsConfigDict(env_prefix="BACKEND_")

    port: int = Field(default=8080, ge=1, le=65535, description="port to listen on")
    allowed_origins: list[str] = Field(
        default=[],
        description="origins (scheme://host:port), besides this machine's own, whose pages may "
        "ask for a token; a JSON list",
    )
    web_dir: Path = Field(default=WEB_DIR, description="folder of the built web app")
    agent_name: str = Field(default="parley", description="worker name that calls are sent to")
    token_ttl_s: int = Field(
        default=600, ge=60, le=600, description="seconds a token can be used to join"
    )
    tokens_per_minute: int = Field(
        default=60, ge=1, description="tokens one address may ask for in a minute"
    )
    stt_url: str = Field(default="http://127.0.0.1:8001", description="address of stt")
    llm_url: str = Field(default="http://127.0.0.1:8002", description="address of llm")
    tts_url: str = Field(default="http://127.0.0.1:8003", description="address of tts")
    embedded_url: str = Field(default="http://127.0.0.1:8004", description="address of the standby")
    agent_url: str = Field(default="http://127.0.0.1:8082", description="address of agent")

    database_url: SecretStr = Field(
        default=SecretStr("sqlite+aiosqlite:///.parley/data/parley.db"),
        description="database of conversations, memories and personas",
    )
    user_name: str | None = Field(
        default=None, max_length=100, description="what the agent calls you; unset: nothing"
    )

    @field_validator("database_url")
    @classmethod
    def _file_of_sqlite(cls, value: SecretStr) -> SecretStr:
        try:
            url = make_url(value.get_secret_value())
        except ArgumentError:  # not its message, which quotes the whole
            raise ValueError("not a database URL such as sqlite+aiosqlite:///parley.db") from None
        if url.drivername != "sqlite+aiosqlite" or not url.database or url.database == ":memory:":
            raise ValueError("only a file of sqlite+aiosqlite:/// can be used")
        return value

    @property
    def origins(self) -> frozenset[str]:
        """Every origin whose pages may ask for a token."""
        own = {f"http://{host}:{self.port}" for host in ("localhost", "127.0.0.1", "[::1]")}
        return frozenset(own | {origin.rstrip("/") for origin in self.allowed_origins})
