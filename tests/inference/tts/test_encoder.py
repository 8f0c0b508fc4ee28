"""Every format decodes to what went in, and begins before the sound has ended."""

import asyncio
import io
import threading
import wave
from collections.abc import AsyncIterator
from itertools import chain

import av
import numpy as np
import pytest
import soundfile as sf
from numpy.typing import NDArray

from inference import sound_decoding
from inference.tts import encoder
from inference.tts.encoder import MEDIA_TYPES, encoder_of
from inference.tts.engine import SAMPLE_RATE_HZ

SECONDS = 2
TONE = (
    np.sin(np.arange(SAMPLE_RATE_HZ * SECONDS) * 2 * np.pi * 440 / SAMPLE_RATE_HZ) * 8000
).astype("<i2")
CONTAINERS = {"wav": "wav", "mp3": "mp3", "opus": "ogg", "flac": "flac", "aac": "aac"}
# Samples that come out beyond those that went in: filters of the codec that no header tells of, and
# a last frame that is filled up.
MORE_SAMPLES = {"wav": 0, "flac": 0, "opus": 0, "mp3": 1105 + 2 * 576, "aac": 2 * 1024}
LOUD = 1000
NEEDED_S = 0.2  # of speech, to fill the first frames of the slowest codec
ODD_PIECE = 482  # bytes that no codec's frame divides


async def pieces(size: int, sound: NDArray[np.int16] = TONE) -> AsyncIterator[bytes]:
    pcm = sound.tobytes()
    for at in range(0, len(pcm), size):
        yield pcm[at : at + size]


async def encoded(name: str, size: int = 1920, sound: NDArray[np.int16] = TONE) -> list[bytes]:
    return [chunk async for chunk in encoder_of(name).stream(pieces(size, sound))]


def decoded(data: bytes, name: str) -> NDArray[np.int16]:
    with av.open(io.BytesIO(data), "r", format=CONTAINERS[name]) as container:
        to_s16 = av.AudioResampler("s16", "mono", SAMPLE_RATE_HZ)
        frames = [f for frame in container.decode(audio=0) for f in to_s16.resample(frame)]
        frames += to_s16.resample(None)
    return np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames]).astype(np.int16)


@pytest.mark.parametrize("size", [ODD_PIECE, 1920, 1_000_000])
@pytest.mark.parametrize("name", CONTAINERS)
async def test_it_decodes_to_the_tone_that_went_in(name: str, size: int) -> None:
    samples = decoded(b"".join(await encoded(name, size)), name)
    assert 0 <= samples.size - TONE.size <= MORE_SAMPLES[name]
    strongest = np.abs(np.fft.rfft(samples)).argmax() * SAMPLE_RATE_HZ / samples.size
    assert strongest == pytest.approx(440, abs=2)


@pytest.mark.parametrize("samples", [239, 576, 4801])
@pytest.mark.parametrize("name", CONTAINERS)
async def test_the_last_samples_of_the_shortest_sound_come_out(name: str, samples: int) -> None:
    data = b"".join(await encoded(name, ODD_PIECE, TONE[:samples]))
    assert 0 <= decoded(data, name).size - samples <= MORE_SAMPLES[name] + 1024


@pytest.mark.parametrize("name", CONTAINERS)
async def test_the_end_is_as_loud_as_the_beginning(name: str) -> None:
    samples = decoded(b"".join(await encoded(name)), name)
    last = int(np.flatnonzero(np.abs(samples.astype(np.int32)) > LOUD)[-1])
    first = int(np.flatnonzero(np.abs(samples.astype(np.int32)) > LOUD)[0])
    assert last - first == pytest.approx(TONE.size, abs=SAMPLE_RATE_HZ * 0.005)


@pytest.mark.parametrize("name", CONTAINERS)
async def test_what_came_so_far_can_be_heard_already(name: str) -> None:
    """No codec, container or buffer holds the first sound back."""
    fed = asyncio.Event()

    async def beginning() -> AsyncIterator[bytes]:
        async for piece in pieces(480, TONE[: int(NEEDED_S * SAMPLE_RATE_HZ)]):
            yield piece
        fed.set()
        await asyncio.Event().wait()  # the engine makes more

    came: list[bytes] = []

    async def listen() -> None:
        async for chunk in encoder_of(name).stream(beginning()):
            came.append(chunk)

    listening = asyncio.create_task(listen())
    await asyncio.wait_for(fed.wait(), 10)
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    assert (np.abs(decoded(b"".join(came), name).astype(np.int32)) > LOUD).any()


@pytest.mark.parametrize("name", ["mp3", "opus", "flac", "aac"])
async def test_a_long_phrase_leaves_in_slices(name: str) -> None:
    minute = np.tile(TONE, 30)
    sizes = [len(chunk) for chunk in await encoded(name, minute.nbytes, minute)]
    assert len(sizes) >= 200
    assert max(sizes) < sum(sizes) / 50


@pytest.mark.parametrize("name", ["pcm", "wav"])
async def test_no_sample_is_ever_cut_in_two(name: str) -> None:
    sizes = [len(chunk) for chunk in await encoded(name, ODD_PIECE)]
    assert not any(size % 2 for size in sizes)


async def test_a_wav_of_unknown_length_is_read_to_its_end_by_all() -> None:
    data = b"".join(await encoded("wav"))
    samples, rate = sf.read(io.BytesIO(data), dtype="int16")
    assert rate == SAMPLE_RATE_HZ
    assert np.array_equal(samples, TONE)
    with wave.open(io.BytesIO(data)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (24_000, 1, 2)
        assert np.array_equal(np.frombuffer(file.readframes(file.getnframes()), "<i2"), TONE)
    assert np.array_equal(decoded(data, "wav"), TONE)


@pytest.mark.parametrize("name", CONTAINERS)
async def test_what_is_spoken_here_is_read_by_the_recogniser(name: str) -> None:
    data = b"".join(await encoded(name))
    with sound_decoding.opened(data) as sound:
        heard = np.concatenate(list(sound_decoding.mono_pieces(sound, max_s=10)))
    assert heard.size / 16_000 == pytest.approx(SECONDS, abs=0.1)
    assert np.abs(heard).max() == pytest.approx(8000, rel=0.1)


async def test_flac_is_lossless() -> None:
    assert np.array_equal(decoded(b"".join(await encoded("flac")), "flac"), TONE)


@pytest.mark.parametrize("name", MEDIA_TYPES)
def test_the_content_type_is_honest(name: str) -> None:
    told = {"pcm": "pcm", "wav": "wav", "mp3": "mpeg", "opus": "ogg", "flac": "flac", "aac": "aac"}
    assert encoder_of(name).media_type == f"audio/{told[name]}"


class Watched(encoder._Muxer):
    """A muxer that tells in which threads it works, and when it is closed."""

    threads: list[int] = []  # noqa: RUF012 - of the one test
    closed = threading.Event()

    def encode(self, pcm: bytes) -> bytes:
        self.threads.append(threading.get_ident())
        return super().encode(pcm)

    def close(self) -> None:
        super().close()
        self.closed.set()


async def test_a_client_that_leaves_closes_the_codec(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder, "_Muxer", Watched)
    stream = encoder_of("mp3").stream(pieces(1920))
    await anext(stream)
    await stream.aclose()
    assert await asyncio.to_thread(Watched.closed.wait, 10)
    assert Watched.threads
    assert threading.get_ident() not in Watched.threads


async def test_many_that_leave_leave_no_thread_behind() -> None:
    async def begin() -> None:
        stream = encoder_of("flac").stream(pieces(1920))
        await anext(stream)
        await stream.aclose()

    await asyncio.gather(*(begin() for _ in range(20)))
    before = threading.active_count()
    await asyncio.gather(*chain.from_iterable((begin() for _ in range(20)) for _ in range(3)))
    assert threading.active_count() <= before
