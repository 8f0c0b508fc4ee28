"""The body of `POST /v1/audio/speech`, checked."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field

from chassis.errors import NotFound

MAX_INPUT_CHARS = 4096  # OpenAI's limit
MIN_SPEED = 0.25
MAX_SPEED = 4.0
# Names that clients written for other servers send; whatever model is configured answers.
FOREIGN_MODELS = ("tts-1", "gpt-4o-mini-tts", "kokoro")

ResponseFormat = Literal["mp3", "opus", "aac", "flac", "wav", "pcm"]


def _voice_id(value: Any) -> Any:
    """`"alloy"` or OpenAI's `{"id": "alloy"}`."""
    return value.get("id") if isinstance(value, dict) else value


def _or_default(default: Any) -> BeforeValidator:
    """Some clients send null for what they leave out."""
    return BeforeValidator(lambda value: default if value is None else value)


class SpeechBody(BaseModel):
    """OpenAI's request. Unknown fields are ignored."""

    input: str = Field(max_length=MAX_INPUT_CHARS, description="text to speak")
    model: str | None = None
    voice: Annotated[str | None, BeforeValidator(_voice_id)] = Field(default=None, max_length=200)
    response_format: Annotated[ResponseFormat, _or_default("mp3")] = "mp3"
    speed: Annotated[float, _or_default(1.0)] = Field(
        default=1.0, ge=MIN_SPEED, le=MAX_SPEED, allow_inf_nan=False, strict=True
    )
    instructions: str | None = Field(
        default=None, description="accepted; engines that cannot act a part do without"
    )
    stream_format: Annotated[Literal["audio", "sse"], _or_default("audio")] = "audio"


def check_model(asked: str | None, model: str) -> None:
    """Raise NotFound unless `asked` is `model`, left out, or a name other servers are known by."""
    if not asked or asked == model or asked.startswith(FOREIGN_MODELS):
        return
    raise NotFound(
        f"there is no model {asked[:100]!r} here: GET /v1/models lists what there is",
        param="model",
        code="model_not_found",
    )
