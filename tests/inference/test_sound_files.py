"""Files of every kind become mono sound at one rate."""

import asyncio

import numpy as np
import pytest
from structlog.testing import capture_logs

from chassis.errors import TooLarge
from inference.audio import RATE_HZ, Pcm
from inference.sound_files import SoundFiles
from tests.inference.sound_makers import (
    SECONDS,
    TONE_LEVEL,
    assert_is_the_tone,
    libav,
    loudest_hz,
    of_unknown_length,
    remuxed,
    sndfile,
    tone,
)

pytestmark = pytest.mark.asyncio(loop_scope="session")

RATES_HZ = (8_000, 16_000, 22_050, 44_100, 48_000, 96_000, 192_000)
OPUS_RATES_HZ = (8_000, 16_000, 48_000)
CHANNELS = (1, 2, 6, 8)
BY_LIBSNDFILE = {
    ("WAV", "PCM_U8"): (RATES_HZ, CHANNELS),
    ("WAV", "PCM_16"): (RATES_HZ, CHANNELS),
    ("WAV", "PCM_24"): (RATES_HZ, CHANNELS),
    ("WAV", "PCM_32"): (RATES_HZ, CHANNELS),
    ("WAV", "FLOAT"): (RATES_HZ, CHANNELS),
    ("WAV", "DOUBLE"): (RATES_HZ, CHANNELS),
    ("WAV", "ALAW"): (RATES_HZ, CHANNELS),
    ("WAV", "ULAW"): (RATES_HZ, CHANNELS),
    ("WAVEX", "PCM_16"): (RATES_HZ, CHANNELS),
    ("RF64", "PCM_16"): (RATES_HZ, CHANNELS),
    ("FLAC", "PCM_16"): (RATES_HZ, CHANNELS),
    ("FLAC", "PCM_24"): (RATES_HZ, CHANNELS),
    ("OGG", "VORBIS"): (RATES_HZ, CHANNELS),
    ("OGG", "OPUS"): (OPUS_RATES_HZ, CHANNELS),
    ("MP3", "MPEG_LAYER_III"): (RATES_HZ[:5], (1, 2)),
}
BY_LIBAV = {
    ("ipod", "aac"): (RATES_HZ[:6], CHANNELS),  # M4A
    ("mp4", "aac"): (RATES_HZ[:6], CHANNELS),
    ("adts", "aac"): (RATES_HZ[:6], CHANNELS),
    ("ipod", "alac"): (RATES_HZ, (1, 2, 6)),
    ("mp4", "libopus"): (OPUS_RATES_HZ, CHANNELS),
    ("webm", "libopus"): (OPUS_RATES_HZ, CHANNELS),
    ("matroska", "flac"): (RATES_HZ, CHANNELS),
}
AAC_FRAME = 1_024
DEEP_LOSS = 0.2  # lossy codecs take the tone out of the channel that is for deep sounds


def cases(made_by: dict[tuple[str, str], tuple[tuple[int, ...], tuple[int, ...]]]) -> list[object]:
    return [
        pytest.param(*kind, rate_hz, channels, id=f"{'-'.join(kind)}-{rate_hz}-{channels}")
        for kind, (rates_hz, counts) in made_by.items()
        for rate_hz in rates_hz
        for channels in counts
    ]


async def heard(files: SoundFiles, data: bytes, *, max_s: float = 10.0) -> Pcm:
    return np.concatenate([piece async for piece in files.pieces(data, max_s=max_s)])


@pytest.mark.parametrize(("fmt", "subtype", "rate_hz", "channels"), cases(BY_LIBSNDFILE))
async def test_any_rate_and_channels_of_what_libsndfile_reads(
    sound_files: SoundFiles, fmt: str, subtype: str, rate_hz: int, channels: int
) -> None:
    data = sndfile(tone(rate_hz, channels=channels), rate_hz, fmt, subtype)
    pcm = await heard(sound_files, data)
    assert_is_the_tone(pcm, tolerance=DEEP_LOSS if fmt == "OGG" and channels > 2 else 0.05)


@pytest.mark.parametrize(("container", "codec", "rate_hz", "channels"), cases(BY_LIBAV))
async def test_any_rate_and_channels_of_what_libav_reads(
    sound_files: SoundFiles, container: str, codec: str, rate_hz: int, channels: int
) -> None:
    data = libav(tone(rate_hz, channels=channels), rate_hz, container, codec)
    pcm = await heard(sound_files, data)
    assert_is_the_tone(
        pcm,
        tolerance=0.05 if channels <= 2 else DEEP_LOSS,
        padding_s=0.03 + (2 * AAC_FRAME / rate_hz if codec == "aac" else 0),
    )


@pytest.mark.parametrize("rate_hz", [44_100, 48_000])
async def test_vorbis_in_webm(sound_files: SoundFiles, rate_hz: int) -> None:
    ogg = sndfile(tone(rate_hz), rate_hz, "OGG", "VORBIS")
    assert_is_the_tone(await heard(sound_files, remuxed(ogg, "webm")))


async def test_a_flac_of_unknown_length(sound_files: SoundFiles) -> None:
    data = of_unknown_length(sndfile(tone(RATE_HZ), RATE_HZ, "FLAC", "PCM_16"))
    assert_is_the_tone(await heard(sound_files, data))


def behind_zeros(mp3: bytes) -> bytes:
    """An MP3 that begins later than its tag says."""
    return b"ID3\x03\0\0\0\0\0\x0a" + bytes(5_000) + mp3


@pytest.mark.parametrize(
    "data",
    [
        libav(tone(16_000), 16_000, "ogg", "flac"),
        behind_zeros(sndfile(tone(44_100), 44_100, "MP3", "MPEG_LAYER_III")),
    ],
    ids=["flac in ogg", "mp3 behind zeros"],
)
async def test_libav_tries_what_libsndfile_refuses(sound_files: SoundFiles, data: bytes) -> None:
    with capture_logs() as lines:
        pcm = await heard(sound_files, data)
    assert_is_the_tone(pcm, padding_s=0.1)
    assert [line["decoder"] for line in lines] == ["libav"]


async def test_an_mp3_behind_a_tag_with_a_picture(sound_files: SoundFiles) -> None:
    mp3 = sndfile(tone(44_100), 44_100, "MP3", "MPEG_LAYER_III")
    picture = b"APIC" + (300_000).to_bytes(4) + bytes(300_002)
    size = bytes(len(picture) >> shift & 0x7F for shift in (21, 14, 7, 0))
    data = b"ID3\x03\0\0" + size + picture + mp3
    assert_is_the_tone(await heard(sound_files, data))


async def test_channels_are_averaged(sound_files: SoundFiles) -> None:
    one_sided = tone(RATE_HZ, channels=2) * [1, 0]
    data = sndfile(one_sided, RATE_HZ, "WAV", "PCM_16")
    assert_is_the_tone(await heard(sound_files, data), TONE_LEVEL / 2)


async def test_overdriven_floats_are_clipped_not_wrapped(sound_files: SoundFiles) -> None:
    pcm = await heard(sound_files, sndfile(tone(RATE_HZ) * 10, RATE_HZ, "WAV", "FLOAT"))
    assert loudest_hz(pcm) == pytest.approx(440, abs=4)
    assert np.abs(pcm.astype(int)).max() <= 32_767


@pytest.mark.parametrize("frames", [1, 160])
async def test_the_shortest_sounds_are_read(sound_files: SoundFiles, frames: int) -> None:
    data = sndfile(tone(RATE_HZ)[:frames], RATE_HZ, "WAV", "PCM_16")
    assert len(await heard(sound_files, data)) == frames


async def test_sound_comes_in_pieces_that_may_be_changed(sound_files: SoundFiles) -> None:
    data = sndfile(tone(8_000, seconds=5), 8_000, "FLAC", "PCM_16")
    lengths = []
    async for piece in sound_files.pieces(data, max_s=10):
        piece[:] = 0
        lengths.append(len(piece))
    assert sum(lengths) == 5 * RATE_HZ
    assert max(lengths) <= 1.1 * RATE_HZ


async def test_the_limit_is_exact(sound_files: SoundFiles) -> None:
    data = sndfile(tone(RATE_HZ), RATE_HZ, "WAV", "PCM_16")
    assert len(await heard(sound_files, data, max_s=SECONDS)) == SECONDS * RATE_HZ
    with pytest.raises(TooLarge) as refused:
        await heard(sound_files, data, max_s=SECONDS - 0.001)
    assert refused.value.param == "file"


async def test_how_a_file_was_read_is_logged(sound_files: SoundFiles) -> None:
    data = libav(tone(48_000, channels=2), 48_000, "webm", "libopus")
    with capture_logs() as lines:
        await heard(sound_files, data)
    assert lines == [
        {
            "event": "sound_decoded",
            "log_level": "info",
            "decoder": "libav",
            "container": "matroska",
            "codec": "opus",
            "rate_hz": 48_000,
            "channels": 2,
            "duration_s": SECONDS,
        }
    ]


async def test_many_files_at_once_all_get_their_own_sound(sound_files: SoundFiles) -> None:
    levels = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
    files = [sndfile(tone(8_000) * 2 * level, 8_000, "WAV", "PCM_16") for level in levels]
    sounds = await asyncio.gather(*(heard(sound_files, data) for data in files))
    for pcm, level in zip(sounds, levels, strict=True):
        assert_is_the_tone(pcm, level)
