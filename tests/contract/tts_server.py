"""What tests of voices' lives share: servers as they start, and what they are asked to say."""

import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpx2

from tests.contract.stt_server import answers, load, ready, refused, serves, until
from tests.processes import LOGS, ROOT, clean_env, free_port

__all__ = ["load", "ready", "refused", "serves", "until"]

SPEECH = "/v1/audio/speech"
ESPEAK, KOKORO = "espeak-ng", "kokoro-82m-onnx"
TEXT = "Hello there, how are you today?"
BYTES_PER_S = 48_000


@contextmanager
def starting(environment: Mapping[str, str]) -> Iterator[str]:
    """A server that answers, ready or not."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    LOGS.mkdir(exist_ok=True)
    whole = clean_env({"TTS_PORT": str(port), "PYTHONPATH": str(ROOT), **environment})
    with (LOGS / f"inference.tts-{port}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "inference.tts"], env=whole, stdout=log, stderr=log, cwd=LOGS
        )
        try:
            until(lambda: answers(url))
            yield url
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(10)


def say(url: str, text: str = TEXT, **more: str) -> httpx2.Response:
    return httpx2.post(f"{url}{SPEECH}", json=body(text, **more), timeout=30)


def body(text: str, **more: str) -> dict[str, str]:
    return {"input": text, "response_format": "pcm", **more}


def seconds(response: httpx2.Response) -> float:
    assert response.status_code == 200, response.text
    return len(response.content) / BYTES_PER_S
