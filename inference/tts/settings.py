"""Settings of the text-to-speech server, `TTS_*`."""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from inference.service import SwitchedServerSettings


class TtsSettings(SwitchedServerSettings):
    """What an operator may choose about speech."""

    model_config = SettingsConfigDict(env_prefix="TTS_")
    foreign = frozenset({"TTS_PYTHON"})  # read by `parley up`

    port: int = Field(default=8003, ge=1, le=65535, description="port to listen on")
    engine: Literal["auto", "kokoro", "kokoro-onnx", "espeak"] = Field(
        default="auto",
        description="auto: kokoro on a GPU, else kokoro-onnx, else kokoro, else espeak, by the "
        "packages and weights that are here",
    )
    model: str | None = Field(
        default=None,
        min_length=1,
        max_length=300,
        description="model of the engine: an id of `parley models list`, owner/name on the hub, "
        "or a folder; unset: the engine's own",
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = Field(
        default="auto", description="where models run"
    )
    threads: int = Field(
        default=0, ge=0, le=256, description="CPU threads of a model; 0: one a core"
    )
    voice: str = Field(default="alloy", description="voice of requests that name none")
    lexicon: Path | None = Field(
        default=None,
        description="file of words and how to say them, which the API edits; "
        "unset: ~/.config/parley/lexicon.json",
    )
    cache_bytes: int = Field(
        default=33_554_432, ge=0, description="memory for phrases spoken lately; 0: no cache"
    )
    slots: int = Field(default=8, ge=1, le=64, description="requests that share the engine at once")
    queue_limit: int = Field(default=32, ge=0, description="requests that may wait for their turn")
    max_body_bytes: int = Field(default=262_144, ge=1024, description="largest request body")
