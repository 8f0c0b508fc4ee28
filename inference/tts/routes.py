"""HTTP of the text-to-speech server."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Message, Send

from chassis.errors import InvalidRequest
from chassis.logs import get_logger
from inference.service import require_key
from inference.tts.encoder import encoder_of
from inference.tts.polish import first_sound_s
from inference.tts.schema import SpeechBody, check_model
from inference.tts.service import Tts
from inference.tts.speech import Speech

SEND_WITHIN_S = 60.0  # a client that takes nothing for so long has gone, whatever TCP says
CLIENT_LEFT = 499

log = get_logger(__name__)


def tts_routes(tts: Tts) -> APIRouter:
    """Everything below `/v1/audio` that speaks."""
    router = APIRouter(dependencies=[Depends(require_key)])

    async def opened(body: SpeechBody) -> AsyncIterator[Speech]:
        """The speech asked for; it ends with the response, however that ends."""
        engine = await tts.serving.lifecycle.awake()
        check_model(body.model, engine.model)
        async with tts.speech(body.input, body.voice, body.speed) as speech:
            yield speech

    @router.post("/v1/audio/speech")
    async def speech(
        request: Request, body: SpeechBody, speech: Annotated[Speech, Depends(opened)]
    ) -> Response:
        """Speak `input`, streamed from the first sound on."""
        first = await _first(request, speech)
        if first is None:
            return Response(status_code=CLIENT_LEFT)
        encoder = encoder_of(body.response_format)
        encoded = encoder.stream(_samples(tts, speech, first))
        observed = _observed(tts, speech, first, encoded, body.response_format)
        if body.stream_format == "sse":
            return _Stream(_events(observed), media_type="text/event-stream")
        return _Stream(observed, media_type=encoder.media_type)

    @router.get("/v1/audio/voices")
    async def voices() -> dict[str, list[dict[str, str]]]:
        """Every voice by id; `<language>+<variant>` works too."""
        return {
            "voices": [
                {"id": voice.id, "name": voice.name, "language": voice.language}
                for voice in (await tts.serving.lifecycle.awake()).voices()
            ]
        }

    @router.get("/v1/audio/models")
    async def models() -> dict[str, list[dict[str, str]]]:
        return {"models": [{"id": tts.serving.known.model}]}

    return router


def root_routes() -> APIRouter:
    """`GET {base_url}/`, with which LiveKit's plugin opens its connection ahead of time."""
    router = APIRouter()

    @router.get("/")
    @router.get("/v1/")
    async def root() -> dict[str, str]:
        return {"service": "tts"}

    return router


class _Stream(StreamingResponse):
    """A streamed response that gives up on a client that stops reading."""

    async def stream_response(self, send: Send) -> None:
        async def bounded(message: Message) -> None:
            async with asyncio.timeout(SEND_WITHIN_S):
                await send(message)

        try:
            await super().stream_response(bounded)
        except TimeoutError:
            log.warning("client_stalled", within_s=SEND_WITHIN_S)


async def _first(request: Request, speech: Speech) -> bytes | None:
    """The first sound, so that a failure still gets a status; None: the client left before it."""
    taking = asyncio.ensure_future(speech.take())
    leaving = asyncio.ensure_future(request.receive())  # the body is read: what comes is its end
    try:
        await asyncio.wait((taking, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not taking.done():
            return None
        first = taking.result()
    finally:
        taking.cancel()
        leaving.cancel()
        await asyncio.gather(taking, leaving, return_exceptions=True)
    if not first:
        raise InvalidRequest(f"the voice {speech.voice.id} has no sound for input", param="input")
    return first


async def _samples(tts: Tts, speech: Speech, first: bytes) -> AsyncIterator[bytes]:
    chunk = first
    while chunk:
        yield chunk
        chunk = await speech.take()
    tts.serving.warm_up.passed()


async def _observed(
    tts: Tts, speech: Speech, first: bytes, encoded: AsyncIterator[bytes], name: str
) -> AsyncIterator[bytes]:
    """`encoded`, with the instants of its first byte and first sound recorded."""
    waited_s = None
    async for chunk in encoded:
        if waited_s is None:
            waited_s = time.monotonic() - speech.opened_at_s
            tts.measures.ttfb.labels(name).observe(waited_s)
            tts.measures.first_sound.observe(waited_s + first_sound_s(first))
        yield chunk


async def _events(encoded: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """OpenAI's server-sent events around the bytes of the asked format."""
    async for chunk in encoded:
        if chunk:
            audio = base64.b64encode(chunk).decode()
            yield _event({"type": "speech.audio.delta", "audio": audio})
    usage = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}  # no tokens are involved
    yield _event({"type": "speech.audio.done", "usage": usage})


def _event(data: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(data)}\n\n".encode()
