"""The realtime STT of the scripted engines: it hears of a known sentence as much as it is sent.

A word is heard once its share of the sentence's loud sound has arrived, so a word that was lost on
the way is a word missing from the transcript.
"""

import asyncio
import base64
import json
import secrets
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from starlette.websockets import WebSocket, WebSocketDisconnect

from tests.fakes.openai_backend import Json

BLOCK_S = 0.02
LOUD_RMS = 500.0  # of 32768: speech is far above, the codec's comfort noise far below
HEARD_AT_LEAST_S = 0.1  # less is a click
DEFAULT_RATE_HZ = 24_000
PREFIX = "conversation.item.input_audio_transcription"
# The names that clients commit for; any other closes its utterances itself until told otherwise.
CLIENT_COMMIT_MODELS = ("gpt-realtime-whisper", "gpt-live-transcribe")
PAUSE_S = 0.5

Pcm = NDArray[np.int16]
Completed = Callable[[str, str], list[str]]


class ScriptedStt:
    """`sentence` is what is said, `speech_s` how much of it is loud. Change anything any time."""

    def __init__(self) -> None:
        self.sockets = 0
        self.heard: list[str] = []
        self.usual()

    def usual(self) -> None:
        self.sentence = "what is twelve times seven"
        self.speech_s = 1.4
        self.completed: Completed = completed  # the messages that end an item: its id, its text
        self.delay_s = 0.0

    async def listen(self, socket: WebSocket) -> None:
        await socket.accept()
        self.sockets += 1
        try:
            await _Listening(self, socket).run()
        except WebSocketDisconnect:
            pass
        finally:
            self.sockets -= 1

    def words_in(self, loud_s: float) -> str:
        """What of the sentence is understood of so much loud sound."""
        if loud_s < HEARD_AT_LEAST_S:
            return ""
        words = self.sentence.split()
        return " ".join(words[: max(1, round(loud_s / self.speech_s * len(words)))])


def completed(item_id: str, text: str) -> list[str]:
    told = {"type": f"{PREFIX}.completed", "item_id": item_id, "content_index": 0}
    return [json.dumps(told | {"transcript": text, "confidence": 0.9, "language": "en"})]


def loud_s(samples: Pcm, rate_hz: int) -> float:
    """Seconds of `samples` that are not silence."""
    size = int(rate_hz * BLOCK_S)
    blocks = samples[: len(samples) // size * size].reshape(-1, size).astype(np.float64)
    return float(np.count_nonzero(np.sqrt(np.mean(blocks**2, axis=1)) > LOUD_RMS)) * BLOCK_S


class _Listening:
    """One client's socket."""

    def __init__(self, stt: ScriptedStt, socket: WebSocket) -> None:
        self._stt = stt
        self._socket = socket
        self._rate_hz = DEFAULT_RATE_HZ
        model = socket.query_params.get("model", "")
        self._pause_s = None if model.startswith(CLIENT_COMMIT_MODELS) else PAUSE_S
        self._rest: Pcm = np.zeros(0, np.int16)
        self._last_id: str | None = None
        self._open_item()

    def _open_item(self) -> None:
        self._item_id = f"item_{secrets.token_hex(8)}"
        self._loud_s = self._quiet_s = 0.0
        self._sent = ""

    async def run(self) -> None:
        await self._tell("session.created", session={"id": "scripted"})
        while True:
            event = json.loads(await self._socket.receive_text())
            match event["type"]:
                case "session.update":
                    self._update(event["session"]["audio"]["input"])
                    await self._tell("session.updated", session=event["session"])
                case "input_audio_buffer.append":
                    await self._append(base64.b64decode(event["audio"]))
                case "input_audio_buffer.commit":
                    await self._commit()
                case "input_audio_buffer.clear":
                    self._open_item()
                    await self._tell("input_audio_buffer.cleared")

    def _update(self, given: Json) -> None:
        self._rate_hz = (given.get("format") or {}).get("rate") or self._rate_hz
        if "turn_detection" in given:
            turns = given["turn_detection"]
            self._pause_s = turns.get("silence_duration_ms", 500) / 1000 if turns else None

    async def _append(self, pcm: bytes) -> None:
        samples = np.concatenate([self._rest, np.frombuffer(pcm, np.int16)])
        whole = len(samples) - len(samples) % int(self._rate_hz * BLOCK_S)
        self._rest = samples[whole:]
        loud = loud_s(samples[:whole], self._rate_hz)
        self._loud_s += loud
        self._quiet_s = 0.0 if loud else self._quiet_s + whole / self._rate_hz
        text = self._stt.words_in(self._loud_s)
        if len(text) > len(self._sent):
            added = text[len(self._sent) :]
            self._sent = text
            await self._tell(f"{PREFIX}.delta", item_id=self._item_id, delta=added)
        is_over = self._pause_s is not None and self._quiet_s >= self._pause_s
        if is_over and self._loud_s >= HEARD_AT_LEAST_S:
            await self._commit()

    async def _commit(self) -> None:
        item_id, text = self._item_id, self._stt.words_in(self._loud_s)
        ids = {"item_id": item_id, "previous_item_id": self._last_id}
        await self._tell("input_audio_buffer.committed", **ids)
        self._last_id = item_id
        self._open_item()
        await asyncio.sleep(self._stt.delay_s)
        if text:
            self._stt.heard.append(text)
        for message in self._stt.completed(item_id, text):
            await self._socket.send_text(message)

    async def _tell(self, kind: str, **fields: object) -> None:
        await self._socket.send_text(json.dumps({"type": kind, **fields}))
