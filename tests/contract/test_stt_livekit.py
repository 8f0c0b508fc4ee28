"""The speech-to-text server as LiveKit's stock OpenAI plugin hears through it."""

import asyncio
import time
from collections.abc import Iterator

import numpy as np
import pytest
from livekit import rtc
from livekit.agents import APIStatusError, stt, utils
from livekit.plugins import openai as livekit_openai

from tests.contract.realtime_client import said, silence
from tests.processes import running
from tests.speech import RATE_HZ, Pcm

FRAME = RATE_HZ // 50
TEXTS = ["what time is it", "set a timer for five minutes"]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    cache = tmp_path_factory.mktemp("stt-cache")
    with running("inference.stt", {"STT_CACHE_DIR": str(cache)}) as url:
        yield url


def plugin(url: str, model: str, *, use_realtime: bool, api_key: str = "any") -> livekit_openai.STT:
    return livekit_openai.STT(
        model=model, base_url=f"{url}/v1", api_key=api_key, use_realtime=use_realtime
    )


def frames(pcm: Pcm) -> list[rtc.AudioFrame]:
    whole = len(pcm) // FRAME * FRAME
    return [
        rtc.AudioFrame(pcm[at : at + FRAME].tobytes(), RATE_HZ, 1, FRAME)
        for at in range(0, whole, FRAME)
    ]


async def heard(stream: stt.RecognizeStream, pcm: Pcm, finals: int) -> list[stt.SpeechEvent]:
    """Everything the stream says until `finals` utterances are final, fed in real time."""

    async def feed() -> None:
        started = time.monotonic()
        for number, frame in enumerate(frames(pcm)):
            stream.push_frame(frame)
            await asyncio.sleep(max(0.0, started + number * 0.02 - time.monotonic()))

    events = []
    feeding = asyncio.create_task(feed())
    async with asyncio.timeout(30):
        async for event in stream:
            events.append(event)
            if len(of(events, stt.SpeechEventType.FINAL_TRANSCRIPT)) == finals:
                break
    await feeding
    return events


def of(events: list[stt.SpeechEvent], kind: stt.SpeechEventType) -> list[str]:
    return [event.alternatives[0].text for event in events if event.type == kind]


# The first ends utterances by the plugin's own VAD and a commit, the second by the server's VAD.
@pytest.mark.parametrize("model", ["gpt-realtime-whisper", "gpt-4o-mini-transcribe"])
async def test_it_streams(url: str, model: str) -> None:
    pcm = np.concatenate([said(text, before_s=0.5, after_s=1.2) for text in TEXTS])
    async with (
        utils.http_context.open(),
        plugin(url, model, use_realtime=True) as recogniser,
        recogniser.stream() as stream,
    ):
        events = await heard(stream, pcm, finals=len(TEXTS))
    assert of(events, stt.SpeechEventType.FINAL_TRANSCRIPT) == TEXTS
    kinds = [event.type for event in events]
    assert stt.SpeechEventType.START_OF_SPEECH in kinds
    interim = of(events, stt.SpeechEventType.INTERIM_TRANSCRIPT)
    assert interim
    # All but the first word, which is told on a guess: sooner than it can be sure.
    rests = [part.partition(" ")[2] for part in interim]
    assert all(any(text.partition(" ")[2].startswith(rest) for text in TEXTS) for rest in rests)
    assert any(rests)


async def test_a_second_stream_reuses_the_socket(url: str) -> None:
    async with (
        utils.http_context.open(),
        plugin(url, "gpt-realtime-whisper", use_realtime=True) as recogniser,
    ):
        for text in TEXTS:
            async with recogniser.stream() as stream:
                pcm = said(text, before_s=0.5, after_s=0.8)
                events = await heard(stream, pcm, finals=1)
            assert of(events, stt.SpeechEventType.FINAL_TRANSCRIPT) == [text]


@pytest.mark.parametrize("model", ["whisper-1", "gpt-4o-mini-transcribe"])
async def test_it_hears_whole_utterances(url: str, model: str) -> None:
    async with utils.http_context.open(), plugin(url, model, use_realtime=False) as recogniser:
        event = await recogniser.recognize(frames(said(TEXTS[0], after_s=0.3)))
        empty = await recogniser.recognize(frames(silence(1)))
    assert event.alternatives[0].text == TEXTS[0]
    assert empty.alternatives[0].text == ""


async def test_a_refusal_reaches_the_plugin_as_its_status(url: str) -> None:
    async with utils.http_context.open(), plugin(url, "nothing", use_realtime=False) as recogniser:
        with pytest.raises(APIStatusError) as refused:
            await recogniser.recognize(frames(said(TEXTS[0])))
    assert refused.value.status_code == 404
