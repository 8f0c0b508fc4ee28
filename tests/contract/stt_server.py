"""What tests of models' lives share: servers as they start, what they answer, tiny models."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx2

from tests.fakes import whisper_model
from tests.processes import LOGS, ROOT, clean_env, free_port
from tests.speech import speak, wav_bytes

TRANSCRIPTIONS = "/v1/audio/transcriptions"
EMBEDDED, WHISPER, NEMOTRON = "pocketsphinx-en", "whisper-small", "tiny-nemotron"
TEXT = "what time is it"
LIGHT = {"STT_OPEN_VOCABULARY": "false"}  # starts in half the time
SHAPE = whisper_model.Shape(languages=("en", "de"))


@contextmanager
def starting(environment: Mapping[str, str]) -> Iterator[str]:
    """A server that answers, ready or not."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    LOGS.mkdir(exist_ok=True)
    whole = clean_env({"STT_PORT": str(port), "PYTHONPATH": str(ROOT), **environment})
    with (LOGS / f"inference.stt-{port}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "inference.stt"], env=whole, stdout=log, stderr=log, cwd=LOGS
        )
        try:
            until(lambda: answers(url))
            yield url
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(10)


def until(holds: Callable[[], bool], within_s: float = 30.0) -> None:
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)  # between two polls of a process, not a guess


def answers(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/health/live", timeout=5).status_code == 200
    except httpx2.ConnectError:
        return False


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
    assert set(error) == {"message", "type", "param", "code", "request_id"}
    if status == 503:
        assert int(response.headers["retry-after"]) >= 1
    return error
