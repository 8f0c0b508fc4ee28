"""Hostile uploads, many at once: refused by name, within bounds of memory, time and disk."""

import asyncio
import io
import os
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import psutil
import pytest
import soundfile as sf

from inference.stt import forms
from tests.contract.realtime_client import silence
from tests.inference.sound_makers import libav, tone
from tests.processes import listening_pid, running
from tests.speech import speak, wav_bytes

TRANSCRIPTIONS = "/v1/audio/transcriptions"
TEXT = "what time is it"
MAX_BODY = 26_214_400
MAX_MORE_BYTES = 300e6
AT_ONCE = 6
MAX_FILES = 4


@dataclass(frozen=True)
class Served:
    """A server with folders of its own."""

    url: str
    work: Path
    temporary: Path


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    work, temporary = tmp_path_factory.mktemp("work"), tmp_path_factory.mktemp("temporary")
    environment = {
        "STT_CACHE_DIR": str(tmp_path_factory.mktemp("stt-cache")),
        "STT_MAX_AUDIO_S": "120",
        "STT_OPEN_VOCABULARY": "false",  # starts in half the time
        "STT_MAX_FILES": str(MAX_FILES),
        "TMPDIR": str(temporary),
    }
    with running("inference.stt", environment, cwd=work) as url:
        yield Served(url, work, temporary)


@pytest.fixture(autouse=True)
def _still_hears(served: Served) -> Iterator[None]:
    yield
    assert hear(served, wav_bytes(speak(TEXT))).json()["text"] == TEXT


def hear(served: Served, data: bytes, name: str = "a.wav") -> httpx2.Response:
    files = {"file": (name, data)}
    return httpx2.post(f"{served.url}{TRANSCRIPTIONS}", files=files, timeout=60)


def is_answered(response: httpx2.Response) -> bool:
    """With a text, or a refusal that names what was wrong."""
    if response.status_code == 200:
        return isinstance(response.json()["text"], str)
    error: dict[str, Any] = response.json()["error"]
    has_shape = set(error) == {"message", "type", "param", "code", "details", "request_id"}
    return 400 <= response.status_code < 500 and has_shape and bool(error["param"])


class Watch:
    """The most memory that a server and its decoders held, and the longest it was not there."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._server = psutil.Process(listening_pid(url))
        self.most_bytes = self.held()
        self.longest_s = 0.0
        self._over = threading.Event()

    def held(self) -> int:
        held = 0
        for process in (self._server, *self._server.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                held += process.memory_info().rss
        return held

    def run(self) -> None:
        with httpx2.Client(base_url=self._url, timeout=10) as client:
            while self.longest_s == 0 or not self._over.wait(0.02):
                started = time.perf_counter()
                assert client.get("/health/live").status_code == 200
                self.longest_s = max(self.longest_s, time.perf_counter() - started)
                self.most_bytes = max(self.most_bytes, self.held())

    def end(self) -> None:
        self._over.set()


@contextmanager
def watched(served: Served) -> Iterator[None]:
    """The block may cost little memory, and never holds up the server."""
    watch = Watch(served.url)
    idle_bytes = watch.most_bytes
    thread = threading.Thread(target=watch.run)
    thread.start()
    try:
        yield
    finally:
        watch.end()
        thread.join(15)
    assert watch.most_bytes - idle_bytes < MAX_MORE_BYTES
    assert 0 < watch.longest_s < 2


async def all_answered(served: Served, uploads: list[bytes]) -> list[int]:
    limits = httpx2.Limits(max_connections=AT_ONCE)
    async with httpx2.AsyncClient(base_url=served.url, timeout=60, limits=limits) as client:
        responses = await asyncio.gather(
            *(client.post(TRANSCRIPTIONS, files={"file": ("a.wav", one)}) for one in uploads)
        )
    assert [response.text for response in responses if not is_answered(response)] == []
    return [response.status_code for response in responses]


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"".join(name + struct.pack("<I", len(data)) + data for name, data in chunks)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WAVE" + body


def fmt(
    kind: int = 1, channels: int = 1, rate: int = 16_000, bits: int = 16
) -> tuple[bytes, bytes]:
    block = channels * bits // 8
    each_s = min(rate * block, 0xFFFFFFFF)
    return b"fmt ", struct.pack("<HHIIHH", kind, channels, rate, each_s, block & 0xFFFF, bits)


def lying_wavs() -> list[bytes]:
    """Headers that promise what is not there, or what cannot be."""
    sound = (b"data", speak(TEXT).tobytes())
    whole = riff(fmt(), sound)
    at = whole.index(b"data") + 4
    sizes = [whole[:at] + struct.pack("<I", size) + whole[at + 4 :] for size in (0, 7, 0xFFFFFFFF)]
    return [
        *sizes,
        *(riff(fmt(rate=rate), sound) for rate in (0, 1, 7_999, 192_001, 4_000_000_000)),
        *(riff(fmt(channels=channels), sound) for channels in (0, 9, 255, 65_535)),
        *(riff(fmt(bits=bits), sound) for bits in (0, 1, 7, 64, 65_535)),
        *(riff(fmt(kind=kind), sound) for kind in (0, 0x55, 0xFFFE, 0xFFFF)),
        riff(sound),
        riff(sound, fmt()),
        riff(*[(b"junk", b"")] * 10_000, fmt(), sound),
        riff(fmt(), *[(b"data", b"\1\0")] * 10_000),
    ]


async def test_wav_headers_that_lie(served: Served) -> None:
    with watched(served):
        await all_answered(served, lying_wavs())


def odd_sounds() -> list[bytes]:
    def floats(value: float) -> bytes:
        out = io.BytesIO()
        sf.write(out, np.full(16_000, value, np.float32), 16_000, "FLOAT", format="WAV")
        return out.getvalue()

    full = np.iinfo(np.int16)
    loud = np.where(np.arange(32_000) // 40 % 2, full.max, full.min).astype(np.int16)
    wide = np.repeat(speak(TEXT)[:, None], 8, axis=1)
    return [
        wav_bytes(silence(0)),
        wav_bytes(silence(1 / 16_000)),
        wav_bytes(silence(0.01)),
        *(floats(value) for value in (np.nan, np.inf, -np.inf, 1e38, 0.9)),
        wav_bytes(loud),
        wav_bytes(loud, 8_000),
        wav_bytes(loud, 96_000),
        wav_bytes(wide, 96_000),
    ]


async def test_odd_sound_is_text_or_refused(served: Served) -> None:
    with watched(served):
        statuses = await all_answered(served, odd_sounds())
    assert statuses.count(200) >= 7


def broken_files() -> list[bytes]:
    chance = np.random.default_rng(3)
    sound = tone(48_000, 1.0, 2)
    whole = [
        libav(sound, 48_000, "mp3", "libmp3lame"),
        libav(sound, 48_000, "ogg", "libopus"),
        libav(sound, 48_000, "webm", "libopus"),
        libav(sound, 48_000, "ipod", "aac"),
        wav_bytes(speak(TEXT), fmt="FLAC"),
    ]
    broken = []
    for data in whole:
        broken += [data[: len(data) // 2], data[:40], data[len(data) // 3 :]]
        spoiled = np.frombuffer(data, np.uint8).copy()
        spoiled[chance.integers(0, len(data), 50)] = chance.integers(0, 256, 50)
        broken.append(spoiled.tobytes())
    return [
        *broken,
        b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
        b"\x89PNG\r\n\x1a\n" + bytes(1000),
        b"%PDF-1.7\n" + whole[0],
        b"",
        chance.bytes(1_000_000),
    ]


async def test_broken_and_disguised_files(served: Served) -> None:
    with watched(served):
        await all_answered(served, broken_files())


async def test_bombs_at_once(served: Served) -> None:
    hour = wav_bytes(silence(3_600), fmt="FLAC")
    flat = wav_bytes(silence((MAX_BODY - 2_000) / 2 / 16_000))  # 13 minutes, as large as may be
    with watched(served):
        statuses = await all_answered(served, [hour] * AT_ONCE + [flat] * AT_ONCE)
    assert statuses == [413] * (2 * AT_ONCE)


def multipart(*parts: bytes) -> bytes:
    return b"".join(b"--x\r\n" + part + b"\r\n" for part in parts) + b"--x--\r\n"


NAMED = b'Content-Disposition: form-data; name="file"; filename="a.wav"'
HUGE = b"a" * 20_000_000
BODIES = {
    "a header of 20 MB": multipart(NAMED + b"\r\nX: " + HUGE + b"\r\n\r\n1"),
    "a header's name of 20 MB": multipart(NAMED + b"\r\n" + HUGE + b": 1\r\n\r\n1"),
    "a field of 20 MB": multipart(b'Content-Disposition: form-data; name="prompt"\r\n\r\n' + HUGE),
    "20 MB before the first part": HUGE + multipart(NAMED + b"\r\n\r\n1"),
    "20 MB of line ends": b"\r\n" * 10_000_000 + multipart(NAMED + b"\r\n\r\n1"),
    "20 MB after the last part": multipart(NAMED + b"\r\n\r\n1") + HUGE,
    "100,000 empty parts": multipart(
        *[b'Content-Disposition: form-data; name="a"\r\n\r\n'] * 100_000
    ),
    "100,000 headers": multipart(NAMED + b"\r\nX: 1" * 100_000 + b"\r\n\r\n1"),
    "20 MB of almost boundaries": multipart(NAMED + b"\r\n\r\n" + b"\r\n--y" * 4_000_000),
    "no end": multipart(NAMED + b"\r\n\r\n" + HUGE)[:-10],
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_multipart_made_to_hurt(served: Served, body: bytes) -> None:
    with watched(served):
        headers = {"content-type": "multipart/form-data; boundary=x"}
        url = f"{served.url}{TRANSCRIPTIONS}"
        response = httpx2.post(url, content=body, headers=headers, timeout=30)
    assert response.status_code == 400
    assert is_answered(response)


def test_a_packed_body_is_not_unpacked(served: Served) -> None:
    headers = {"content-type": "multipart/form-data; boundary=x", "content-encoding": "gzip"}
    url = f"{served.url}{TRANSCRIPTIONS}"
    response = httpx2.post(url, content=b"\x1f\x8b\x08" + bytes(1000), headers=headers)
    assert (response.status_code, response.json()["error"]["param"]) == (400, "file")


def test_an_upload_touches_no_disk(served: Served) -> None:
    server = psutil.Process(listening_pid(served.url))
    seen: set[str] = set()

    def pieces() -> Iterator[bytes]:
        yield b"--x\r\n" + NAMED + b"\r\n\r\n"
        seconds = silence(60).tobytes()
        yield riff(fmt(), (b"data", seconds * 10))
        for process in (server, *server.children()):
            seen.update(_regular_files(process))
        yield b"\r\n--x--\r\n"

    headers = {"content-type": "multipart/form-data; boundary=x"}
    url = f"{served.url}{TRANSCRIPTIONS}"
    response = httpx2.post(url, content=pieces(), headers=headers, timeout=30)
    assert response.status_code == 413  # ten minutes: it was read to the end and listened to
    assert not [path for path in seen if path.startswith((str(served.temporary), "/tmp/#"))]
    assert not [path for path in seen if "(deleted)" in path]
    assert not list(served.temporary.iterdir())
    assert not list(served.work.iterdir())


def _regular_files(process: psutil.Process) -> set[str]:
    folder = Path(f"/proc/{process.pid}/fd")
    paths = set()
    for link in folder.iterdir():
        with suppress(OSError):
            paths.add(os.readlink(link))
    return {path for path in paths if path.startswith("/") and not path.startswith("/dev")}


def test_bodies_that_trickle_in_are_cut_and_others_heard(served: Served) -> None:
    head = (
        b"POST /v1/audio/transcriptions HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n"
        b"Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n" + NAMED + b"\r\n\r\n"
    )
    address = ("127.0.0.1", int(served.url.rpartition(":")[2]))
    # As many as there is room for: nobody else is heard before they are cut.
    slow = [socket.create_connection(address, timeout=15) for _ in range(MAX_FILES)]
    idle = [socket.create_connection(address) for _ in range(200)]  # never ask for anything
    try:
        for one in slow:
            one.sendall(head)
        started = time.monotonic()
        assert hear(served, wav_bytes(speak(TEXT))).json()["text"] == TEXT
        assert time.monotonic() - started < 3 * forms.GRACE_S
        for one in slow:
            answer = one.recv(4096)
            assert answer.startswith(b"HTTP/1.1 400")
            assert b'"code": "timeout"' in answer
    finally:
        for one in (*slow, *idle):
            one.close()
