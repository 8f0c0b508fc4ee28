"""`POST /v1/audio/transcriptions`: a sound file in, what is said in it out."""

import asyncio
import json
import math
from collections.abc import AsyncIterator
from typing import Any, cast, get_args

from fastapi import APIRouter, Depends, Request
from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response, StreamingResponse

from chassis.errors import InvalidRequest, ParleyError
from chassis.logs import get_logger
from inference.audio import RATE_HZ, Pcm, decode_file
from inference.service import require_key
from inference.stt.answers import MEDIA_TYPES, ResponseFormat, body, text_of, usage
from inference.stt.models import check_language, check_model, check_prompt
from inference.stt.service import HeardSpan, Stt

MAX_FILES = 4
MAX_FIELDS = 64  # stock clients send odd extra ones
CLIENT_LEFT = 499

log = get_logger(__name__)


class TranscriptionForm:
    """OpenAI's request, checked. Unknown fields are ignored."""

    def __init__(self, form: FormData, model: str) -> None:
        self.file = self._file(form)
        check_model(_text(form, "model"), model)
        check_language(_text(form, "language"))
        check_prompt(_text(form, "prompt"))
        self._check_temperature(_text(form, "temperature"))
        self.response_format = self._format(_text(form, "response_format"))
        self.stream = self._flag(_text(form, "stream"))
        self.granularities = self._granularities(form)
        if self.stream and self.response_format not in ("json", "text"):
            raise InvalidRequest(
                f"stream goes with json and text, not with {self.response_format}", param="stream"
            )

    @staticmethod
    def _file(form: FormData) -> UploadFile:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise InvalidRequest("file must be a sound file in multipart/form-data", param="file")
        return file

    @staticmethod
    def _check_temperature(asked: str | None) -> None:
        if not asked:
            return
        try:
            value = float(asked)
        except ValueError:
            value = math.nan
        if not 0 <= value <= 1:
            raise InvalidRequest("temperature must be a number from 0 to 1", param="temperature")
        if value:
            raise InvalidRequest(
                "this model does not sample: temperature must be 0 or left out",
                param="temperature",
                code="unsupported_parameter",
            )

    @staticmethod
    def _format(asked: str | None) -> ResponseFormat:
        if asked and asked not in get_args(ResponseFormat):
            some = ", ".join(get_args(ResponseFormat))
            raise InvalidRequest(f"response_format must be one of {some}", param="response_format")
        return cast(ResponseFormat, asked or "json")

    @staticmethod
    def _flag(asked: str | None) -> bool:
        if asked and asked.lower() not in ("true", "false", "1", "0"):
            raise InvalidRequest("stream must be true or false", param="stream")
        return bool(asked) and str(asked).lower() in ("true", "1")

    @staticmethod
    def _granularities(form: FormData) -> list[str]:
        asked = [str(value) for value in form.getlist("timestamp_granularities[]")]
        if set(asked) - {"word", "segment"}:
            raise InvalidRequest(
                "timestamp_granularities must be word or segment", param="timestamp_granularities"
            )
        return asked


def stt_routes(stt: Stt) -> APIRouter:
    """Files to text."""
    router = APIRouter(dependencies=[Depends(require_key)])

    @router.post("/v1/audio/transcriptions")
    async def transcriptions(request: Request) -> Response:
        """Write down the speech in `file`: WAV, FLAC, OGG or MP3, 8 to 192 kHz."""
        async with request.form(max_files=MAX_FILES, max_fields=MAX_FIELDS) as form:
            asked = TranscriptionForm(form, stt.engine.model)
            data = await asked.file.read()
        recording = await asyncio.to_thread(decode_file, data, max_s=stt.settings.max_audio_s)
        duration_s = len(recording) / RATE_HZ
        if asked.stream:
            events = _events(stt, recording, duration_s)
            first = await anext(events)  # so that a full queue still gets its status
            return StreamingResponse(_after(first, events), media_type="text/event-stream")
        heard = await _unless_gone(request, stt, recording)
        if heard is None:
            return Response(status_code=CLIENT_LEFT)
        content = body(heard, duration_s, asked.response_format, asked.granularities)
        return Response(content, headers={"content-type": MEDIA_TYPES[asked.response_format]})

    @router.get("/v1/audio/models")
    async def models() -> dict[str, list[dict[str, str]]]:
        return {"models": [{"id": stt.engine.model}]}

    return router


async def _unless_gone(request: Request, stt: Stt, recording: Pcm) -> list[HeardSpan] | None:
    """What is said in the recording; None when the client left before it was all heard."""

    async def hear() -> list[HeardSpan]:
        return [part async for part in stt.hear(recording)]

    hearing = asyncio.ensure_future(hear())
    leaving = asyncio.ensure_future(request.receive())  # the body is read: what comes is its end
    try:
        await asyncio.wait((hearing, leaving), return_when=asyncio.FIRST_COMPLETED)
        return hearing.result() if hearing.done() else None
    finally:
        hearing.cancel()
        leaving.cancel()
        await asyncio.gather(hearing, leaving, return_exceptions=True)


async def _events(stt: Stt, recording: Pcm, duration_s: float) -> AsyncIterator[str]:
    """OpenAI's events: a delta a stretch of speech, then the whole."""
    heard: list[HeardSpan] = []
    try:
        async for part in stt.hear(recording):
            if part.transcript.text:
                space = " " if text_of(heard) else ""
                yield _event(
                    {"type": "transcript.text.delta", "delta": space + part.transcript.text}
                )
            heard.append(part)
    except ParleyError as exc:
        if not heard:
            raise
        log.warning("stream_failed", code=exc.error_code)
        yield _event({"type": "error", "error": exc.body()})
        return
    yield _event(
        {"type": "transcript.text.done", "text": text_of(heard), "usage": usage(duration_s)}
    )


async def _after(first: str, rest: AsyncIterator[str]) -> AsyncIterator[str]:
    yield first
    async for event in rest:
        yield event


def _event(event: dict[str, Any]) -> str:
    return f"data: {json.dumps(event)}\n\n"


def _text(form: FormData, name: str) -> str | None:
    """A field's text; the last of several."""
    values = form.getlist(name)
    if not values:
        return None
    value = values[-1]
    if not isinstance(value, str):
        raise InvalidRequest(f"{name} must be text, not a file", param=name)
    return value
