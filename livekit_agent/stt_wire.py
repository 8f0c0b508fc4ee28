"""One engine's realtime transcription: OpenAI's events, as the stock LiveKit plugin has them."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidStatus,
    WebSocketException,
)

from livekit_agent.stages import Endpoint, EngineFailure
from livekit_agent.tracing import trace_headers

SAMPLE_RATE_HZ = 24_000  # what the protocol names; servers resample
SEND_WITHIN_S = 3.0
CLOSE_WITHIN_S = 0.5
MAX_MESSAGE_BYTES = 1 << 20
# Errors after which the socket goes on: the utterance held nothing.
EMPTY_CODES = frozenset({"input_audio_buffer_commit_empty", "empty_audio", "audio_too_short"})


@dataclass(frozen=True, slots=True)
class Words:
    """Text of the present utterance, appended to what came before."""

    item_id: str
    delta: str


@dataclass(frozen=True, slots=True)
class Completed:
    """The final transcript of an utterance; empty when nothing was said."""

    item_id: str
    text: str
    confidence: float
    language: str | None


WireEvent = Words | Completed


class RealtimeSocket:
    """Sound in, words out. Made by `open_socket`."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def append(self, pcm: bytes) -> None:
        """`pcm`: 24 kHz mono s16le. Raises EngineFailure."""
        await self._send(
            '{"type":"input_audio_buffer.append","audio":"'
            + base64.b64encode(pcm).decode("ascii")
            + '"}'
        )

    async def commit(self) -> None:
        """The utterance is over: its transcript is wanted. Raises EngineFailure."""
        await self._send('{"type":"input_audio_buffer.commit"}')

    async def configure(self, model: str, language: str | None) -> None:
        transcription: dict[str, Any] = {"model": model}
        if language:
            transcription["language"] = language
        sound = {
            "format": {"type": "audio/pcm", "rate": SAMPLE_RATE_HZ},
            "transcription": transcription,
            "turn_detection": None,  # our VAD says when an utterance is over
        }
        session = {"type": "transcription", "audio": {"input": sound}}
        await self._send(json.dumps({"type": "session.update", "session": session}))

    async def events(self) -> AsyncIterator[WireEvent]:
        """What is heard. Raises EngineFailure when the engine fails or goes away."""
        try:
            async for message in self._socket:
                event = _parsed(message)
                if event is not None:
                    yield event
        except ConnectionClosed as exc:
            raise EngineFailure(f"the connection broke: {exc}") from exc
        raise EngineFailure("the engine closed the connection")

    async def _send(self, message: str) -> None:
        try:
            async with asyncio.timeout(SEND_WITHIN_S):
                await self._socket.send(message)
        except (ConnectionClosed, OSError) as exc:
            raise EngineFailure(f"the connection broke: {exc}") from exc
        except TimeoutError as exc:
            raise EngineFailure("the engine does not read") from exc


@asynccontextmanager
async def open_socket(
    endpoint: Endpoint, *, language: str | None, within_s: float
) -> AsyncIterator[RealtimeSocket]:
    """A socket ready for sound. Raises EngineFailure."""
    url = endpoint.base_url.replace("http", "ws", 1) + "/realtime?"
    url += urlencode({"intent": "transcription", "model": endpoint.model})
    try:
        socket = await connect(
            url,
            additional_headers={
                "authorization": f"Bearer {endpoint.api_key.get_secret_value()}",
                "x-parley-priority": "live",
            }
            | trace_headers(),
            open_timeout=within_s,
            close_timeout=CLOSE_WITHIN_S,
            max_size=MAX_MESSAGE_BYTES,
            compression=None,  # sound does not shrink, and it costs CPU
            proxy=None,
        )
    except InvalidStatus as exc:
        status = exc.response.status_code
        raise EngineFailure(
            f"refused with {status}",
            retry_after_s=_seconds(exc.response.headers.get("retry-after")),
        ) from exc
    except (OSError, TimeoutError, InvalidHandshake, WebSocketException, EOFError) as exc:
        raise EngineFailure(f"no connection: {type(exc).__name__}") from exc
    try:
        wire = RealtimeSocket(socket)
        await wire.configure(endpoint.model, language)
        yield wire
    finally:
        await socket.close()


def _parsed(message: str | bytes) -> WireEvent | None:
    """Raises EngineFailure for what is not the protocol, and for the engine's own errors."""
    try:
        event = json.loads(message)
        kind = event["type"]
    except (ValueError, TypeError, KeyError) as exc:
        raise EngineFailure("what came is not an event") from exc
    try:
        if kind == "conversation.item.input_audio_transcription.delta":
            return Words(str(event["item_id"]), _string(event["delta"]))
        if kind == "conversation.item.input_audio_transcription.completed":
            return Completed(
                item_id=str(event["item_id"]),
                text=_string(event["transcript"]).strip(),
                confidence=float(event.get("confidence") or 0.0),
                language=_string(event.get("language") or "") or None,
            )
    except (KeyError, TypeError, ValueError) as exc:
        raise EngineFailure(f"{kind} does not hold what it should") from exc
    if kind == "conversation.item.input_audio_transcription.failed":
        raise EngineFailure(_message(event))
    if kind == "error":
        if _code(event) in EMPTY_CODES:
            return Completed(item_id="", text="", confidence=0.0, language=None)
        raise EngineFailure(_message(event))
    return None


def _string(value: object) -> str:
    """Raises TypeError: a null that were read as "None" would be a word of the caller's."""
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} instead of text")
    return value


def _code(event: dict[str, Any]) -> str:
    error = event.get("error")
    return str(error.get("code") or "") if isinstance(error, dict) else ""


def _message(event: dict[str, Any]) -> str:
    error = event.get("error")
    text = error.get("message") if isinstance(error, dict) else None
    return str(text or "the engine failed")[:300]


def _seconds(header: str | None) -> float | None:
    return float(header) if header and header.isdecimal() else None
