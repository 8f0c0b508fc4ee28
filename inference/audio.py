"""Sound as the model servers take it in: files decoded within limits, any rate, one level."""

import io
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from chassis.errors import InvalidRequest, TooLarge

RATE_HZ = 16_000  # what recognisers are trained on
BYTES_PER_SAMPLE = 2
MIN_FILE_RATE_HZ = 8_000
MAX_FILE_RATE_HZ = 192_000
MAX_CHANNELS = 8
CONTAINERS = ("WAV", "WAVEX", "RF64", "FLAC", "OGG", "MP3")
WAV_FORMAT = struct.Struct("<HHIIHH")  # tag, channels, rate, bytes a second, a frame, bits
LINEAR_TAGS = (1, 3, 0xFFFE)  # integers, floats, either with more to say
FULL_SCALE = 32_767
BLOCK_S = 1.0
# Speech at this RMS uses 16 bits well and leaves 20 dB for its peaks.
SPEECH_RMS = 3_000.0
MAX_GAIN = 100.0
LEVEL_FRAME = RATE_HZ // 50
LOUD_PERCENTILE = 85  # frames of speech, also where half of the sound is silence
LOUDEST_PERCENTILE = 95  # above it, clicks
LOUD_RANGE = 0.1  # speech lies within 20 dB of its loudest
SILENCE_RMS = 5.0  # -76 dBFS: below, there is nothing to hear

Pcm = NDArray[np.int16]


class Resampler:
    """A stream of 16-bit mono sound at `rate_hz`, turned into RATE_HZ piece by piece."""

    def __init__(self, rate_hz: int) -> None:
        self._stream = soxr.ResampleStream(rate_hz, RATE_HZ, 1, dtype="int16", quality="MQ")
        self._same = rate_hz == RATE_HZ

    def push(self, pcm: Pcm) -> Pcm:
        return pcm if self._same else self._resampled(pcm, last=False)

    def flush(self) -> Pcm:
        """What the filter still holds; the next push starts anew."""
        if self._same:
            return np.empty(0, np.int16)
        rest = self._resampled(np.empty(0, np.int16), last=True)
        self._stream.clear()
        return rest

    def _resampled(self, pcm: Pcm, *, last: bool) -> Pcm:
        return np.asarray(self._stream.resample_chunk(pcm, last=last), dtype=np.int16)


def decode_file(data: bytes, *, max_s: float) -> Pcm:
    """A whole sound file as mono at RATE_HZ; channels are averaged.

    Raises InvalidRequest for what is not sound, TooLarge beyond `max_s`; both name `file`.
    """
    if not data:
        raise _bad("the file is empty")
    if data[:4] == b"RIFF":
        _check_riff(data)
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            _check_header(file)
            pieces = list(_pieces(file, max_s))
    except (soundfile.SoundFileError, OSError, ValueError) as exc:
        raise _bad("the file is not a sound this server can read: WAV, FLAC, OGG or MP3") from exc
    whole: Pcm = np.concatenate(pieces)
    return whole


def gain_to_level(pcm: Pcm) -> float:
    """The gain that brings the speech in `pcm` to SPEECH_RMS."""
    whole = len(pcm) // LEVEL_FRAME * LEVEL_FRAME
    if not whole:
        return 1.0
    frames = pcm[:whole].reshape(-1, LEVEL_FRAME).astype(np.float32)
    loud = float(np.percentile(np.sqrt(np.mean(frames**2, axis=1)), LOUD_PERCENTILE))
    return min(MAX_GAIN, SPEECH_RMS / max(loud, 1.0))


def loud_part(pcm: Pcm) -> Pcm:
    """The frames of `pcm` within LOUD_RANGE of its loudest: its speech, without the silence."""
    whole = len(pcm) // LEVEL_FRAME * LEVEL_FRAME
    if not whole:
        return pcm[:0]
    frames = pcm[:whole].reshape(-1, LEVEL_FRAME)
    levels = np.sqrt(np.mean(frames.astype(np.float32) ** 2, axis=1))
    loudest = float(np.percentile(levels, LOUDEST_PERCENTILE))
    loud = frames[levels > max(LOUD_RANGE * loudest, SILENCE_RMS)]
    return np.asarray(loud.reshape(-1), dtype=np.int16)


def amplified(pcm: Pcm, gain: float) -> Pcm:
    louder = np.clip(pcm.astype(np.float32) * gain, -FULL_SCALE, FULL_SCALE)
    return np.asarray(louder, dtype=np.int16)


def _pieces(file: Any, max_s: float) -> Iterator[Pcm]:
    """Mono pieces at RATE_HZ, checked as they are decoded: headers may lie."""
    stream = soxr.ResampleStream(file.samplerate, RATE_HZ, 1, dtype="float32")
    announced, seen = file.frames, 0
    block = int(BLOCK_S * file.samplerate)
    while True:
        samples = file.read(block, dtype="float32", always_2d=True)
        seen += len(samples)
        if seen > max_s * file.samplerate:
            raise TooLarge(f"the sound is longer than {max_s:g} s", param="file")
        if not np.isfinite(samples).all():
            raise _bad("the file holds samples that are not numbers")
        last = len(samples) < block
        mono = stream.resample_chunk(np.clip(samples.mean(axis=1), -1, 1), last=last)
        yield np.asarray(np.clip(mono, -1, 1) * FULL_SCALE, dtype=np.int16)
        if last:
            break
    if not seen:
        raise _bad("the file holds no sound")
    if file.format == "FLAC" and seen < announced:
        raise _bad("the file is truncated")


def _check_header(file: Any) -> None:
    if file.format not in CONTAINERS:
        raise _bad(f"{file.format} files are not read here: send WAV, FLAC, OGG or MP3")
    if not MIN_FILE_RATE_HZ <= file.samplerate <= MAX_FILE_RATE_HZ:
        raise _bad(
            f"the sample rate is {file.samplerate} Hz: "
            f"{MIN_FILE_RATE_HZ} to {MAX_FILE_RATE_HZ} are read"
        )
    if file.channels > MAX_CHANNELS:
        raise _bad(f"the file has {file.channels} channels: {MAX_CHANNELS} at most are read")


def _check_riff(data: bytes) -> None:
    """A WAV whose chunks are really there: libsndfile reads on past sizes that lie."""
    at = 12
    while at + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, at)
        at += 8
        if name == b"fmt " and size >= WAV_FORMAT.size and at + size <= len(data):
            tag, *_, bits = WAV_FORMAT.unpack_from(data, at)
            if tag in LINEAR_TAGS and bits not in (8, 16, 24, 32, 64):
                raise _bad(f"the WAV header says {bits} bits a sample: 8 to 64 are read")
        if name == b"data":
            if size == 0:
                raise _bad("the WAV header says that there is no sound")
            if size > len(data) - at:
                raise _bad(f"the WAV header says {size} bytes of sound, there are {len(data) - at}")
            return
        at += size + size % 2
    raise _bad("the WAV file has no data chunk")


def _bad(message: str) -> InvalidRequest:
    return InvalidRequest(message, param="file", code="invalid_audio")
