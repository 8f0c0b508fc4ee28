"""A realtime transcription client for tests: sends sound, keeps every event with its instant."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import soxr
import websockets

from tests.speech import RATE_HZ, Pcm, speak

CHUNK_S = 0.05  # as LiveKit's plugin sends
Event = dict[str, Any]
COMPLETED = "conversation.item.input_audio_transcription.completed"
DELTA = "conversation.item.input_audio_transcription.delta"


def silence(seconds: float) -> Pcm:
    return np.zeros(int(seconds * RATE_HZ), np.int16)


def said(text: str, *, before_s: float = 0.3, after_s: float = 0.0, voice: str = "rms") -> Pcm:
    return np.concatenate([silence(before_s), speak(text, voice), silence(after_s)])


def append(pcm: Pcm) -> Event:
    return {
        "type": "input_audio_buffer.append",
        "audio": base64.b64encode(pcm.tobytes()).decode(),
    }


def session(*, rate_hz: int = 16_000, **audio_input: Any) -> Event:
    chosen = {"format": {"type": "audio/pcm", "rate": rate_hz}, **audio_input}
    return {
        "type": "session.update",
        "session": {"type": "transcription", "audio": {"input": chosen}},
    }


class Caller:
    """One socket. `events` grows while it is open."""

    def __init__(self, socket: websockets.ClientConnection) -> None:
        self.socket = socket
        self.events: list[tuple[float, Event]] = []
        self._more = asyncio.Condition()

    async def send(self, event: Event | str) -> None:
        await self.socket.send(event if isinstance(event, str) else json.dumps(event))

    async def say(self, pcm: Pcm, *, rate_hz: int = RATE_HZ, real_time: bool = False) -> None:
        if rate_hz != RATE_HZ:
            floats = soxr.resample(pcm.astype(np.float32), RATE_HZ, rate_hz)
            pcm = np.clip(floats, -32768, 32767).astype(np.int16)
        chunk = int(rate_hz * CHUNK_S)
        for at in range(0, len(pcm), chunk):
            await self.send(append(pcm[at : at + chunk]))
            if real_time:
                await asyncio.sleep(CHUNK_S)

    async def commit(self) -> float:
        """The instant at which the utterance was committed."""
        await self.send({"type": "input_audio_buffer.commit"})
        return time.monotonic()

    async def wait(self, kind: str, *, number: int = 1, within_s: float = 60.0) -> Event:
        """The `number`th event of that kind."""
        async with asyncio.timeout(within_s), self._more:
            await self._more.wait_for(lambda: len(self.of(kind)) >= number)
        return self.of(kind)[number - 1]

    def of(self, kind: str) -> list[Event]:
        return [event for _, event in self.events if event["type"] == kind]

    def instant(self, kind: str) -> float:
        return next(at for at, event in self.events if event["type"] == kind)

    async def read(self) -> None:
        async for message in self.socket:
            async with self._more:
                self.events.append((time.monotonic(), json.loads(message)))
                self._more.notify_all()


@asynccontextmanager
async def calling(
    url: str, model: str = "gpt-realtime-whisper", **headers: str
) -> AsyncIterator[Caller]:
    """An open socket. Names like the default's end utterances themselves; others get server VAD."""
    address = f"{url.replace('http', 'ws', 1)}/v1/realtime?intent=transcription&model={model}"
    async with websockets.connect(address, additional_headers=headers, proxy=None) as socket:
        caller = Caller(socket)
        reading = asyncio.create_task(caller.read())
        try:
            yield caller
        finally:
            await socket.close()
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
