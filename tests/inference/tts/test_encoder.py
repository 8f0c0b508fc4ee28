"""Every format decodes to what went in, and begins before the sound has ended."""

import io
from collections.abc import AsyncIterator

import av
import numpy as np
import pytest
import soundfile as sf

from inference.tts.encoder import encoder_of
from inference.tts.engine import SAMPLE_RATE_HZ

SECONDS = 2
TONE = (
    np.sin(np.arange(SAMPLE_RATE_HZ * SECONDS) * 2 * np.pi * 440 / SAMPLE_RATE_HZ) * 8000
).astype("<i2")
CONTAINERS = {"wav": "wav", "mp3": "mp3", "opus": "ogg", "flac": "flac", "aac": "aac"}


async def pieces(size: int) -> AsyncIterator[bytes]:
    pcm = TONE.tobytes()
    for at in range(0, len(pcm), size):
        yield pcm[at : at + size]


async def encoded(name: str, size: int = 1920) -> list[bytes]:
    return [chunk async for chunk in encoder_of(name).stream(pieces(size))]


@pytest.mark.parametrize("size", [2, 1920, 1_000_000])
@pytest.mark.parametrize("name", CONTAINERS)
async def test_it_decodes_to_the_tone_that_went_in(name: str, size: int) -> None:
    if size == 2:
        size = 482  # pieces that no codec's frame divides
    data = b"".join(await encoded(name, size))
    with av.open(io.BytesIO(data), "r", format=CONTAINERS[name]) as container:
        stream = container.streams.audio[0]
        frames = [frame.to_ndarray() for frame in container.decode(stream)]
        rate = stream.rate
    samples = np.concatenate([frame.reshape(-1) for frame in frames]).astype(np.float64)
    assert samples.size / rate == pytest.approx(SECONDS, abs=0.1)
    strongest = np.abs(np.fft.rfft(samples)).argmax() * rate / samples.size
    assert strongest == pytest.approx(440, abs=2)


@pytest.mark.parametrize("name", ["pcm", *CONTAINERS])
async def test_the_first_bytes_come_while_sound_is_still_being_made(name: str) -> None:
    taken = 0

    async def watched() -> AsyncIterator[bytes]:
        nonlocal taken
        async for piece in pieces(1920):
            taken += 1
            yield piece

    stream = encoder_of(name).stream(watched())
    async for _ in stream:
        break
    assert taken <= 10  # of 50


async def test_a_wav_of_unknown_length_reads_to_its_end() -> None:
    samples, rate = sf.read(io.BytesIO(b"".join(await encoded("wav"))), dtype="int16")
    assert rate == SAMPLE_RATE_HZ
    assert np.array_equal(samples, TONE)


async def test_flac_is_lossless() -> None:
    with av.open(io.BytesIO(b"".join(await encoded("flac"))), "r", format="flac") as container:
        made = np.concatenate([frame.to_ndarray().reshape(-1) for frame in container.decode()])
    assert np.array_equal(made, TONE)


@pytest.mark.parametrize(
    ("name", "media_type"),
    [("pcm", "audio/pcm"), ("wav", "audio/wav"), ("mp3", "audio/mpeg"), ("opus", "audio/ogg"),
     ("flac", "audio/flac"), ("aac", "audio/aac")],
)  # fmt: skip
def test_the_content_type_is_honest(name: str, media_type: str) -> None:
    assert encoder_of(name).media_type == media_type
