"""All BACKEND_* values."""

import re
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, FilePath, IPvAnyNetwork, SecretStr, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from backend.data.url import known_url
from chassis.settings import MIN_SECRET_CHARS, ServiceSettings, is_loopback

WEB_DIR = Path(__file__).parent.parent / "frontend" / "dist"


class BackendSettings(ServiceSettings):
    """Settings of the backend."""

    model_config = SettingsConfigDict(env_prefix="BACKEND_")

    port: int = Field(default=8080, ge=1, le=65535, description="port to listen on")
    published_on: str | None = Field(
        default=None,
        description="address of this machine the port is published on, where a container listens "
        "on every address of its own network; unset: BACKEND_HOST",
    )
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
    stt_api_key: SecretStr | None = Field(
        default=None, description="bearer key of stt, where it asks for one"
    )
    llm_api_key: SecretStr | None = Field(
        default=None, description="bearer key of llm, where it asks for one"
    )
    tts_api_key: SecretStr | None = Field(
        default=None, description="bearer key of tts, where it asks for one"
    )
    embedded_url: str = Field(default="http://127.0.0.1:8004", description="address of the standby")
    agent_url: str = Field(default="http://127.0.0.1:8082", description="address of agent")

    auth: Literal["off", "on"] = Field(
        default="off",
        description="on: people sign in; off: one local user, and only this machine may connect",
    )
    signup: Literal["open", "invite", "closed"] = Field(
        default="invite", description="who may make an account, with BACKEND_AUTH=on"
    )
    session_days: int = Field(
        default=30, ge=1, le=365, description="days a browser stays signed in after its last visit"
    )
    encryption_keys: list[SecretStr] = Field(
        default=[],
        description="keys of stored texts, newest first, a JSON list; 32 characters or more each; "
        "after a new one is put in front: python -m backend.manage rotate-keys; "
        "unset: texts are stored as they are",
    )
    trusted_proxies: list[IPvAnyNetwork] = Field(
        default=[],
        description="addresses or networks of reverse proxies whose X-Forwarded-For is believed; "
        "a JSON list",
    )
    limits_url: SecretStr = Field(
        default=SecretStr("async+memory://"),
        description="where rate limits are counted: async+memory://, or async+redis://host:port "
        "when several backends share them",
    )
    livekit_key_file: FilePath | None = Field(
        default=None,
        description="file of SFU keys, lines `key: secret`, as livekit-server's key_file; the "
        "first signs; read again when it changes; unset: LIVEKIT_API_KEY and LIVEKIT_API_SECRET",
    )
    calls_per_user: int = Field(
        default=3, ge=1, description="calls one user may be in at a time, with BACKEND_AUTH=on"
    )
    max_calls: int | None = Field(
        default=None, ge=1, description="calls at a time; unset: as many as the workers take"
    )
    phone_max_calls: int = Field(
        default=4, ge=0, description="telephone calls at a time; 0: as many as the workers take"
    )
    phone_dial_allow: list[str] = Field(
        default=[],
        description="beginnings of numbers that may be called, as +4930, or * for all; a JSON "
        "list; unset: nobody is called",
    )
    sip_url: str = Field(
        default="http://127.0.0.1:8085", description="address of livekit-sip's health"
    )
    retention_days: int | None = Field(
        default=None,
        ge=1,
        le=36_500,
        description="days conversations are kept; unset: until deleted",
    )
    recording: Literal["off", "allowed"] = Field(
        default="off",
        description="allowed: users may have the sound of their calls kept; callers are told",
    )
    embeddings_model: str | None = Field(
        default=None,
        description="model at BACKEND_LLM_URL/v1/embeddings that memories are searched with; "
        "unset: by words",
    )
    images_url: str | None = Field(
        default=None,
        description="base URL, ending in /v1, of an OpenAI-compatible image generator for "
        "personas' pictures; unset: none",
    )
    images_api_key: SecretStr | None = Field(
        default=None, description="bearer key of the image generator"
    )
    images_model: str = Field(default="gpt-image-1", description="model of the image generator")
    database_url: SecretStr = Field(
        default=SecretStr("sqlite+aiosqlite:///.parley/data/parley.db"),
        description="database of conversations, memories and personas: "
        "sqlite+aiosqlite:///file or postgresql://user:password@host/name",
    )
    user_name: str | None = Field(
        default=None, max_length=100, description="what the agent calls you; unset: nothing"
    )

    @field_validator("database_url")
    @classmethod
    def _database_that_is_known(cls, value: SecretStr) -> SecretStr:
        return SecretStr(known_url(value.get_secret_value()))

    @field_validator("phone_dial_allow")
    @classmethod
    def _beginnings_of_numbers(cls, allowed: list[str]) -> list[str]:
        for begin in allowed:
            if begin != "*" and not re.fullmatch(r"\+[1-9][0-9]{0,14}", begin):
                raise ValueError(f"{begin!r} is neither * nor the beginning of a number, as +4930")
        return allowed

    @field_validator("encryption_keys")
    @classmethod
    def _long_enough(cls, keys: list[SecretStr]) -> list[SecretStr]:
        if any(len(key.get_secret_value()) < MIN_SECRET_CHARS for key in keys):
            raise ValueError(f"each key needs {MIN_SECRET_CHARS} characters or more")
        return keys

    @model_validator(mode="after")
    def _sign_in_beyond_loopback(self) -> Self:
        judged = "host" if self.published_on is None else "published_on"
        address = str(getattr(self, judged))
        if self.auth == "off" and not is_loopback(address):
            raise ValueError(
                f"{self.variable(judged)}={address} is reachable from other machines: "
                f"set {self.variable('auth')}=on too, or listen on 127.0.0.1"
            )
        return self

    @property
    def origins(self) -> frozenset[str]:
        """Every origin whose pages may ask for a token."""
        own = {f"http://{host}:{self.port}" for host in ("localhost", "127.0.0.1", "[::1]")}
        return frozenset(own | {origin.rstrip("/") for origin in self.allowed_origins})
