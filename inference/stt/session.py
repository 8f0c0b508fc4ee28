"""What a realtime connection asked for: model, language, sample rate, who ends utterances."""

import secrets
import time
from dataclasses import dataclass, replace
from typing import Any

from inference.stt.engine import Abilities, Options
from inference.stt.events import Session
from inference.stt.listener import ServerVad
from inference.stt.models import (
    CLIENT_COMMIT_MODELS,
    check_model,
    language_asked,
    prompt_asked,
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
    prompt: str | None = None
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

    def updated(self, asked: Session, served_model: str, can: Abilities) -> "SessionSettings":
        """With what a session.update names. Raises InvalidRequest or NotFound, naming the field."""
        given = asked.audio.input
        model, language, prompt = self.model, self.language, self.prompt
        rate_hz, vad = self.rate_hz, self.vad
        if given.format and "rate" in given.format.model_fields_set:
            rate_hz = given.format.rate
        if given.transcription:
            where = "session.audio.input.transcription"
            check_model(given.transcription.model, served_model)
            language = given.transcription.language or language
            language_asked(language, can, f"{where}.language")
            if "prompt" in given.transcription.model_fields_set:
                prompt = prompt_asked(given.transcription.prompt, can, f"{where}.prompt")
            if given.transcription.model and given.transcription.model != model:
                model = given.transcription.model
                vad = _default_vad(model)
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
        return replace(
            self, model=model, language=language, prompt=prompt, rate_hz=rate_hz, vad=vad
        )

    def options(self, can: Abilities) -> Options:
        """For an engine that may be another than when the session was updated.

        Raises InvalidRequest where it cannot do what was asked.
        """
        return Options(
            language=language_asked(self.language, can), prompt=prompt_asked(self.prompt, can)
        )

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
                    "transcription": {
                        "model": self.model,
                        "language": self.language,
                        "prompt": self.prompt,
                    },
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
