"""`POST /v1/audio/transcriptions` and `/translations`: a sound file in, what is said in it out."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from contextlib import AsyncExitStack, aclosing
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Request
from starlette.requests import ClientDisconnect
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

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
from inference.model_status import EngineFailed
from inference.service import client_of, priority_of, require_key
from inference.slots import LIVE
from inference.stt.answers import MEDIA_TYPES, body, text_of, usage
from inference.stt.forms import SCHEMA, TranscriptionForm, read_form
from inference.stt.hearing import Heard, Hearing
from inference.stt.service import Stt

CLIENT_LEFT = 499

T = TypeVar("T")
ANSWERS: dict[int | str, dict[str, Any]] = documented(NotFound, TooLarge, RateLimited) | {
    200: {
        "description": "the text, in the form asked for",
        "content": {
            kind.partition(";")[0]: {} for kind in (*MEDIA_TYPES.values(), "text/event-stream")
        },
    }
}

log = get_logger(__name__)
Priority = Annotated[int, Depends(priority_of)]
Client = Annotated[str, Depends(client_of)]


def stt_routes(stt: Stt) -> APIRouter:
    """Files to text."""
    router = APIRouter(
        dependencies=[Depends(require_key)],
        responses=documented(InvalidRequest, Unauthorized, Unavailable),
    )

    @router.post("/v1/audio/transcriptions", openapi_extra=SCHEMA, responses=ANSWERS)
    async def transcriptions(request: Request, priority: Priority, client: Client) -> Response:
        """Write down the speech in `file`: WAV, FLAC, OGG, MP3, M4A, AAC or WebM, 8 to 192 kHz."""
        return await _answered(stt, request, priority, client, translate=False)

    @router.post("/v1/audio/translations", openapi_extra=SCHEMA, responses=ANSWERS)
    async def translations(request: Request, priority: Priority, client: Client) -> Response:
        """Write down in English what is said in `file`, where the model can."""
        return await _answered(stt, request, priority, client, translate=True)

    return router


async def _answered(
    stt: Stt,
    request: Request,
    priority: int,
    client: str,
    *,
    translate: bool,
) -> Response:
    stt.memory.check()
    await stt.lifecycle.awake()
    try:
        return await _answer(stt, request, client, is_live=priority == LIVE, translate=translate)
    except ClientDisconnect:
        return Response(status_code=CLIENT_LEFT)  # for the log and the metrics


async def _answer(
    stt: Stt, request: Request, client: str, *, is_live: bool, translate: bool
) -> Response:
    """Room for the file first, then its bytes, then the engine: in the order of what they cost."""
    async with AsyncExitStack() as held:
        await held.enter_async_context(stt.lanes.file(client, is_live=is_live))
        async with read_form(request) as form:
            # Only now: another engine may have taken over while the file came in.
            engine = await held.enter_async_context(stt.lifecycle.lease())
            asked = TranscriptionForm(form, engine.model, engine.abilities, translate=translate)
            data = await asked.file.read()
        step = stt.lanes.live_step if is_live else stt.lanes.file_step
        hearing = Hearing(engine, asked.options, step, stt.measures, client=client)
        pieces = await held.enter_async_context(
            aclosing(stt.sound_files.pieces(data, max_s=stt.settings.max_audio_s))
        )
        del data  # once a decoder has it, nobody needs it here
        parts = await held.enter_async_context(aclosing(_told(stt, hearing.hear(pieces))))
        if asked.stream:
            events = _events(parts, hearing)
            # What is wrong still gets its status, if it shows before the first event.
            first = await _unless_gone(request, anext(events))
            return _EventStream(_after(first, events), held.pop_all())
        heard = await _unless_gone(request, _all(parts))
    content = body(
        heard,
        hearing.duration_s,
        asked.response_format,
        asked.granularities,
        translated=translate,
    )
    headers = {
        "content-type": MEDIA_TYPES[asked.response_format],
        "x-parley-audio-s": f"{hearing.duration_s:.3f}",  # text and captions do not say it
    }
    return Response(content, headers=headers)


class _EventStream(StreamingResponse):
    """Server-sent events that let go of what they hold however they end."""

    def __init__(self, events: AsyncIterator[str], held: AsyncExitStack) -> None:
        super().__init__(events, media_type="text/event-stream")
        self._held = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._held:
            await super().__call__(scope, receive, send)


async def _told(stt: Stt, parts: AsyncIterator[Heard]) -> AsyncGenerator[Heard]:
    """The parts, with an engine's failure as an error for the client."""
    try:
        async for part in parts:
            stt.warm_up.passed()
            yield part
    except EngineFailed as exc:
        log.error("engine_failed", exc_info=exc)
        raise ParleyError("the recogniser failed on this file", code="engine_failed") from exc


async def _all(parts: AsyncIterator[Heard]) -> list[Heard]:
    return [part async for part in parts]


async def _unless_gone(request: Request, work: Awaitable[T]) -> T:
    """What the work comes to. Raises ClientDisconnect, and ends it, when the client leaves."""
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(request.receive())  # the body is read: what comes is its end
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        working.cancel()
        leaving.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _events(parts: AsyncIterator[Heard], hearing: Hearing) -> AsyncIterator[str]:
    """OpenAI's events: a delta a stretch of speech, then the whole."""
    heard: list[Heard] = []
    try:
        async for part in parts:
            before = text_of(heard)
            heard.append(part)
            if part.transcript.text:
                delta = text_of(heard).removeprefix(before)
                yield _event({"type": "transcript.text.delta", "delta": delta})
    except ParleyError as exc:
        if not heard:
            raise
        log.warning("stream_failed", code=exc.error_code)
        yield _event({"type": "error", "error": exc.body()})
        return
    done = {"type": "transcript.text.done", "text": text_of(heard)}
    yield _event(done | {"usage": usage(hearing.duration_s)})


async def _after(first: str, rest: AsyncIterator[str]) -> AsyncIterator[str]:
    yield first
    async for event in rest:
        yield event


def _event(event: dict[str, Any]) -> str:
    return f"data: {json.dumps(event)}\n\n"
