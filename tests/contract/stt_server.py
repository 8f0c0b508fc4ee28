"""What tests of models' lives share: servers as they start, what they answer, tiny models."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

import httpx2

from tests.fakes import whisper_model
from tests.processes import running, until
from tests.speech import speak, wav_bytes

TRANSCRIPTIONS = "/v1/audio/transcriptions"
EMBEDDED, WHISPER, NEMOTRON = "pocketsphinx-en", "whisper-small", "tiny-nemotron"
TEXT = "what time is it"
LIGHT = {"STT_OPEN_VOCABULARY": "false"}  # starts in half the time
SHAPE = whisper_model.Shape(languages=("en", "de"))


def starting(environment: Mapping[str, str]) -> AbstractContextManager[str]:
    """A server that answers, ready or not."""
    return running("inference.stt", environment, health="/health/live")


def ready(url: str) -> tuple[int, dict[str, Any]]:
    """The status of the readiness report, and what it says of the model."""
    response = httpx2.get(f"{url}/health/ready", timeout=15)
    return response.status_code, response.json()["model"]


def serves(url: str, model: str) -> bool:
    status, told = ready(url)
    return status == 200 and (told.get("serving"), told["state"]) == (model, "ready")


def hear(url: str, text: str = TEXT) -> httpx2.Response:
    files = {"file": ("a.wav", wav_bytes(speak(text)))}
    return httpx2.post(f"{url}{TRANSCRIPTIONS}", files=files, timeout=30)


def load(url: str, model: str) -> None:
    response = httpx2.post(f"{url}/v1/models/{model}/load")
    assert response.status_code == 202
    assert response.json()["model"] == model
    until(lambda: serves(url, model))


def refused(response: httpx2.Response, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    error: dict[str, Any] = response.json()["error"]
    assert set(error) == {"message", "type", "param", "code", "details", "request_id"}
    if status == 503:
        assert int(response.headers["retry-after"]) >= 1
    return error
