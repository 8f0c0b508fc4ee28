"""Sound files over REST: how long they take, and what a cheap request waits meanwhile."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx2

from bench.stt.server import Server, Use
from bench.stt.sounds import recording

ANSWER_WITHIN_S = 600.0
KNOCK_EVERY_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One length of file, alone on the server."""

    audio_s: float
    took_s: float
    use: Use

    @property
    def rtf(self) -> float:
        return self.took_s / self.audio_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """Some files sent at the same moment, and what a cheap request waited meanwhile."""

    files: int
    audio_s: float
    took_s: list[float]
    words: int
    knocks_s: list[float]
    use: Use

    @property
    def throughput(self) -> float:
        """Seconds of sound in a second."""
        return self.audio_s / self.use.wall_s


async def measure(server: Server, seconds: float) -> File:
    data = recording(seconds)
    async with server.watched() as use, _client(server) as client:
        took_s, _ = await post(client, data)
    return File(audio_s=seconds, took_s=took_s, use=use)


async def burst(server: Server, files: int, seconds: float) -> Burst:
    data = recording(seconds)
    with knocking(server) as knocks_s:
        async with server.watched() as use, _client(server) as client:
            answers = await asyncio.gather(*(post(client, data) for _ in range(files)))
    return Burst(
        files=files,
        audio_s=files * seconds,
        took_s=[took_s for took_s, _ in answers],
        words=sum(len(text.split()) for _, text in answers),
        knocks_s=knocks_s,
        use=use,
    )


async def post(client: httpx2.AsyncClient, data: bytes) -> tuple[float, str]:
    """How long the answer took, and its text."""
    began_at_s = time.monotonic()
    answer = await client.post(
        "/v1/audio/transcriptions",
        files={"file": ("speech.wav", data)},
        data={"model": "whisper-1", "language": "en", "temperature": "0"},
    )
    took_s = time.monotonic() - began_at_s
    answer.raise_for_status()
    return took_s, str(answer.json()["text"])


async def post_until(server: Server, data: bytes, ends_at_s: float) -> list[float]:
    """One file after the other; how long each took that was answered in time."""
    took = []
    async with _client(server) as client:
        while time.monotonic() < ends_at_s:
            took_s, _ = await post(client, data)
            took.append(took_s)
    return took


@contextmanager
def knocking(server: Server) -> Iterator[list[float]]:
    """`GET /health/live` all the time, from a thread of its own: what each answer took."""
    took_s: list[float] = []
    over = threading.Event()

    def knock() -> None:
        with httpx2.Client(base_url=server.url, trust_env=False, timeout=60) as client:
            client.get("/health/live").raise_for_status()  # the connection is not what counts
            while not over.wait(KNOCK_EVERY_S):
                began_at_s = time.monotonic()
                client.get("/health/live").raise_for_status()
                took_s.append(time.monotonic() - began_at_s)

    thread = threading.Thread(target=knock)
    thread.start()
    try:
        yield took_s
    finally:
        over.set()
        thread.join()


def _client(server: Server) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(base_url=server.url, trust_env=False, timeout=ANSWER_WITHIN_S)
