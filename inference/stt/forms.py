"""OpenAI's transcription request, `multipart/form-data`, read within limits and checked."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast, get_args

from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from chassis.errors import InvalidRequest
from inference.stt.answers import ResponseFormat
from inference.stt.engine import Abilities, Options
from inference.stt.models import (
    UNSUPPORTED,
    check_model,
    language_asked,
    prompt_asked,
    temperature_asked,
)

MAX_FILES = 4  # one is heard; others stand where text should, and are refused by name
MAX_FIELDS = 64  # stock clients send odd extra ones
MAX_FIELD_BYTES = 64_000
READ_WITHIN_S = 60.0  # for 25 MB: 3.5 Mbit/s
# Who sends slower holds the room of others: sound of 16 kHz in real time, after a moment's grace.
GRACE_S = 5.0
MIN_BYTES_PER_S = 32_000
WHEN_BAD = "multipart/form-data with a sound file named file is wanted"

SCHEMA: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "model": {"type": "string"},
                        "language": {"type": "string"},
                        "prompt": {"type": "string"},
                        "temperature": {"type": "number", "minimum": 0, "maximum": 1},
                        "response_format": {"enum": list(get_args(ResponseFormat))},
                        "stream": {"type": "boolean"},
                        "timestamp_granularities[]": {
                            "type": "array",
                            "items": {"enum": ["word", "segment"]},
                        },
                    },
                }
            }
        },
    }
}


class _InMemory(MultiPartParser):
    """No upload touches the disk: the body's limit is the memory's too."""

    spool_max_size = 1 << 40


class TranscriptionForm:
    """The request, checked against what the model can do. Unknown fields are ignored."""

    def __init__(self, form: FormData, model: str, can: Abilities, *, translate: bool) -> None:
        self.file = self._file(form)
        check_model(_text(form, "model"), model)
        self.response_format = self._format(_text(form, "response_format"))
        self.stream = self._flag(_text(form, "stream"))
        self.granularities = self._granularities(form)
        if translate and not can.translate:
            raise InvalidRequest(
                f"{model} does not translate: ask a Whisper model that knows more than English",
                param="model",
                code=UNSUPPORTED,
            )
        self.options = Options(
            language=language_asked(_text(form, "language"), can),
            prompt=prompt_asked(_text(form, "prompt"), can),
            temperature=temperature_asked(_text(form, "temperature"), can),
            translate=translate,
            words="word" in self.granularities,
        )
        if self.stream and self.response_format not in ("json", "text"):
            raise InvalidRequest(
                f"stream goes with json and text, not with {self.response_format}", param="stream"
            )

    @staticmethod
    def _file(form: FormData) -> UploadFile:
        files = form.getlist("file")
        if len(files) > 1:
            raise InvalidRequest(f"file is given {len(files)} times", param="file")
        if not files or not isinstance(files[0], UploadFile):
            raise InvalidRequest("file must be a sound file in multipart/form-data", param="file")
        return files[0]

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


@asynccontextmanager
async def read_form(request: Request) -> AsyncIterator[FormData]:
    """The parts of the request, in memory. Raises InvalidRequest naming `file`."""
    kind, _ = parse_options_header(request.headers.get("content-type"))
    if kind != b"multipart/form-data":
        raise InvalidRequest(WHEN_BAD, param="file")
    try:
        async with asyncio.timeout(GRACE_S) as patience:
            parser = _InMemory(
                request.headers,
                _paced(request.stream(), patience),
                max_files=MAX_FILES,
                max_fields=MAX_FIELDS,
                max_part_size=MAX_FIELD_BYTES,
            )
            form = await parser.parse()
    except MultiPartException as exc:
        raise InvalidRequest(f"{WHEN_BAD}: {exc.message}", param="file") from exc
    except TimeoutError as exc:
        raise InvalidRequest(
            "the request came in too slowly to be waited for", param="file", code="timeout"
        ) from exc
    try:
        yield form
    finally:
        await form.close()


async def _paced(
    pieces: AsyncIterator[bytes], patience: asyncio.Timeout
) -> AsyncGenerator[bytes, None]:
    """The pieces of a body, each of which earns more time for the rest."""
    began_at_s = asyncio.get_running_loop().time()
    came = 0
    async for piece in pieces:
        came += len(piece)
        allowed_s = min(READ_WITHIN_S, GRACE_S + came / MIN_BYTES_PER_S)
        patience.reschedule(began_at_s + allowed_s)
        yield piece


def _text(form: FormData, name: str) -> str | None:
    """A field's text, if it is there."""
    values = form.getlist(name)
    if not values:
        return None
    if len(values) > 1:
        raise InvalidRequest(f"{name} is given {len(values)} times", param=name)
    value = values[0]
    if not isinstance(value, str):
        raise InvalidRequest(f"{name} must be text, not a file", param=name)
    return value
