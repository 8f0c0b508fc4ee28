"""Stock clients against each engine: the same server, the same answers' shapes.

The Whisper and Nemotron models are tiny ones of the real architecture: their text means nothing,
but depends on the sound, and every step on the way to it is real.
"""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import openai
import pytest
from livekit.agents import stt, utils
from livekit.plugins import openai as livekit_openai

from tests.contract.realtime_client import COMPLETED, calling, said, session, silence
from tests.contract.test_stt_livekit import frames, heard, of
from tests.fakes import onnx_transducer, whisper_model
from tests.processes import running
from tests.speech import speak, wav_bytes

TEXTS = ["what time is it", "set a timer for five minutes"]
NEMOTRON = "tiny-nemotron"
WHISPER = "whisper-small"


@dataclass(frozen=True)
class Served:
    """A server and the engine it was told to use."""

    engine: str
    model: str
    url: str


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    whisper_model.build(folder / WHISPER, whisper_model.Shape(languages=("en", "de")))
    onnx_transducer.build(folder / NEMOTRON, chunk_frames=7)  # 560 ms
    return folder


@pytest.fixture(scope="module", params=["pocketsphinx", "whisper", "nemotron"])
def served(
    request: pytest.FixtureRequest, models: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    engine = request.param
    model = {"pocketsphinx": "pocketsphinx-en", "whisper": WHISPER, "nemotron": NEMOTRON}[engine]
    environment = {
        "STT_CACHE_DIR": str(tmp_path_factory.mktemp("stt-cache")),
        "STT_MODEL": model,
        "PARLEY_MODELS_DIR": str(models),
        "PARLEY_OFFLINE": "1",
    }
    with running("inference.stt", environment) as url:
        yield Served(engine, model, url)


@pytest.fixture
def client(served: Served) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{served.url}/v1", api_key="any", max_retries=0) as client:
        yield client


def sound(text: str = TEXTS[1]) -> tuple[str, bytes]:
    return "file.wav", wav_bytes(speak(text))


def asked(client: openai.OpenAI, **fields: Any) -> Any:
    """What the client makes of a transcription asked for with these fields."""
    return client.audio.transcriptions.create(file=sound(), model="whisper-1", **fields)


def test_the_engine_asked_for_serves(served: Served) -> None:
    model = httpx2.get(f"{served.url}/health/ready").json()["model"]
    assert (model["serving"], model["state"], model["failed"]) == (served.model, "ready", {})


def test_every_format_holds_the_same_text(client: openai.OpenAI) -> None:
    # At 0 Whisper does not sample: of a model that means nothing each try would be another.
    plain = asked(client, language="en", temperature=0).text
    assert plain
    assert asked(client, language="en", temperature=0, response_format="text").strip() == plain
    verbose = asked(client, language="en", temperature=0, response_format="verbose_json")
    assert verbose.text == plain
    assert verbose.language == "english"
    assert verbose.segments
    assert " ".join(segment.text for segment in verbose.segments) == plain
    for form in ("srt", "vtt"):
        lines = asked(client, language="en", temperature=0, response_format=form).splitlines()
        assert " ".join(line for line in lines if line and line in plain) == plain


def test_words_have_times_within_the_sound(client: openai.OpenAI) -> None:
    verbose = asked(client, response_format="verbose_json", timestamp_granularities=["word"])
    assert verbose.words
    starts = [word.start for word in verbose.words]
    assert starts == sorted(starts)
    assert all(0 <= word.start <= word.end <= verbose.duration for word in verbose.words)


def test_events_add_up_to_the_text(client: openai.OpenAI) -> None:
    events = list(asked(client, stream=True))
    assert events[-1].type == "transcript.text.done"
    deltas = "".join(event.delta for event in events if event.type == "transcript.text.delta")
    assert deltas == events[-1].text != ""


def test_silence_is_no_text(client: openai.OpenAI) -> None:
    quiet = ("quiet.wav", wav_bytes(silence(3)))
    assert client.audio.transcriptions.create(file=quiet, model="whisper-1").text == ""


@pytest.mark.parametrize(
    ("field", "value"),
    [("language", "de"), ("prompt", "Kitchen, lights, Berlin."), ("temperature", 0.9)],
)
def test_a_choice_changes_the_text_or_is_refused_by_name(
    client: openai.OpenAI, served: Served, field: str, value: str | float
) -> None:
    plain = asked(client, language="en", temperature=0).text
    chosen = {"language": "en", "temperature": 0, field: value}
    if served.engine == "whisper":
        texts = {asked(client, **chosen).text for _ in range(5)}
        assert texts != {plain}
        return
    with pytest.raises(openai.BadRequestError) as refused:
        asked(client, **chosen)
    assert refused.value.param == field


def test_translation_is_done_or_refused_by_name(client: openai.OpenAI, served: Served) -> None:
    if served.engine == "whisper":
        plain = asked(client).text
        translated = client.audio.translations.create(file=sound(), model="whisper-1").text
        assert translated
        assert translated != plain
        return
    with pytest.raises(openai.BadRequestError) as refused:
        client.audio.translations.create(file=sound(), model="whisper-1")
    assert refused.value.param == "model"


async def test_livekit_hears_whole_utterances(served: Served) -> None:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(utils.http_context.open())
        plugin = await stack.enter_async_context(
            livekit_openai.STT(model="whisper-1", base_url=f"{served.url}/v1", api_key="any")
        )
        event = await plugin.recognize(frames(said(TEXTS[0], after_s=0.3)))
    assert event.alternatives[0].text


# The first ends utterances by the plugin's own VAD and a commit, the second by the server's VAD.
@pytest.mark.parametrize("model", ["gpt-realtime-whisper", "gpt-4o-mini-transcribe"])
async def test_livekit_hears_live_utterances(served: Served, model: str) -> None:
    pcm = np.concatenate([said(text, before_s=0.5, after_s=1.5) for text in TEXTS])
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(utils.http_context.open())
        plugin = await stack.enter_async_context(
            livekit_openai.STT(
                model=model, base_url=f"{served.url}/v1", api_key="any", use_realtime=True
            )
        )
        stream = await stack.enter_async_context(plugin.stream())
        events = await heard(stream, pcm, finals=len(TEXTS))
    assert all(of(events, stt.SpeechEventType.FINAL_TRANSCRIPT))
    assert of(events, stt.SpeechEventType.INTERIM_TRANSCRIPT)


async def test_streams_at_once_are_told_what_one_alone_is(served: Served) -> None:
    async def transcript(text: str) -> str:
        async with calling(served.url) as caller:
            await caller.send(session())
            await caller.say(said(text, after_s=0.4))
            await caller.commit()
            return str((await caller.wait(COMPLETED))["transcript"])

    alone = [await transcript(text) for text in TEXTS]
    together = await asyncio.gather(*(transcript(TEXTS[n % 2]) for n in range(6)))
    assert all([*alone, *together])
    if served.engine != "whisper":  # which samples where it is unsure, as such a model always is
        assert together == alone * 3
