"""Sound files to mono pieces at one rate, held to limits as they are decoded: headers may lie.

WAV, FLAC, OGG and MP3 are read by libsndfile; M4A, AAC, WebM and Matroska by libav, and so are a
FLAC, OGG or MP3 that libsndfile refuses. All channels count the same in the mix, the deep one of
5.1 and 7.1 too: their mean keeps speech wherever it was recorded.
"""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Any

import av
import av.subtitles.stream  # PyAV would with the first file, when no module can be read
import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from inference.audio import FULL_SCALE, RATE_HZ, Pcm
from inference.containers import UNREADABLE, Container, container_of
from inference.sound_wire import Decoded, Refused

MIN_FILE_RATE_HZ = 8_000
MAX_FILE_RATE_HZ = 192_000
MAX_CHANNELS = 8
BLOCK_S = 1.0
# What libsndfile says of a FLAC written while it was recorded, and fails at the end of.
UNKNOWN_FRAMES = 2**63 - 1
CUT_OFF_S = 1.0  # so much less sound than an M4A says is there: its end is missing
CODECS = ("aac", "alac", "flac", "mp3", "mp3float", "opus", "libopus", "vorbis")
# A libav that may read only what it was given: no other file, no address, no other kind within.
LIBAV_OPTIONS = {
    "codec_whitelist": ",".join(CODECS),
    "protocol_whitelist": "none",
    "max_streams": "32",
}
LIBAV_DTYPES: dict[str, np.dtype[Any]] = {  # all that CODECS decode to
    "flt": np.dtype("f4"),
    "s16": np.dtype("i2"),
    "s32": np.dtype("i4"),
}

Samples = NDArray[np.float32]  # frames by channels


@dataclass(frozen=True, slots=True)
class Sound:
    """An opened file: how it is read, and its samples block by block."""

    decoded: Decoded
    blocks: Iterator[Samples]
    said_s: float | None  # how long the file says it is, where that can be believed
    is_cut: Callable[[int], bool]  # whether the file says there are more samples than these


@contextmanager
def opened(data: bytes) -> Iterator[Sound]:
    """`data` as sound. Raises Refused."""
    container = container_of(data)
    file = _sndfile(data, container)
    if file is None:
        with _libav_sound(data, container) as sound:
            yield sound
        return
    with file:
        yield _sndfile_sound(file, container)


def mono_pieces(sound: Sound, *, max_s: float) -> Iterator[Pcm]:
    """Pieces of about BLOCK_S. Raises Refused, after some of the sound if need be."""
    rate_hz, seen = sound.decoded.rate_hz, 0
    if sound.said_s is not None and sound.said_s > max_s:
        raise _too_long(max_s)
    stream = soxr.ResampleStream(rate_hz, RATE_HZ, 1, dtype="float32")
    for block in chain(sound.blocks, (None,)):
        mono = np.empty(0, np.float32)
        if block is not None:
            seen += len(block)
            if seen > max_s * rate_hz:
                raise _too_long(max_s)
            if not np.isfinite(block).all():
                raise Refused("the file holds samples that are not numbers")
            mono = np.clip(block.mean(axis=1), -1, 1)
        same_rate = np.clip(stream.resample_chunk(mono, last=block is None), -1, 1)
        if len(same_rate):
            yield np.asarray(same_rate * FULL_SCALE, dtype=np.int16)
    if not seen:
        raise Refused("the file holds no sound")
    if sound.is_cut(seen):
        raise Refused("the file is truncated")


def _sndfile(data: bytes, container: Container) -> Any | None:
    """The file as libsndfile opens it; None of what is left to libav."""
    if not container.sndfile:
        return None
    try:
        file = soundfile.SoundFile(io.BytesIO(data))
    except (soundfile.SoundFileError, OSError, ValueError) as exc:
        if not container.libav:
            raise Refused(UNREADABLE) from exc
        return None
    if file.frames == UNKNOWN_FRAMES:
        file.close()
        return None
    return file


def _sndfile_sound(file: Any, container: Container) -> Sound:
    if file.format not in container.sndfile:
        raise Refused(UNREADABLE)
    _check(file.samplerate, file.channels)
    decoded = Decoded(
        decoder="libsndfile",
        container=container.name,
        codec=file.subtype.lower(),
        rate_hz=file.samplerate,
        channels=file.channels,
    )
    # An MP3's length may be a guess from its first bytes.
    is_said = container.name != "mp3"
    return Sound(
        decoded,
        _sndfile_blocks(file),
        file.frames / file.samplerate if is_said else None,
        lambda seen: container.name == "flac" and seen < file.frames,
    )


def _sndfile_blocks(file: Any) -> Iterator[Samples]:
    size = int(BLOCK_S * file.samplerate)
    while True:
        try:
            block = file.read(size, dtype="float32", always_2d=True)
        except (soundfile.SoundFileError, OSError, ValueError) as exc:
            raise Refused("the file is damaged") from exc
        if len(block):
            yield block
        if len(block) < size:
            return


@contextmanager
def _libav_sound(data: bytes, container: Container) -> Iterator[Sound]:
    try:
        file = av.open(
            io.BytesIO(data),
            mode="r",
            format=container.libav,
            container_options=LIBAV_OPTIONS,
            metadata_errors="ignore",
        )
    except (av.FFmpegError, ValueError) as exc:
        raise Refused(UNREADABLE) from exc
    with file:
        yield _first_track(file, container)


def _first_track(file: av.container.InputContainer, container: Container) -> Sound:
    """Its first audio track. Pictures, films and attachments are passed over."""
    if not file.streams.audio:
        raise Refused("the file holds no sound")
    track = file.streams.audio[0]
    codec = track.codec_context.name if track.codec_context else "unknown"
    if codec not in CODECS:
        raise Refused(f"the file holds {codec} sound: {', '.join(CODECS)} are read")
    track.codec_context.thread_count = 1
    frames = _libav_frames(file, track)
    first = next(frames, None)
    if first is None:
        raise Refused("the file holds no sound")
    rate_hz, channels = first.sample_rate, first.layout.nb_channels
    decoded = Decoded(
        decoder="libav", container=container.name, codec=codec, rate_hz=rate_hz, channels=channels
    )
    said_s = _said_s(track, container)
    return Sound(
        decoded,
        _libav_blocks(chain((first,), frames), rate_hz, channels),
        said_s,
        lambda seen: said_s is not None and seen / rate_hz < said_s - CUT_OFF_S,
    )


def _said_s(track: av.AudioStream, container: Container) -> float | None:
    """How long an M4A says it is; of the others libav guesses, or writers are often wrong."""
    if container.name == "mp4" and track.duration is not None and track.time_base is not None:
        return float(track.duration * track.time_base)
    return None


def _libav_frames(
    file: av.container.InputContainer, track: av.AudioStream
) -> Iterator[av.AudioFrame]:
    """Decoded frames. A last packet that is damaged is an end cut off; an earlier one is not."""
    damage: Exception | None = None
    try:
        for packet in file.demux(track):
            if damage is not None and packet.size:
                raise Refused("the file is damaged") from damage
            try:
                for frame in packet.decode():
                    assert isinstance(frame, av.AudioFrame)
                    _check(frame.sample_rate, frame.layout.nb_channels)
                    yield frame
            except av.InvalidDataError as exc:
                damage = exc
    except (av.FFmpegError, ValueError) as exc:
        raise Refused("the file is damaged") from exc


def _libav_blocks(
    frames: Iterator[av.AudioFrame], rate_hz: int, channels: int
) -> Iterator[Samples]:
    held: list[Samples] = []
    for frame in frames:
        if (frame.sample_rate, frame.layout.nb_channels) != (rate_hz, channels):
            raise Refused("the file changes its sample rate or its channels on the way")
        held.append(_samples(frame))
        if sum(map(len, held)) >= BLOCK_S * rate_hz:
            yield np.concatenate(held)
            held = []
    if held:
        yield np.concatenate(held)


def _samples(frame: av.AudioFrame) -> Samples:
    # Not frame.to_ndarray(): with eight planes it reads beyond the last and crashes.
    dtype, channels = LIBAV_DTYPES[frame.format.packed.name], frame.layout.nb_channels
    width = 1 if frame.format.is_planar else channels
    planes = frame.planes[: channels // width]
    raw = [np.frombuffer(memoryview(plane), dtype, frame.samples * width) for plane in planes]
    samples = np.stack(raw, axis=1).reshape(-1, channels)
    full_scale = 1.0 if dtype.kind == "f" else 2.0 ** (8 * dtype.itemsize - 1)
    return np.asarray(samples / full_scale, dtype=np.float32)


def _check(rate_hz: int, channels: int) -> None:
    if not MIN_FILE_RATE_HZ <= rate_hz <= MAX_FILE_RATE_HZ:
        raise Refused(
            f"the sample rate is {rate_hz} Hz: {MIN_FILE_RATE_HZ} to {MAX_FILE_RATE_HZ} are read"
        )
    if channels > MAX_CHANNELS:
        raise Refused(f"the file has {channels} channels: {MAX_CHANNELS} at most are read")


def _too_long(max_s: float) -> Refused:
    return Refused(f"the sound is longer than {max_s:g} s", too_long=True)
