"""The body of `POST /v1/audio/speech`, checked."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field, ValidationInfo, field_validator

from chassis.errors import NotFound

MAX_INPUT_CHARS = 4096  # OpenAI's limit
MIN_SPEED = 0.25
MAX_SPEED = 4.0
# Names that clients written for other servers send; whatever model is configured answers.
FOREIGN_MODELS = ("tts-1", "gpt-4o-mini-tts", "kokoro")

ResponseFormat = Literal["mp3", "opus", "aac", "flac", "wav", "pcm"]
StreamFormat = Literal["audio", "sse"]


class NamedVoice(BaseModel):
    """OpenAI's other way to name one."""

    id: str


def _voice_id(value: Any) -> Any:
    """`"alloy"` or `{"id": "alloy"}`."""
    return value.get("id") if isinstance(value, dict) else value


def _or_default(default: Any, kind: Any) -> BeforeValidator:
    """Some clients send null for what they leave out."""
    return BeforeValidator(
        lambda value: default if value is None else value, json_schema_input_type=kind | None
    )


class SpeechBody(BaseModel):
    """OpenAI's request, and `language` and `timestamps`. Unknown fields are ignored."""

    input: str = Field(max_length=MAX_INPUT_CHARS, description="text to speak")
    model: str | None = None
    voice: Annotated[
        str | None, BeforeValidator(_voice_id, json_schema_input_type=str | NamedVoice | None)
    ] = Field(default=None, max_length=200, description="an id of `GET /v1/audio/voices`")
    response_format: Annotated[ResponseFormat, _or_default("mp3", ResponseFormat)] = "mp3"
    speed: Annotated[float, _or_default(1.0, float)] = Field(
        default=1.0, ge=MIN_SPEED, le=MAX_SPEED, allow_inf_nan=False, strict=True
    )
    instructions: str | None = Field(
        default=None, description="accepted; engines that cannot act a part do without"
    )
    stream_format: StreamFormat | None = Field(
        default=None, description="left out: audio; sse where timestamps are asked for"
    )
    language: str | None = Field(
        default=None,
        min_length=1,
        max_length=40,
        description="what input is written in, as a tag: `fr`, `en-gb`; else the voice's own",
    )
    timestamps: Annotated[bool, _or_default(False, bool)] = Field(
        default=False, strict=True, description="with sse: an event tells when each word is heard"
    )

    @field_validator("timestamps")
    @classmethod
    def _in_events_only(cls, timestamps: bool, others: ValidationInfo) -> bool:
        if timestamps and others.data.get("stream_format") == "audio":
            raise ValueError("words are told in events only: ask for stream_format sse")
        return timestamps

    @property
    def is_in_events(self) -> bool:
        return self.timestamps or self.stream_format == "sse"


def check_model(asked: str | None, model: str) -> None:
    """Raise NotFound unless `asked` is `model`, left out, or a name other servers are known by."""
    if not asked or asked == model or asked.startswith(FOREIGN_MODELS):
        return
    raise NotFound(
        f"there is no model {asked[:100]!r} here: GET /v1/models lists what there is",
        param="model",
        code="model_not_found",
    )
