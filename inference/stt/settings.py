"""Settings of the speech-to-text server, `STT_*`."""

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from inference.service import SwitchedServerSettings


class SttSettings(SwitchedServerSettings):
    """What an operator may choose about hearing."""

    model_config = SettingsConfigDict(env_prefix="STT_")
    foreign = frozenset({"STT_PYTHON"})  # read by `parley up`
    # Of pocketsphinx's decoders, for the next callers. A pair takes 66 MB and 0.2 s to load: a rush
    # must not keep it all.
    ready_pairs: ClassVar[int] = 2
    kept_pairs: ClassVar[int] = 6

    port: int = Field(default=8001, ge=1, le=65535, description="port to listen on")
    engine: Literal["auto", "nemotron", "whisper", "pocketsphinx"] = Field(
        default="auto",
        description="auto: nemotron, else whisper, else pocketsphinx, by the weights that are here",
    )
    model: str | None = Field(
        default=None,
        min_length=1,
        max_length=300,
        description="model of the engine: an id of `parley models list`, owner/name on the hub, "
        "a .nemo file or a folder; unset: the engine's best that is here",
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = Field(
        default="auto", description="where models run"
    )
    quantisation: Literal["auto", "float32", "float16", "bfloat16", "int8"] = Field(
        default="auto",
        description="precision of weights; auto: int8 on a CPU, half precision on a GPU",
    )
    threads: int = Field(
        default=0, ge=0, le=256, description="CPU threads of a model; 0: one a core"
    )
    chunk_ms: Literal["auto", "80", "160", "560", "1120"] = Field(
        default="auto",
        description="sound in a step of nemotron, and how far it looks ahead; auto: 160 on a GPU, "
        "560 on a CPU",
    )
    batching: bool = Field(
        default=True, description="step the streams of nemotron together, in one forward pass"
    )
    slots: int = Field(
        default=0, ge=0, le=64, description="pieces of model work at once; 0: one a core"
    )
    max_streams: int = Field(
        default=16, ge=1, le=512, description="live utterances at once; others wait a moment"
    )
    queue_limit: int = Field(
        default=32, ge=0, description="utterances, and files, that may wait for their turn"
    )
    queue_wait_s: float = Field(
        default=30.0, gt=0, allow_inf_nan=False, description="longest wait of a file, seconds"
    )
    open_vocabulary: bool = Field(
        default=True,
        description="pocketsphinx hears words beyond the assistant's sentences; about 60 MB a slot",
    )
    cache_dir: Path = Field(
        default=Path("~/.cache/parley/stt"),
        description="where the language model that pocketsphinx builds stays",
    )
    max_audio_s: float = Field(
        default=1800.0, gt=0, allow_inf_nan=False, description="longest sound file, seconds"
    )
    max_files: int = Field(
        default=4, ge=1, le=64, description="sound files worked on at once; others wait their turn"
    )
    max_sockets: int = Field(default=64, ge=1, description="realtime connections at once")
    idle_s: float = Field(
        default=900.0,
        gt=0,
        allow_inf_nan=False,
        description="a realtime connection that sends nothing for so long is closed, seconds",
    )
