"""HTTP of the text-to-speech server."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from chassis.errors import (
    InvalidRequest,
    NotFound,
    ParleyError,
    RateLimited,
    TooLarge,
    Unauthorized,
    Unavailable,
    documented,
)
from chassis.logs import get_logger
from inference.service import priority_of, require_key
from inference.tts.encoder import MEDIA_TYPES, encoder_of
from inference.tts.events import MEDIA_TYPE as EVENTS
from inference.tts.events import events
from inference.tts.polish import first_sound_s
from inference.tts.schema import SpeechBody, check_model
from inference.tts.service import Tts
from inference.tts.speech import Speech

SEND_WITHIN_S = 60.0  # a client that takes nothing for so long has gone, whatever TCP says
CLIENT_LEFT = 499
ANSWERS: dict[int | str, dict[str, Any]] = documented(NotFound, TooLarge, RateLimited) | {
    200: {
        "description": "the sound, in the format asked for, from the first piece on",
        "content": {kind: {} for kind in (*MEDIA_TYPES.values(), EVENTS)},
    }
}

log = get_logger(__name__)


def tts_routes(tts: Tts) -> APIRouter:
    """Everything below `/v1/audio` that speaks."""
    router = APIRouter(
        dependencies=[Depends(require_key)],
        responses=documented(InvalidRequest, Unauthorized, Unavailable),
    )

    @router.post("/v1/audio/speech", responses=ANSWERS, response_class=Response)
    async def speech(
        request: Request, asked: SpeechBody, priority: Annotated[int, Depends(priority_of)]
    ) -> Response:
        """Speak `input`, streamed from the first sound on."""
        engine = await tts.serving.lifecycle.awake()
        check_model(asked.model, engine.model)
        async with AsyncExitStack() as held:
            speech = await held.enter_async_context(
                tts.speech(
                    asked.input,
                    asked.voice,
                    asked.speed,
                    language=asked.language,
                    priority=priority,
                    with_words=asked.timestamps,
                )
            )
            first = await _first(request, speech)
            if first is None:
                return Response(status_code=CLIENT_LEFT)
            encoder = encoder_of(asked.response_format)
            # Closed before the speech it takes from, however the answer ends.
            encoded = await held.enter_async_context(
                aclosing(encoder.stream(_samples(speech, first)))
            )
            observed = _observed(tts, speech, first, encoded, asked.response_format)
            spoken = {
                "x-parley-characters": str(len(asked.input)),
                "x-parley-format": encoder.media_type,  # events do not say what is in them
            }
            if asked.is_in_events:
                return _Stream(events(observed, speech.words), EVENTS, held.pop_all(), spoken)
            return _Stream(observed, encoder.media_type, held.pop_all(), spoken)

    @router.get("/v1/audio/voices")
    async def voices(
        language: Annotated[str | None, Query(max_length=40, description="`fr`, `en-gb`")] = None,
    ) -> dict[str, list[dict[str, str]]]:
        """Every voice by id, or those of a language."""
        found = (await tts.serving.lifecycle.awake()).voices()
        return {
            "voices": [
                {"id": voice.id, "name": voice.name, "language": voice.language}
                for voice in found
                if language is None or f"{voice.language}-".startswith(f"{language.lower()}-")
            ]
        }

    return router


def root_routes(service: str) -> APIRouter:
    """`GET {base_url}/`, with which LiveKit's plugin opens its connection ahead of time."""
    router = APIRouter()

    @router.get("/")
    @router.get("/v1/")
    async def root() -> dict[str, str]:
        return {"service": service}

    return router


class _Stream(StreamingResponse):
    """A streamed answer that lets go of what it holds however it ends.

    A client that stops reading is given up. Where the engine fails, the connection breaks off
    before the end that HTTP marks: the client sees that there should have been more.
    """

    def __init__(
        self,
        content: AsyncIterator[bytes],
        media_type: str,
        held: AsyncExitStack,
        headers: dict[str, str],
    ) -> None:
        # A charset, which Starlette adds to text, is no part of what events or sounds are.
        super().__init__(content, headers={"content-type": media_type, **headers})
        self._held = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._held:
            await super().__call__(scope, receive, send)

    async def stream_response(self, send: Send) -> None:
        async def bounded(message: Message) -> None:
            async with asyncio.timeout(SEND_WITHIN_S):
                await send(message)

        try:
            await super().stream_response(bounded)
        except TimeoutError:
            log.warning("client_stalled", within_s=SEND_WITHIN_S)
        except ParleyError as exc:
            log.warning("speech_broken_off", code=exc.error_code)


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


async def _samples(speech: Speech, first: bytes) -> AsyncIterator[bytes]:
    chunk = first
    while chunk:
        yield chunk
        chunk = await speech.take()


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
