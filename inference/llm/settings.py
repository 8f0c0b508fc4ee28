"""Settings of the chat server, `LLM_*`."""

from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, HttpUrl, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from inference.service import SwitchedServerSettings


class LlmSettings(SwitchedServerSettings):
    """What an operator may choose about the chat server."""

    model_config = SettingsConfigDict(env_prefix="LLM_")
    foreign = frozenset({"LLM_PYTHON"})  # read by `parley up`

    port: int = Field(default=8002, ge=1, le=65535, description="port to listen on")
    backend: Literal["auto", "llama-server", "llama-cpp-python", "external", "assist"] = Field(
        default="auto",
        description="auto: external where LLM_BASE_URL is set, else llama-server, else "
        "llama-cpp-python, by what is installed and where a GGUF file is here; else assist",
    )
    model: str | None = Field(
        default=None,
        min_length=1,
        max_length=300,
        description="model of the backend: an id of `parley models list`, owner/name on the hub, "
        "a .gguf file, or a name the external backend knows; unset: the best that fits memory",
    )
    base_url: str | None = Field(
        default=None, description="OpenAI base URL of an external backend, with its /v1"
    )
    base_url_key: SecretStr | None = Field(
        default=None, description="bearer key of the external backend"
    )
    embeddings_model: str | None = Field(
        default=None,
        min_length=1,
        max_length=300,
        description="model of /v1/embeddings, named like LLM_MODEL; unset: the chat model's",
    )
    llama_server_bin: Path | None = Field(
        default=None,
        description="llama-server to run; unset: the one `make llama` built, else that on PATH",
    )
    ctx_size: int = Field(
        default=16_384, ge=512, description="context of one chat in tokens, where memory allows"
    )
    slots: int = Field(
        default=0, ge=0, le=64, description="chats at once; 0: as many as fit memory, 4 at most"
    )
    threads: int = Field(
        default=0, ge=0, le=256, description="CPU threads of the model; 0: one a core"
    )
    gpu_layers: int = Field(
        default=-1, ge=-1, description="layers of the model on the GPU; -1: as many as fit"
    )
    queue_limit: int = Field(default=32, ge=0, description="chats that may wait for their turn")
    queue_wait_s: float = Field(
        default=30.0, gt=0, allow_inf_nan=False, description="longest wait for a turn, seconds"
    )
    first_token_s: float = Field(
        default=60.0, gt=0, allow_inf_nan=False, description="longest wait for a first token"
    )
    inter_token_s: float = Field(
        default=15.0, gt=0, allow_inf_nan=False, description="longest pause between two tokens"
    )
    total_s: float = Field(
        default=600.0, gt=0, allow_inf_nan=False, description="longest answer, seconds"
    )
    max_rss_bytes: int = Field(
        default=0,
        ge=0,
        description="start the engine anew when it holds more memory; 0: what the model needs "
        "and half as much again",
    )
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

    @field_validator("base_url")
    @classmethod
    def _an_address(cls, url: str | None) -> str | None:
        if url is not None:
            HttpUrl(url)  # its complaints are readable
        return url
