"""Takes recordings to the backend, as they grow and after: again and again, each piece once."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from pydantic import BaseModel, SecretStr, ValidationError

from chassis.http import AsyncClient, HTTPError, Response
from chassis.logs import get_logger
from chassis.metrics import Metrics
from livekit_agent.backend_client import backend_http
from livekit_agent.call_recording import Note, RecordingFiles
from livekit_agent.settings import AgentSettings

LOOK_EVERY_S = 2.0
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
SEND_WITHIN_S = 10.0
RETRIED = (401, 408, 429)  # of the 4xx: a key being changed, a busy server
AWAY = (401, 429, 503)  # for all recordings

log = get_logger(__name__)


class _NotNow(Exception):
    """The backend is away or busy: all recordings wait."""


class _Stumbled(Exception):
    """The backend fails at this one: the others are sent all the same."""


class _Refused(Exception):
    """The backend will never take this one."""


class _Kept(BaseModel):
    chunks: int
    chunk_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    note: Note
    size_bytes: int
    is_over: bool
    touched_at: datetime


@contextlib.asynccontextmanager
async def uploaded_recordings(
    settings: AgentSettings, key: SecretStr | None, metrics: Metrics
) -> AsyncIterator[None]:
    """For the worker's life: what its calls record is sent. No key: no backend."""
    if key is None:
        yield
        return
    http = backend_http(settings.backend_url, key, metrics)
    async with http, RecordingUploader(settings.data_dir, http):
        yield


class RecordingUploader:
    """Several over the same folder do each other no harm: the backend keeps every piece once."""

    def __init__(self, data_dir: Path, http: AsyncClient) -> None:
        """`http`: of `backend_http`; the caller closes it."""
        self._data_dir = data_dir
        self._http = http
        self._kept: dict[str, _Kept] = {}
        self._refused: set[str] = set()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        """What is not sent yet waits on disk for the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                await self._send_all()
                pause_s = FIRST_PAUSE_S
                await asyncio.sleep(LOOK_EVERY_S)
            except (_NotNow, _Stumbled, OSError) as exc:
                log.warning("recordings_wait", reason=str(exc))
                await asyncio.sleep(pause_s)
                pause_s = min(LONGEST_PAUSE_S, 2 * pause_s)

    async def _send_all(self) -> None:
        """Raises _NotNow; _Stumbled and OSError (the disk, or another worker was faster) once the
        other recordings were sent."""
        failure: Exception | None = None
        for files in await asyncio.to_thread(RecordingFiles.all_of, self._data_dir):
            try:
                await self._send(files)
            except (_Stumbled, OSError) as exc:
                failure = exc
        if failure is not None:
            raise failure

    async def _send(self, files: RecordingFiles) -> None:
        waiting = await asyncio.to_thread(_look_at, files)
        if waiting is None or (waiting.is_over and files.id in self._refused):
            await asyncio.to_thread(files.remove)
            self._refused.discard(files.id)
            self._kept.pop(files.id, None)
            return
        if files.id in self._refused:  # a call goes on that writes it
            return
        was_known = files.id in self._kept
        try:
            await self._send_pieces(files, waiting)
        except _Refused as exc:
            self._kept.pop(files.id, None)
            if was_known:  # what the backend has may be others now: restored, it has fewer chunks
                log.warning("recording_asked_about_again", reason=str(exc))
                return
            log.error("recording_refused", reason=str(exc))
            self._refused.add(files.id)

    async def _send_pieces(self, files: RecordingFiles, waiting: _Waiting) -> None:
        kept = self._kept.get(files.id)
        if kept is None:
            kept = self._kept[files.id] = await self._keep(files, waiting)
        while piece := await asyncio.to_thread(_piece, files, kept, waiting):
            path = f"{_path(files, waiting)}/chunks/{kept.chunks}"
            await self._put(path, content=piece)
            kept.chunks += 1
        if waiting.is_over:
            await self._keep(files, waiting, ended_at=waiting.note.ended_at or waiting.touched_at)
            await asyncio.to_thread(files.remove)
            del self._kept[files.id]

    async def _keep(
        self, files: RecordingFiles, waiting: _Waiting, ended_at: datetime | None = None
    ) -> _Kept:
        note = waiting.note
        body: dict[str, Any] = {"started_at": note.started_at.isoformat()}
        if ended_at is not None:
            lasted = ended_at - note.started_at
            body["ended_at"] = ended_at.isoformat()
            body["duration_s"] = max(0.0, lasted.total_seconds())
        response = await self._put(_path(files, waiting), json=body)
        try:
            return _Kept.model_validate_json(response.content)
        except ValidationError as exc:
            raise _Refused("an answer that nobody understands") from exc

    async def _put(self, path: str, **body: Any) -> Response:
        try:
            async with asyncio.timeout(SEND_WITHIN_S):
                response = await self._http.request("PUT", path, **body)
        except (HTTPError, TimeoutError) as exc:
            raise _NotNow(type(exc).__name__) from exc
        status = response.status_code
        if response.is_success:
            return response
        if 400 <= status < 500 and status not in RETRIED:
            raise _Refused(f"status {status}")
        raise (_NotNow if status in AWAY else _Stumbled)(f"status {status}")


def _path(files: RecordingFiles, waiting: _Waiting) -> str:
    conversation = quote(waiting.note.conversation_id, safe="")
    return f"/internal/conversations/{conversation}/recordings/{files.id}"


def _look_at(files: RecordingFiles) -> _Waiting | None:
    """None when there is no sound to it."""
    try:
        is_over = files.is_over()  # before the note is read, which has the last word by then
        note = files.read()
        state = files.sound.stat()
    except FileNotFoundError:
        return None
    if note is None or (is_over and state.st_size == 0):
        return None
    return _Waiting(
        note=note,
        size_bytes=state.st_size,
        is_over=is_over,
        touched_at=datetime.fromtimestamp(state.st_mtime, UTC),
    )


def _piece(files: RecordingFiles, kept: _Kept, waiting: _Waiting) -> bytes:
    """The next chunk; nothing when it is not whole yet."""
    start = kept.chunks * kept.chunk_bytes
    left = waiting.size_bytes - start
    if left <= 0 or (left < kept.chunk_bytes and not waiting.is_over):
        return b""
    with files.sound.open("rb") as sound:
        sound.seek(start)
        return sound.read(min(left, kept.chunk_bytes))
