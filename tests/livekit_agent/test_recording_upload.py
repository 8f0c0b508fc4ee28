"""Recordings on their way to the backend: each piece once, whatever dies meanwhile."""

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from pydantic import SecretStr

from chassis.metrics import Metrics
from livekit_agent import call_recording, recording_upload
from livekit_agent.backend_client import backend_http
from livekit_agent.call_recording import FOLDER, Note, RecordingFiles
from livekit_agent.recording_upload import RecordingUploader

CHUNK = 8
STARTED = datetime(2026, 1, 2, 12, tzinfo=UTC)
ENDED = STARTED + timedelta(minutes=1)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording_upload, "LOOK_EVERY_S", 0.02)
    monkeypatch.setattr(recording_upload, "FIRST_PAUSE_S", 0.02)
    monkeypatch.setattr(recording_upload, "LONGEST_PAUSE_S", 0.05)


class Keeper:
    """A backend that keeps chunks; `statuses` are answered first, one a request."""

    def __init__(self) -> None:
        self.chunks: list[bytes] = []
        self.ends: list[dict[str, Any]] = []
        self.paths: set[str] = set()
        self.statuses: list[int] = []
        self.always: int | None = None
        self.stumbles_over = "nothing"
        self.asked = 0

    @property
    def sound(self) -> bytes:
        return b"".join(self.chunks)

    def take(self, path: str, body: bytes) -> tuple[int, bytes]:
        self.asked += 1
        if self.statuses or self.always:
            return (self.statuses.pop(0) if self.statuses else self.always or 0), b""
        if self.stumbles_over in path:
            return 500, b""
        recording, _, number = path.partition("/chunks/")
        self.paths.add(recording)
        if number:
            assert int(number) <= len(self.chunks)
            if int(number) == len(self.chunks):
                self.chunks.append(body)
            return 204, b""
        told = json.loads(body)
        if "ended_at" in told:
            self.ends.append(told)
        return 200, json.dumps({"chunks": len(self.chunks), "chunk_bytes": CHUNK}).encode()


@pytest.fixture
def keeper() -> Iterator[tuple[Keeper, str]]:
    keeper = Keeper()

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status, answer = keeper.take(self.path, body)
            self.send_response(status)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield keeper, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@contextlib.asynccontextmanager
async def uploading(folder: Path, url: str) -> AsyncIterator[None]:
    http = backend_http(url, SecretStr("key"), Metrics("agent"))
    async with http, RecordingUploader(folder, http):
        yield


async def until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while True:
            if happened():
                return
            await asyncio.sleep(0.01)  # between two looks


def begun(folder: Path) -> tuple[RecordingFiles, int]:
    """A recording whose call goes on, and the lock of its process."""
    files, lock = call_recording._prepare(folder, "c 1", STARTED)
    return files, lock


def ended(files: RecordingFiles, lock: int) -> None:
    files.write(Note(conversation_id="c 1", started_at=STARTED, ended_at=ENDED))
    os.close(lock)


def left(folder: Path) -> list[str]:
    return [file.name for file in (folder / FOLDER).iterdir()]


async def test_whole_chunks_go_during_the_call_and_the_rest_after(
    tmp_path: Path, keeper: tuple[Keeper, str]
) -> None:
    backend, url = keeper
    files, lock = begun(tmp_path)
    async with uploading(tmp_path, url):
        os.write(lock, b"x" * (2 * CHUNK + 3))
        await until(lambda: len(backend.chunks) == 2)
        os.write(lock, b"y" * CHUNK)
        await until(lambda: len(backend.chunks) == 3)
        assert backend.ends == []
        ended(files, lock)
        await until(lambda: not left(tmp_path))
    assert backend.sound == b"x" * (2 * CHUNK + 3) + b"y" * CHUNK
    assert backend.paths == {f"/internal/conversations/c%201/recordings/{files.id}"}
    (end,) = backend.ends
    assert (end["ended_at"], end["duration_s"]) == ("2026-01-02T12:01:00+00:00", 60.0)


async def test_a_restored_backend_gets_what_it_lost(
    tmp_path: Path, keeper: tuple[Keeper, str]
) -> None:
    backend, url = keeper
    files, lock = begun(tmp_path)
    async with uploading(tmp_path, url):
        os.write(lock, b"x" * (2 * CHUNK))
        await until(lambda: len(backend.chunks) == 2)
        backend.chunks.pop()
        backend.statuses.append(409)
        os.write(lock, b"y" * CHUNK)
        ended(files, lock)
        await until(lambda: not left(tmp_path))
    assert backend.sound == b"x" * (2 * CHUNK) + b"y" * CHUNK
    assert len(backend.ends) == 1


async def test_a_backend_that_is_away_gets_it_when_it_is_back(
    tmp_path: Path, keeper: tuple[Keeper, str]
) -> None:
    backend, url = keeper
    files, lock = begun(tmp_path)
    os.write(lock, bytes(range(3 * CHUNK)))
    ended(files, lock)
    backend.statuses = [503, 401, 500]
    async with uploading(tmp_path, url):
        await until(lambda: not left(tmp_path))
    assert backend.statuses == []
    assert backend.sound == bytes(range(3 * CHUNK))


async def test_what_a_call_that_died_had_recorded_is_sent(
    tmp_path: Path, keeper: tuple[Keeper, str]
) -> None:
    backend, url = keeper
    _, lock = begun(tmp_path)
    os.write(lock, b"half a call")
    os.close(lock)  # as the kernel does; nobody wrote an end
    async with uploading(tmp_path, url):
        await until(lambda: not left(tmp_path))
    assert backend.sound == b"half a call"
    assert backend.ends[0]["duration_s"] > 0


async def test_an_uploader_goes_on_where_another_stopped(
    tmp_path: Path, keeper: tuple[Keeper, str]
) -> None:
    backend, url = keeper
    files, lock = begun(tmp_path)
    async with uploading(tmp_path, url):
        os.write(lock, b"a" * CHUNK)
        await until(lambda: len(backend.chunks) == 1)
    os.write(lock, b"b" * CHUNK)
    ended(files, lock)
    async with uploading(tmp_path, url):
        await until(lambda: not left(tmp_path))
    assert backend.chunks == [b"a" * CHUNK, b"b" * CHUNK]


@pytest.mark.parametrize("fault", ["backend", "disk"])
async def test_one_that_cannot_be_sent_holds_up_no_other(
    tmp_path: Path, keeper: tuple[Keeper, str], fault: str
) -> None:
    backend, url = keeper
    bad, bad_lock = begun(tmp_path)
    os.write(bad_lock, b"bad")
    ended(bad, bad_lock)
    os.utime(bad.note, (0, 0))  # the oldest
    if fault == "backend":
        backend.stumbles_over = bad.id
    else:
        bad.sound.unlink()
        bad.sound.mkdir()
    good, good_lock = begun(tmp_path)
    os.write(good_lock, b"good")
    ended(good, good_lock)
    async with uploading(tmp_path, url):
        await until(lambda: good.note.name not in left(tmp_path))
    assert backend.sound == b"good"
    assert bad.note.name in left(tmp_path)


@pytest.mark.parametrize("status", [403, 404, 409, 413])
async def test_what_the_backend_will_never_take_is_dropped_with_its_call(
    tmp_path: Path, keeper: tuple[Keeper, str], status: int
) -> None:
    backend, url = keeper
    backend.always = status
    files, lock = begun(tmp_path)
    os.write(lock, b"x" * 3 * CHUNK)
    async with uploading(tmp_path, url):
        await until(lambda: backend.asked > 0)
        # The call goes on, and its files with it.
        assert len(left(tmp_path)) == 2
        ended(files, lock)
        await until(lambda: not left(tmp_path))
    assert backend.chunks == []


def test_nothing_is_recorded_when_too_much_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_recording, "MOST_WAITING_BYTES", 10)
    _, lock = begun(tmp_path)
    os.write(lock, b"x" * 11)
    with pytest.raises(OSError, match="too many"):
        begun(tmp_path)
    os.close(lock)


def test_what_is_recorded_is_for_this_user_only(tmp_path: Path) -> None:
    files, lock = begun(tmp_path)
    os.close(lock)
    assert files.folder.stat().st_mode & 0o77 == 0
    assert files.sound.stat().st_mode & 0o77 == 0
