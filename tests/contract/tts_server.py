"""What tests of voices' lives share: servers as they start, and what they are asked to say."""

from collections.abc import Mapping
from contextlib import AbstractContextManager

import httpx2

from tests.contract.stt_server import load, ready, refused, serves
from tests.processes import running

__all__ = ["load", "ready", "refused", "serves"]

SPEECH = "/v1/audio/speech"
ESPEAK, KOKORO = "espeak-ng", "kokoro-82m-onnx"
TEXT = "Hello there, how are you today?"
BYTES_PER_S = 48_000


def starting(environment: Mapping[str, str]) -> AbstractContextManager[str]:
    """A server that answers, ready or not."""
    return running("inference.tts", environment, health="/health/live")


def say(url: str, text: str = TEXT, **more: str) -> httpx2.Response:
    return httpx2.post(f"{url}{SPEECH}", json=body(text, **more), timeout=30)


def body(text: str, **more: str) -> dict[str, str]:
    return {"input": text, "response_format": "pcm", **more}


def seconds(response: httpx2.Response) -> float:
    assert response.status_code == 200, response.text
    return len(response.content) / BYTES_PER_S
