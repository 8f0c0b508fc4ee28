"""Settings of the speech-to-text server, `STT_*`."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from inference.service import ModelServerSettings


class SttSettings(ModelServerSettings):
    """What an operator may choose about hearing."""

    model_config = SettingsConfigDict(env_prefix="STT_")

    port: int = Field(default=8001, ge=1, le=65535, description="port to listen on")
    slots: int = Field(default=4, ge=1, le=64, description="utterances decoded at once")
    queue_limit: int = Field(default=32, ge=0, description="utterances that may wait for a slot")
    model: str = Field(
        default="pocketsphinx-en", min_length=1, description="model id that clients see"
    )
    open_vocabulary: bool = Field(
        default=True,
        description="hear words beyond the assistant's sentences; about 60 MB a slot",
    )
    cache_dir: Path = Field(
        default=Path("~/.cache/parley/stt"), description="where the language model built here stays"
    )
    max_audio_s: float = Field(
        default=1800.0, gt=0, allow_inf_nan=False, description="longest sound file, seconds"
    )
    max_sockets: int = Field(default=64, ge=1, description="realtime connections at once")
    idle_s: float = Field(
        default=900.0,
        gt=0,
        allow_inf_nan=False,
        description="a realtime connection that sends nothing for so long is closed, seconds",
    )
