"""Events of OpenAI's realtime transcription: what clients send, checked, and what they are told."""

import base64
import binascii
import json
import secrets
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from chassis.errors import InvalidRequest, ParleyError
from inference.audio import BYTES_PER_SAMPLE

MAX_APPEND_BYTES = 480_000  # ten seconds at 24 kHz
MAX_EVENT_ID_CHARS = 512


class PcmFormat(BaseModel):
    type: Literal["audio/pcm"] = "audio/pcm"
    rate: Literal[16_000, 24_000] = 24_000


class Transcription(BaseModel):
    model: str | None = Field(default=None, max_length=200)
    language: str | None = Field(default=None, max_length=40)
    prompt: str | None = None


class TurnDetection(BaseModel):
    """OpenAI's defaults."""

    type: Literal["server_vad"] = "server_vad"
    threshold: float = Field(default=0.5, ge=0, le=1, allow_inf_nan=False)
    prefix_padding_ms: int = Field(default=300, ge=0, le=5_000)
    silence_duration_ms: int = Field(default=500, ge=100, le=10_000)


class AudioInput(BaseModel):
    """Fields left out keep what they were; an explicit null of turn_detection switches it off."""

    format: PcmFormat | None = None
    transcription: Transcription | None = None
    turn_detection: TurnDetection | None = None


class Audio(BaseModel):
    input: AudioInput = AudioInput()


class Session(BaseModel):
    type: Literal["transcription"] = "transcription"
    audio: Audio = Audio()


class _Event(BaseModel):
    event_id: str | None = Field(default=None, max_length=MAX_EVENT_ID_CHARS)


class SessionUpdate(_Event):
    type: Literal["session.update"]
    session: Session


class Append(_Event):
    type: Literal["input_audio_buffer.append"]
    audio: str

    def pcm(self) -> bytes:
        """The sound. Raises InvalidRequest naming `audio`."""
        if len(self.audio) > MAX_APPEND_BYTES * 4 // 3 + 4:
            raise _bad_audio(f"audio holds more than {MAX_APPEND_BYTES} bytes")
        try:
            pcm = base64.b64decode(self.audio, validate=True)
        except (binascii.Error, ValueError) as exc:
            raise _bad_audio("audio is not base64") from exc
        if len(pcm) % BYTES_PER_SAMPLE:
            raise _bad_audio(f"audio is {len(pcm)} bytes: half a sample is missing")
        return pcm


class Commit(_Event):
    type: Literal["input_audio_buffer.commit"]


class Clear(_Event):
    type: Literal["input_audio_buffer.clear"]


ClientEvent = SessionUpdate | Append | Commit | Clear
_ADAPTER: TypeAdapter[ClientEvent] = TypeAdapter(
    Annotated[ClientEvent, Field(discriminator="type")]
)


class BadEvent(Exception):
    """An event that cannot be acted on: what to answer, and to which event."""

    def __init__(self, error: ParleyError, event_id: str | None) -> None:
        super().__init__(error.message)
        self.error = error
        self.event_id = event_id


def client_event(text: str) -> ClientEvent:
    """The event in a message. Raises BadEvent."""
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError) as exc:
        error = InvalidRequest("the message is not valid JSON", code="invalid_json")
        raise BadEvent(error, None) from exc
    event_id = raw.get("event_id") if isinstance(raw, dict) else None
    try:
        return _ADAPTER.validate_python(raw)
    except ValidationError as exc:
        known = event_id if isinstance(event_id, str) else None
        raise BadEvent(_problem(exc), known and known[:MAX_EVENT_ID_CHARS]) from exc


def told(kind: str, **fields: Any) -> dict[str, Any]:
    """An event for the client."""
    return {"type": kind, "event_id": f"event_{secrets.token_hex(8)}", **fields}


def error_told(error: ParleyError, event_id: str | None = None) -> dict[str, Any]:
    return told("error", error=error.body() | {"event_id": event_id})


def _problem(exc: ValidationError) -> InvalidRequest:
    first = exc.errors(include_url=False, include_input=False)[0]
    if first["type"] in ("union_tag_invalid", "union_tag_not_found"):
        return InvalidRequest(
            "type must be session.update or input_audio_buffer.append, .commit or .clear",
            param="type",
            code="unknown_event",
        )
    # The first part of the place is the tag of the union.
    where = ".".join(str(part) for part in first["loc"][1:]) or "type"
    return InvalidRequest(f"{where}: {first['msg']}", param=where)


def _bad_audio(message: str) -> InvalidRequest:
    return InvalidRequest(message, param="audio", code="invalid_audio")
