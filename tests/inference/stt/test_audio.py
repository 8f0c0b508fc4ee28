"""Files of every kind become mono sound at one rate, or a refusal that names the file."""

import io
import struct

import numpy as np
import pytest
import soundfile as sf

from chassis.errors import InvalidRequest, TooLarge
from inference.audio import (
    RATE_HZ,
    SPEECH_RMS,
    Resampler,
    amplified,
    decode_file,
    gain_to_level,
)

TONE_HZ = 440
SECONDS = 0.5
FORMATS = [
    ("WAV", "PCM_U8"),
    ("WAV", "PCM_16"),
    ("WAV", "PCM_24"),
    ("WAV", "PCM_32"),
    ("WAV", "FLOAT"),
    ("WAV", "DOUBLE"),
    ("WAVEX", "PCM_16"),
    ("FLAC", "PCM_16"),
    ("FLAC", "PCM_24"),
]


def tone(rate_hz: int, seconds: float = SECONDS) -> np.ndarray:
    t = np.arange(int(rate_hz * seconds)) / rate_hz
    return 0.5 * np.sin(2 * np.pi * TONE_HZ * t)


def sound_file(samples: np.ndarray, rate_hz: int, fmt: str, subtype: str) -> bytes:
    out = io.BytesIO()
    sf.write(out, samples, rate_hz, format=fmt, subtype=subtype)
    return out.getvalue()


def loudest_hz(pcm: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(pcm.astype(np.float64)))
    return float(np.argmax(spectrum) * RATE_HZ / len(pcm))


def assert_is_the_tone(pcm: np.ndarray, level: float = 0.5) -> None:
    assert len(pcm) == pytest.approx(SECONDS * RATE_HZ, abs=RATE_HZ * 0.03)
    assert loudest_hz(pcm) == pytest.approx(TONE_HZ, abs=4)
    assert np.sqrt(np.mean((pcm / 32767) ** 2)) == pytest.approx(level / 2**0.5, rel=0.1)


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 192_000])
@pytest.mark.parametrize(("fmt", "subtype"), FORMATS)
@pytest.mark.parametrize("channels", [1, 2, 8])
def test_any_format_rate_and_channels(fmt: str, subtype: str, rate_hz: int, channels: int) -> None:
    samples = np.repeat(tone(rate_hz)[:, None], channels, axis=1)
    assert_is_the_tone(decode_file(sound_file(samples, rate_hz, fmt, subtype), max_s=10))


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
@pytest.mark.parametrize("rate_hz", [16_000, 48_000])
def test_ogg(subtype: str, rate_hz: int) -> None:
    data = sound_file(tone(rate_hz), rate_hz, "OGG", subtype)
    assert_is_the_tone(decode_file(data, max_s=10))


def test_mp3() -> None:
    data = sound_file(tone(44_100), 44_100, "MP3", "MPEG_LAYER_III")
    pcm = decode_file(data, max_s=10)
    assert loudest_hz(pcm) == pytest.approx(TONE_HZ, abs=4)


def test_channels_are_averaged() -> None:
    one_sided = np.stack([tone(16_000), np.zeros(8_000)], axis=1)
    assert_is_the_tone(decode_file(sound_file(one_sided, 16_000, "WAV", "PCM_16"), max_s=1), 0.25)


def test_overdriven_floats_are_clipped_not_wrapped() -> None:
    data = sound_file(tone(16_000) * 10, 16_000, "WAV", "FLOAT")
    pcm = decode_file(data, max_s=1)
    assert loudest_hz(pcm) == pytest.approx(TONE_HZ, abs=4)


def test_the_limit_counts_what_is_decoded() -> None:
    silence = sound_file(np.zeros(16_000 * 120), 16_000, "FLAC", "PCM_16")
    assert len(silence) < 20_000
    with pytest.raises(TooLarge) as refused:
        decode_file(silence, max_s=60)
    assert refused.value.param == "file"


GOOD = sound_file(tone(16_000), 16_000, "WAV", "PCM_16")
FLAC = sound_file(np.random.default_rng(1).normal(0, 0.1, 32_000), 16_000, "FLAC", "PCM_16")


def patched(offset: int, fmt: str, value: int) -> bytes:
    data = bytearray(GOOD)
    struct.pack_into(fmt, data, offset, value)
    return bytes(data)


BAD = {
    "empty": b"",
    "text": b"this is not a sound, whatever its name says" * 10,
    "html": b"<html><body>nope</body></html>",
    "header only": GOOD[:44],
    "half a header": GOOD[:20],
    "truncated wav": GOOD[: len(GOOD) // 2],
    "truncated flac": FLAC[: len(FLAC) // 2],
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
    "bits 999": patched(34, "<H", 999),
    "no fmt": GOOD[:12] + GOOD[36:],
    "chunks": b"RIFF\0\0\0\0WAVE" + b"junk\0\0\0\0" * 10_000,
    "nine channels": sound_file(np.zeros((100, 9)), 16_000, "WAV", "PCM_16"),
    "4 kHz": sound_file(tone(4_000), 4_000, "WAV", "PCM_16"),
    "NaN": sound_file(np.full(1_000, np.nan), 16_000, "WAV", "FLOAT"),
    "Infinity": sound_file(np.full(1_000, np.inf), 16_000, "WAV", "FLOAT"),
    "AIFF": sound_file(tone(16_000), 16_000, "AIFF", "PCM_16"),
}


@pytest.mark.parametrize("data", BAD.values(), ids=BAD.keys())
def test_what_is_no_sound_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidRequest) as refused:
        decode_file(data, max_s=10)
    assert refused.value.param == "file"


def read_or_refused(data: bytes) -> bool:
    try:
        return decode_file(data, max_s=10).dtype == np.int16
    except (InvalidRequest, TooLarge) as refused:
        return refused.param == "file"


def test_fuzzed_files_are_read_or_refused() -> None:
    chance = np.random.default_rng(7)
    ogg = sound_file(tone(16_000), 16_000, "OGG", "VORBIS")
    for original in (GOOD, FLAC, ogg):
        for _ in range(60):
            data = np.frombuffer(original, np.uint8).copy()
            places = chance.integers(0, min(len(data), 300), 6)
            data[places] = chance.integers(0, 256, 6)
            assert read_or_refused(data.tobytes())


@pytest.mark.parametrize("rate_hz", [16_000, 24_000])
def test_a_stream_comes_out_whole_whatever_its_pieces(rate_hz: int) -> None:
    samples = (tone(rate_hz) * 32767).astype(np.int16)
    stream = Resampler(rate_hz)
    pieces = [stream.push(samples[at : at + 137]) for at in range(0, len(samples), 137)]
    assert_is_the_tone(np.concatenate([*pieces, stream.flush()]))


def test_a_flushed_stream_starts_anew() -> None:
    stream = Resampler(24_000)
    samples = (tone(24_000) * 32767).astype(np.int16)
    first = np.concatenate([stream.push(samples), stream.flush()])
    second = np.concatenate([stream.push(samples), stream.flush()])
    assert np.allclose(first, second, atol=2)  # the library dithers


@pytest.mark.parametrize("loudness", [0.01, 0.1, 1.0])
def test_speech_is_brought_to_one_level(loudness: float) -> None:
    quiet = (tone(RATE_HZ) * 20_000 * loudness).astype(np.int16)
    level = amplified(quiet, gain_to_level(quiet)).astype(np.float64)
    assert np.sqrt(np.mean(level**2)) == pytest.approx(SPEECH_RMS, rel=0.1)
