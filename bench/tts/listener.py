"""A client that plays what it gets from the first byte on, and notes when there is sound."""

import asyncio
import io
import time
from dataclasses import dataclass, field
from typing import Any

import av
import httpx2
import numpy as np
from numpy.typing import NDArray

RATE_HZ = 24_000
HEARD = 10 ** (-50 / 20) * 32_768  # -50 dBFS
SPEECH = "/v1/audio/speech"
CONTAINERS = {"mp3": "mp3", "opus": "ogg", "aac": "aac", "flac": "flac", "wav": "wav"}
WITHIN_S = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """One answer. Times are from the request on."""

    first_byte_s: float
    first_sound_s: float
    took_s: float
    audio_s: float
    stalled_s: float  # how long a listener waited for more, in all


@dataclass(slots=True)
class _Came:
    """Pieces, and when they came."""

    pieces: list[bytes] = field(default_factory=list)
    at_s: list[float] = field(default_factory=list)


async def play(client: httpx2.AsyncClient, text: str, form: str = "pcm") -> Played:
    """Raises HTTPStatusError, and RemoteProtocolError where the sound breaks off."""
    body = {"input": text, "voice": "alloy", "response_format": form}
    came, began_s = _Came(), time.perf_counter()
    async with client.stream("POST", SPEECH, json=body) as answer:
        answer.raise_for_status()
        async for piece in answer.aiter_raw():
            came.pieces.append(piece)
            came.at_s.append(time.perf_counter() - began_s)
    took_s = time.perf_counter() - began_s
    return await asyncio.to_thread(_played, came, took_s, form)


async def leave(client: httpx2.AsyncClient, text: str) -> None:
    """Ask, and go away with the first piece."""
    body = {"input": text, "voice": "alloy", "response_format": "pcm"}
    async with client.stream("POST", SPEECH, json=body) as answer:
        answer.raise_for_status()
        async for _ in answer.aiter_raw():
            return


def client_of(url: str) -> httpx2.AsyncClient:
    limits = httpx2.Limits(max_connections=32)
    return httpx2.AsyncClient(base_url=url, timeout=WITHIN_S, trust_env=False, limits=limits)


def _played(came: _Came, took_s: float, form: str) -> Played:
    whole = b"".join(came.pieces)
    samples = decoded(whole, form)
    loud = np.flatnonzero(np.abs(samples.astype(np.float32)) > HEARD)
    assert loud.size, "there was no sound"
    first = came.at_s[_first_loud_piece(came.pieces, form)]
    sound_at_s = max(came.at_s[0] + int(loud[0]) / RATE_HZ, first)
    return Played(
        first_byte_s=came.at_s[0],
        first_sound_s=sound_at_s,
        took_s=took_s,
        audio_s=samples.size / RATE_HZ,
        stalled_s=_stalled(came, samples.size / RATE_HZ / len(whole)),
    )


def _first_loud_piece(pieces: list[bytes], form: str) -> int:
    """The first with which there is something to hear."""
    so_far = b""
    for number, piece in enumerate(pieces):
        so_far += piece
        samples = decoded(so_far, form).astype(np.float32)
        if (np.abs(samples) > HEARD).any():
            return number
    raise AssertionError("there was no sound")


def _stalled(came: _Came, s_per_byte: float) -> float:
    """Of a listener who begins with the first byte: the time in which there was nothing to play."""
    runs_dry_at_s = came.at_s[0]
    stalled_s = 0.0
    for piece, at_s in zip(came.pieces, came.at_s, strict=True):
        stalled_s += max(0.0, at_s - runs_dry_at_s)
        runs_dry_at_s = max(runs_dry_at_s, at_s) + len(piece) * s_per_byte
    return stalled_s


def decoded(data: bytes, form: str) -> NDArray[np.int16]:
    """What a player makes of the beginning of a file, as far as it goes."""
    if form == "pcm":
        return np.frombuffer(data[: len(data) // 2 * 2], "<i2")
    made: list[Any] = [np.zeros(0, np.int16)]
    try:
        with av.open(io.BytesIO(data), "r", format=CONTAINERS[form]) as container:
            to_s16 = av.AudioResampler("s16", "mono", RATE_HZ)
            for frame in container.decode(audio=0):
                made += [one.to_ndarray().reshape(-1) for one in to_s16.resample(frame)]
    except (av.FFmpegError, IndexError):  # not enough of it yet
        pass
    return np.concatenate(made).astype(np.int16)
