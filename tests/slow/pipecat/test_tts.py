"""The text-to-speech server as pipecat's stock OpenAI service hears it."""

# mypy: disable-error-code="import-not-found"

import numpy as np
import pytest

pytest.importorskip("pipecat")

from pipecat.frames.frames import (
    ErrorFrame,
    InterruptionFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
)
from pipecat.services.openai.tts import OpenAITTSService

from tests.slow.pipecat.pipelines import running

TEXT = "Good morning. Your meeting begins in ten minutes."
LONG = f"{TEXT} " * 20


def service(url: str, **settings: object) -> OpenAITTSService:
    return OpenAITTSService(
        api_key="any", base_url=url, settings=OpenAITTSService.Settings(**settings)
    )


async def spoken(url: str, text: str = TEXT, **settings: object) -> np.ndarray:
    async with running(service(url, **settings)) as pipeline:
        await pipeline.put(TTSSpeakFrame(text))
        frames = await pipeline.until(TTSStoppedFrame, ErrorFrame)
    assert not [frame for frame in frames if isinstance(frame, ErrorFrame)]
    sound = [frame for frame in frames if isinstance(frame, TTSAudioRawFrame)]
    assert {(frame.sample_rate, frame.num_channels) for frame in sound} == {(24_000, 1)}
    assert not any(len(frame.audio) % 2 for frame in sound)
    return np.concatenate([np.frombuffer(frame.audio, "<i2") for frame in sound])


# `ballad` is what its examples ask for; `gpt-4o-mini-tts` is its own default.
@pytest.mark.parametrize("voice", ["alloy", "ballad", "verse"])
async def test_it_speaks(tts_url: str, voice: str) -> None:
    samples = await spoken(tts_url, voice=voice)
    assert 2 < samples.size / 24_000 < 5
    assert np.sqrt(np.mean((samples / 32_768) ** 2)) > 0.03


async def test_its_settings_are_taken(tts_url: str) -> None:
    usual = await spoken(tts_url)
    fast = await spoken(tts_url, speed=2.0, instructions="Like a pirate.", model="tts-1")
    assert fast.size == pytest.approx(usual.size / 2, rel=0.2)


async def test_sentences_are_spoken_in_their_order(tts_url: str) -> None:
    async with running(service(tts_url)) as pipeline:
        await pipeline.put(*(TTSSpeakFrame(f"{number}.") for number in ("One", "Two", "Three")))
        for _ in range(3):
            frames = await pipeline.until(TTSStoppedFrame, ErrorFrame)
            kinds = [type(frame) for frame in frames]
            assert kinds.index(TTSStartedFrame) < kinds.index(TTSAudioRawFrame)


async def test_an_interruption_ends_one_speech_and_not_the_next(tts_url: str) -> None:
    async with running(service(tts_url)) as pipeline:
        await pipeline.put(TTSSpeakFrame(LONG))
        await pipeline.until(TTSAudioRawFrame)
        await pipeline.put(InterruptionFrame())
        await pipeline.until(InterruptionFrame)
        await pipeline.put(TTSSpeakFrame(TEXT))
        frames = await pipeline.until(TTSStoppedFrame, ErrorFrame)
    assert isinstance(frames[-1], TTSStoppedFrame)
    size = sum(len(f.audio) for f in frames if isinstance(f, TTSAudioRawFrame))
    assert 2 < size / 48_000 < 5


async def test_a_refusal_reaches_the_pipeline(tts_url: str) -> None:
    async with running(service(tts_url)) as pipeline:
        await pipeline.put(TTSSpeakFrame("word " * 1000))
        frames = await pipeline.until(ErrorFrame)
    assert "input" in frames[-1].error
