"""PCM to what goes over the wire, piece by piece, each format under its honest content type."""

import asyncio
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Protocol

import av
import numpy as np

from inference.tts.engine import SAMPLE_RATE_HZ

UNKNOWN_LENGTH = 0xFFFFFFFF  # of a WAV that is still being made: players read on to the end


class Encoder(Protocol):
    """One response's encoder: pieces of 24 kHz s16 mono in, pieces of `media_type` out."""

    media_type: str

    def stream(self, pcm: AsyncIterator[bytes]) -> AsyncIterator[bytes]: ...


class Raw:
    """The samples themselves, behind a header if there is one."""

    def __init__(self, media_type: str, header: bytes = b"") -> None:
        self.media_type = media_type
        self._header = header

    async def stream(self, pcm: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        header = self._header
        async for chunk in pcm:
            yield header + chunk
            header = b""


@dataclass(frozen=True, slots=True)
class Format:
    """A compressed format, as libav names its parts."""

    media_type: str
    container: str
    codec: str
    bit_rate: int | None = None
    options: dict[str, str] = field(default_factory=dict)


FORMATS = {
    # No Xing frame: it would have to be written after the end, at the beginning.
    "mp3": Format(
        "audio/mpeg", "mp3", "libmp3lame", 64_000, {"write_xing": "0", "id3v2_version": "0"}
    ),
    # Pages of 20 ms: libav's default of a second would hold the first sound back.
    "opus": Format("audio/ogg", "ogg", "libopus", 40_000, {"page_duration": "20000"}),
    "flac": Format("audio/flac", "flac", "flac"),
    "aac": Format("audio/aac", "adts", "aac", 64_000),
}


class Compressed:
    """One of FORMATS, through libav, in threads: it costs about 1 % of the audio's time."""

    def __init__(self, wanted: Format) -> None:
        self.media_type = wanted.media_type
        self._wanted = wanted

    async def stream(self, pcm: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        muxer = await asyncio.to_thread(_Muxer, self._wanted)
        async for chunk in pcm:
            if ready := await asyncio.to_thread(muxer.encode, chunk):
                yield ready
        yield await asyncio.to_thread(muxer.finish)


class _Muxer:
    """A file of one format, its bytes taken as they are written."""

    def __init__(self, wanted: Format) -> None:
        self._out = _Pipe()
        self._container = av.open(
            self._out,
            "w",
            format=wanted.container,
            container_options={"flush_packets": "1", **wanted.options},
        )
        stream = self._container.add_stream(wanted.codec, rate=SAMPLE_RATE_HZ, layout="mono")
        assert isinstance(stream, av.AudioStream)
        if wanted.bit_rate is not None:
            stream.bit_rate = wanted.bit_rate
        self._stream = stream
        self._taken = 0

    def encode(self, pcm: bytes) -> bytes:
        samples = np.frombuffer(pcm, "<i2")
        frame = av.AudioFrame.from_ndarray(samples[None, :], format="s16", layout="mono")
        frame.sample_rate = SAMPLE_RATE_HZ
        frame.pts = self._taken
        self._taken += samples.size
        self._container.mux(self._stream.encode(frame))
        return self._out.drain()

    def finish(self) -> bytes:
        self._container.mux(self._stream.encode(None))
        self._container.close()
        return self._out.drain()


class _Pipe:
    """A file libav can only write to: formats that would seek back must do without."""

    def __init__(self) -> None:
        self._written = bytearray()

    def write(self, data: bytes) -> int:
        self._written += data
        return len(data)

    def drain(self) -> bytes:
        written = bytes(self._written)
        self._written.clear()
        return written


def encoder_of(response_format: str) -> Encoder:
    if response_format == "pcm":
        return Raw("audio/pcm")
    if response_format == "wav":
        return Raw("audio/wav", _wav_header())
    return Compressed(FORMATS[response_format])


def _wav_header() -> bytes:
    fmt = struct.pack("<IHHIIHH", 16, 1, 1, SAMPLE_RATE_HZ, SAMPLE_RATE_HZ * 2, 2, 16)
    size = struct.pack("<I", UNKNOWN_LENGTH)
    return b"RIFF" + size + b"WAVEfmt " + fmt + b"data" + size
