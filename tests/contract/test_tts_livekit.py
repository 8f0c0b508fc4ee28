"""The text-to-speech server as LiveKit's stock OpenAI plugin hears it."""

from collections.abc import Iterator

import numpy as np
import pytest
from livekit.agents import APIStatusError, utils
from livekit.plugins import openai as livekit_openai

from tests.processes import running

TEXT = "Good morning. Your meeting begins in ten minutes."


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running("inference.tts", {"TTS_ENGINE": "espeak"}) as url:
        yield url


def plugin(url: str, model: str, response_format: str) -> livekit_openai.TTS:
    return livekit_openai.TTS(
        model=model,
        voice="ash",
        response_format=response_format,
        base_url=f"{url}/v1",
        api_key="any",
    )


# `tts-1` asks for plain audio, any other model for server-sent events.
@pytest.mark.parametrize("model", ["tts-1", "gpt-4o-mini-tts"])
@pytest.mark.parametrize("response_format", ["pcm", "mp3", "wav", "opus", "flac", "aac"])
async def test_it_plays(url: str, model: str, response_format: str) -> None:
    async with utils.http_context.open(), plugin(url, model, response_format) as tts:
        tts.prewarm()
        frames = [audio.frame async for audio in tts.synthesize(TEXT)]
    samples = np.concatenate([np.frombuffer(frame.data, np.int16) for frame in frames])
    assert {frame.sample_rate for frame in frames} == {24_000}
    assert 2 < samples.size / 24_000 < 5
    assert np.sqrt(np.mean((samples / 32_768) ** 2)) > 0.03


async def test_leaving_mid_sentence_leaves_the_next_one_alone(url: str) -> None:
    async with utils.http_context.open(), plugin(url, "tts-1", "pcm") as tts:
        async with tts.synthesize(f"{TEXT} " * 20) as stream:
            await anext(stream)
        frames = [audio.frame async for audio in tts.synthesize("Yes.")]
    assert sum(frame.duration for frame in frames) > 0.3


async def test_a_refusal_reaches_the_plugin_as_its_status(url: str) -> None:
    async with utils.http_context.open(), plugin(url, "nothing", "pcm") as tts:
        with pytest.raises(APIStatusError) as refused:
            _ = [audio async for audio in tts.synthesize(TEXT)]
    assert refused.value.status_code == 404
