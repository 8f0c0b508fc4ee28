"""What a realtime connection asked for: model, language, sample rate, who ends utterances."""

import secrets
import time
from dataclasses import dataclass, replace
from typing import Any

from inference.stt.events import Session
from inference.stt.listener import ServerVad
from inference.stt.models import (
    CLIENT_COMMIT_MODELS,
    check_language,
    check_model,
    check_prompt,
)

MAX_SESSION_S = 3600.0  # OpenAI's limit
DEFAULT_RATE_HZ = 24_000


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """The current choice; `updated` makes the next."""

    id: str
    expires_at: int
    model: str
    language: str | None = None
    rate_hz: int = DEFAULT_RATE_HZ
    vad: ServerVad | None = None

    @classmethod
    def opened(cls, model: str) -> "SessionSettings":
        return cls(
            id=f"sess_{secrets.token_hex(8)}",
            expires_at=int(time.time() + MAX_SESSION_S),
            model=model,
            vad=_default_vad(model),
        )

    def updated(self, asked: Session, served_model: str) -> "SessionSettings":
        """With what a session.update names. Raises InvalidRequest or NotFound, naming the field."""
        given = asked.audio.input
        model, language, rate_hz, vad = self.model, self.language, self.rate_hz, self.vad
        if given.format and "rate" in given.format.model_fields_set:
            rate_hz = given.format.rate
        if given.transcription:
            where = "session.audio.input.transcription"
            check_model(given.transcription.model, served_model)
            check_language(given.transcription.language, f"{where}.language")
            check_prompt(given.transcription.prompt, f"{where}.prompt")
            if given.transcription.model and given.transcription.model != model:
                model = given.transcription.model
                vad = _default_vad(model)
            language = given.transcription.language or language
        if "turn_detection" in given.model_fields_set:
            turns = given.turn_detection
            vad = (
                None
                if turns is None
                else ServerVad(
                    threshold=turns.threshold,
                    padding_s=turns.prefix_padding_ms / 1000,
                    silence_s=turns.silence_duration_ms / 1000,
                )
            )
        return replace(self, model=model, language=language, rate_hz=rate_hz, vad=vad)

    def told(self) -> dict[str, Any]:
        """As clients read it."""
        return {
            "type": "transcription",
            "object": "realtime.transcription_session",
            "id": self.id,
            "expires_at": self.expires_at,
            "audio": {
                "input": {
                    "format": {"type": "audio/pcm", "rate": self.rate_hz},
                    "transcription": {"model": self.model, "language": self.language},
                    "noise_reduction": None,
                    "turn_detection": self.vad
                    and {
                        "type": "server_vad",
                        "threshold": self.vad.threshold,
                        "prefix_padding_ms": round(self.vad.padding_s * 1000),
                        "silence_duration_ms": round(self.vad.silence_s * 1000),
                    },
                }
            },
        }


def _default_vad(model: str) -> ServerVad | None:
    return None if model.startswith(CLIENT_COMMIT_MODELS) else ServerVad()
