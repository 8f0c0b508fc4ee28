"""Files made to mislead, to overwhelm or to break a decoder: refused by name, in little memory."""

import asyncio
import io
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import av
import numpy as np
import psutil
import pytest

from chassis.errors import InvalidRequest, ParleyError, TooLarge
from inference.sound_files import SoundFiles
from tests.inference.sound_makers import libav, of_unknown_length, sndfile, tone

pytestmark = pytest.mark.asyncio(loop_scope="session")

MAX_RISE_BYTES = 300 << 20
BODY_BYTES = 25 << 20  # the largest upload
GOOD = sndfile(tone(16_000), 16_000, "WAV", "PCM_16")
NOISE = np.random.default_rng(1).normal(0, 0.1, 32_000)
FLAC = sndfile(NOISE, 16_000, "FLAC", "PCM_16")
MP3 = sndfile(NOISE, 16_000, "MP3", "MPEG_LAYER_III")
VORBIS = sndfile(NOISE, 16_000, "OGG", "VORBIS")
OPUS = sndfile(NOISE, 16_000, "OGG", "OPUS")
M4A = libav(tone(16_000), 16_000, "ipod", "aac")
WEBM = libav(tone(16_000), 16_000, "webm", "libopus")
AAC = libav(tone(16_000), 16_000, "adts", "aac")


def patched(offset: int, fmt: str, value: int, original: bytes = GOOD) -> bytes:
    data = bytearray(original)
    struct.pack_into(fmt, data, offset, value)
    return bytes(data)


def film(codec: str) -> bytes:
    """A Matroska file with pictures and no sound."""
    out = io.BytesIO()
    with av.open(out, "w", format="matroska") as file:
        track = file.add_stream(codec, rate=10)
        assert isinstance(track, av.VideoStream)
        track.width, track.height, track.pix_fmt = 64, 64, "yuvj420p"
        for _ in range(3):
            frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
            file.mux(track.encode(frame.reformat(format="yuvj420p")))
        file.mux(track.encode(None))
    return out.getvalue()


def m4a_of_samples(count: int) -> bytes:
    """An M4A whose index says that it holds `count` packets of one byte."""
    at = M4A.index(b"stsz") + 8  # version and flags, then the size of all and their count
    return patched(at + 4, ">I", count, patched(at, ">I", 1, M4A))


def m4a_with_index(count: int) -> bytes:
    """An M4A whose index does hold `count` packets of one byte, none of them there."""
    data = bytearray(M4A)
    at = data.index(b"stsz") - 4
    old_bytes = int(struct.unpack_from(">I", data, at)[0])
    index = struct.pack(">I4sIII", 20 + 4 * count, b"stsz", 0, 0, count) + b"\0\0\0\1" * count
    for name in (b"moov", b"trak", b"mdia", b"minf", b"stbl"):  # it lies in all of them
        box = data.index(name) - 4
        size = struct.unpack_from(">I", data, box)[0] + len(index) - old_bytes
        struct.pack_into(">I", data, box, size)
    times, chunks = data.index(b"stts") + 12, data.index(b"stsc") + 16
    struct.pack_into(">I", data, times, count)
    struct.pack_into(">I", data, chunks, count)
    data[at : at + old_bytes] = index
    return bytes(data)


BAD = {
    "empty": b"",
    "text": b"this is not a sound, whatever its name says" * 10,
    "html": b"<html><body>nope</body></html>",
    "zeros": bytes(100_000),
    "header only": GOOD[:44],
    "half a header": GOOD[:20],
    "truncated wav": GOOD[: len(GOOD) // 2],
    "truncated flac": FLAC[: len(FLAC) // 2],
    "truncated m4a": M4A[: len(M4A) // 2],
    "data size 0": patched(40, "<I", 0),
    "data size 4 GiB": patched(40, "<I", 0xFFFFFFFF),
    "data size beyond the file": patched(40, "<I", len(GOOD)),
    "rate 0": patched(24, "<I", 0),
    "rate 1": patched(24, "<I", 1),
    "rate 4e9": patched(24, "<I", 4_000_000_000),
    "channels 0": patched(22, "<H", 0),
    "channels 65535": patched(22, "<H", 65535),
    "bits 0": patched(34, "<H", 0),
    "bits 1": patched(34, "<H", 1),
    "bits 64": patched(34, "<H", 64),
    "bits 999": patched(34, "<H", 999),
    "no fmt": GOOD[:12] + GOOD[36:],
    "short fmt": patched(16, "<I", 8),
    "fmt beyond the file": patched(16, "<I", 0x7FFFFFFF),
    "chunks": b"RIFF\0\0\0\0WAVE" + b"junk\0\0\0\0" * 10_000,
    "a body of chunks": b"RIFF\0\0\0\0WAVE" + b"junk\0\0\0\0" * (BODY_BYTES // 8),
    "RF64 without sizes": b"RF64" + patched(40, "<I", 0xFFFFFFFF)[4:],
    "nine channels": sndfile(np.zeros((100, 9)), 16_000, "WAV", "PCM_16"),
    "4 kHz": sndfile(tone(4_000), 4_000, "WAV", "PCM_16"),
    "384 kHz": sndfile(tone(384_000), 384_000, "WAV", "PCM_16"),
    "NaN": sndfile(np.full(1_000, np.nan), 16_000, "WAV", "FLOAT"),
    "Infinity": sndfile(np.full(1_000, np.inf), 16_000, "WAV", "DOUBLE"),
    "AIFF": sndfile(tone(16_000), 16_000, "AIFF", "PCM_16"),
    "W64": sndfile(tone(16_000), 16_000, "W64", "PCM_16"),
    "no track of sound": film("mjpeg"),
    "an unread codec": libav(tone(16_000), 16_000, "matroska", "pcm_s16le"),
    "more packets than bytes": m4a_of_samples(0x7FFFFFFF),
    "six million packets": m4a_with_index(6_000_000),
    "playlist": b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
    "concatenation": b"ffconcat version 1.0\nfile '/etc/passwd'\n",
    "playlist behind a tag": b"ID3\x03\0\0\0\0\0\0#EXTM3U\nfile:///etc/passwd\n",
    "playlist in an m4a": M4A[:32] + b"#EXTM3U\nfile:///etc/passwd\n",
    "wav within an ogg page": b"OggS" + GOOD,
    "flac called matroska": b"\x1a\x45\xdf\xa3" + FLAC,
    "frames of nothing": b"\xff\xfb" * 100_000,
    "frames of nothing, aac": b"\xff\xf1" * 100_000,
}


async def read(files: SoundFiles, data: bytes, max_s: float = 10.0) -> int:
    return sum([len(piece) async for piece in files.pieces(data, max_s=max_s)])


@asynccontextmanager
async def little_memory() -> AsyncIterator[None]:
    """Fails when this process and its workers together ever need MAX_RISE_BYTES more."""
    ours = psutil.Process()

    def family_bytes() -> int:
        total = 0
        for process in (ours, *ours.children()):
            try:
                total += process.memory_info().rss
            except psutil.NoSuchProcess:
                continue
        return total

    most = idle = family_bytes()

    async def watch() -> None:
        nonlocal most
        while True:
            most = max(most, family_bytes())
            await asyncio.sleep(0.01)

    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        watching.cancel()
    assert most - idle < MAX_RISE_BYTES


@pytest.mark.parametrize("data", BAD.values(), ids=BAD.keys())
async def test_what_is_no_sound_is_refused(sound_files: SoundFiles, data: bytes) -> None:
    async with little_memory():
        with pytest.raises(InvalidRequest) as refused:
            await read(sound_files, data)
    assert (refused.value.param, refused.value.error_code) == ("file", "invalid_audio")


def silent_packets(container: str, codec: str, hours: float) -> bytes:
    """Hours of silence, a few bytes a packet: one packet, repeated by hand."""
    out = io.BytesIO()
    with av.open(out, "w", format=container) as file:
        track = file.add_stream(codec, rate=48_000, layout="mono")
        assert isinstance(track, av.AudioStream)
        quiet = av.AudioFrame.from_ndarray(np.zeros((1, 4_800), np.float32), "fltp", "mono")
        quiet.sample_rate = 48_000
        packet = bytes(track.encode(quiet)[-1])
        length = track.codec_context.frame_size
        for number in range(int(hours * 3_600 * 48_000 / length)):
            silent = av.Packet(packet)
            silent.pts = silent.dts = number * length
            silent.duration = length
            silent.time_base = track.codec_context.time_base
            silent.stream = track
            file.mux(silent)
    return out.getvalue()


BOMBS: dict[str, Callable[[], bytes]] = {
    "opus in ogg": lambda: silent_packets("ogg", "libopus", 1.0),
    "opus in webm": lambda: silent_packets("webm", "libopus", 1.0),
    "aac in m4a": lambda: silent_packets("ipod", "aac", 1.0),
    "flac": lambda: sndfile(np.zeros(8_000 * 7_200, np.int16), 8_000, "FLAC", "PCM_16"),
    "flac of unknown length": lambda: of_unknown_length(
        sndfile(np.zeros(8_000 * 1_800, np.int16), 8_000, "FLAC", "PCM_16")
    ),
    "mp3": lambda: sndfile(np.zeros(8_000 * 300, np.int16), 8_000, "MP3", "MPEG_LAYER_III"),
    "wav": lambda: sndfile(np.zeros(BODY_BYTES - 60, np.int16), 8_000, "WAV", "PCM_U8"),
    "wide wav": lambda: sndfile(np.zeros((BODY_BYTES // 24 - 9, 8)), 192_000, "WAV", "PCM_24"),
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS.keys())
async def test_hours_of_silence_end_at_the_limit(
    sound_files: SoundFiles, bomb: Callable[[], bytes]
) -> None:
    data = bomb()
    async with little_memory():
        with pytest.raises(TooLarge) as refused:
            await read(sound_files, data, max_s=3.0)
    assert refused.value.param == "file"


async def test_a_whole_body_of_noise_needs_little_memory(sound_files: SoundFiles) -> None:
    bits = np.random.default_rng(3).bytes(BODY_BYTES)
    for start in (b"\xff\xfb\x90\x00", b"\xff\xf1\x50\x80", b"OggS\0", WEBM[:400], M4A[:28]):
        async with little_memory():
            assert await read_or_refused(sound_files, start + bits[len(start) :])


async def read_or_refused(files: SoundFiles, data: bytes) -> bool:
    """Whether the file is named when it is refused."""
    try:
        return await read(files, data) > 0
    except ParleyError as refused:
        return refused.param == "file" and refused.status in (400, 413)


@pytest.mark.parametrize("original", [GOOD, FLAC, MP3, VORBIS, OPUS, M4A, WEBM, AAC])
async def test_fuzzed_files_are_read_or_refused(sound_files: SoundFiles, original: bytes) -> None:
    chance = np.random.default_rng(7)
    async with little_memory():
        for reach in (300, len(original)):
            for _ in range(40):
                data = np.frombuffer(original, np.uint8).copy()
                data[chance.integers(0, reach, 6)] = chance.integers(0, 256, 6)
                assert await read_or_refused(sound_files, data.tobytes())


@pytest.mark.parametrize("original", [GOOD, FLAC, MP3, VORBIS, OPUS, M4A, WEBM, AAC])
async def test_truncated_files_are_read_or_refused(
    sound_files: SoundFiles, original: bytes
) -> None:
    for end in range(1, len(original), max(1, len(original) // 40)):
        assert await read_or_refused(sound_files, original[:end])
