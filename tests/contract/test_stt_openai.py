"""Sound files to text as OpenAI's stock client asks for it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import httpx2
import numpy as np
import openai
import pytest

from tests.processes import running
from tests.speech import RATE_HZ, speak, wav_bytes

TEXT = "set a timer for five minutes"
KEY = "k" * 40


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    cache = tmp_path_factory.mktemp("stt-cache")
    with running("inference.stt", {"STT_CACHE_DIR": str(cache)}) as url:
        yield url


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0) as client:
        yield client


def sound(text: str = TEXT, fmt: str = "WAV") -> tuple[str, bytes]:
    return f"file.{fmt.lower()}", wav_bytes(speak(text), fmt=fmt)


def test_the_model_is_listed(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["pocketsphinx-en"]
    assert client.models.retrieve("pocketsphinx-en").id == "pocketsphinx-en"
    with pytest.raises(openai.NotFoundError) as unknown:
        client.models.retrieve("whisper-small")
    assert unknown.value.param == "model"


@pytest.mark.parametrize(
    "model", ["pocketsphinx-en", "whisper-1", "gpt-4o-transcribe", "gpt-4o-mini-transcribe"]
)
def test_any_known_model_name_hears(client: openai.OpenAI, model: str) -> None:
    heard = client.audio.transcriptions.create(file=sound(), model=model, language="en")
    assert heard.text == TEXT


@pytest.mark.parametrize("fmt", ["WAV", "FLAC", "OGG"])
def test_files_of_every_kind(client: openai.OpenAI, fmt: str) -> None:
    heard = client.audio.transcriptions.create(file=sound(fmt=fmt), model="whisper-1")
    assert heard.text == TEXT


def test_verbose_json_has_segments_words_and_confidence(client: openai.OpenAI) -> None:
    pause = np.zeros(RATE_HZ * 2, np.int16)
    two = np.concatenate([speak("what time is it"), pause, speak("cancel the timer")])
    heard = client.audio.transcriptions.create(
        file=("two.wav", wav_bytes(two)),
        model="whisper-1",
        response_format="verbose_json",
        timestamp_granularities=["word", "segment"],
    )
    assert heard.text == "what time is it cancel the timer"
    assert heard.language == "english"
    assert float(heard.duration) == pytest.approx(len(two) / RATE_HZ, abs=0.01)
    assert heard.segments is not None
    assert heard.words is not None
    assert [s.text for s in heard.segments] == ["what time is it", "cancel the timer"]
    assert heard.segments[1].start > heard.segments[0].end
    assert all(-3 < s.avg_logprob <= 0 for s in heard.segments)
    assert [w.word for w in heard.words] == heard.text.split()
    assert all(w.start < w.end for w in heard.words)
    assert 0 < heard.model_dump()["confidence"] <= 1


def test_plain_text_and_subtitles(client: openai.OpenAI) -> None:
    def asked(response_format: Literal["text", "srt", "vtt"]) -> str:
        return str(
            client.audio.transcriptions.create(
                file=sound(), model="whisper-1", response_format=response_format
            )
        )

    assert asked("text") == f"{TEXT}\n"
    assert asked("srt").splitlines()[2] == TEXT
    assert asked("srt").startswith("1\n00:00:00,")
    assert asked("vtt").startswith("WEBVTT\n\n00:00:00.")


def test_streamed_deltas_add_up_to_the_text(client: openai.OpenAI) -> None:
    pause = np.zeros(RATE_HZ, np.int16)
    two = np.concatenate([speak("what time is it"), pause, speak("cancel the timer")])
    events = list(
        client.audio.transcriptions.create(
            file=("two.wav", wav_bytes(two)), model="gpt-4o-transcribe", stream=True
        )
    )
    deltas = [e.delta for e in events if e.type == "transcript.text.delta"]
    assert deltas == ["what time is it", " cancel the timer"]
    assert events[-1].type == "transcript.text.done"
    assert events[-1].text == "".join(deltas)


def test_silence_is_empty_text(client: openai.OpenAI) -> None:
    silence = ("s.wav", wav_bytes(np.zeros(RATE_HZ, np.int16)))
    assert client.audio.transcriptions.create(file=silence, model="whisper-1").text == ""
    events = list(client.audio.transcriptions.create(file=silence, model="whisper-1", stream=True))
    assert [event.type for event in events] == ["transcript.text.done"]


def test_odd_extra_fields_are_tolerated(url: str) -> None:
    response = httpx2.post(
        f"{url}/v1/audio/transcriptions",
        files={"file": sound()},
        data={"languages[]": "en", "include[]": "logprobs", "temperature": "0", "prompt": ""},
    )
    assert response.json()["text"] == TEXT


def test_an_unknown_model_is_named(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as refused:
        client.audio.transcriptions.create(file=sound(), model="nothing-of-the-kind")
    assert refused.value.code == "model_not_found"
    assert refused.value.param == "model"


def test_numbers_are_exported(client: openai.OpenAI, url: str) -> None:
    client.audio.transcriptions.create(file=sound(), model="whisper-1")
    exposition = httpx2.get(f"{url}/metrics").text
    assert 'parley_stt_audio_seconds_total{kind="file"}' in exposition
    assert 'parley_stt_rtf_count{kind="file"}' in exposition


def test_a_key_is_asked_for(tmp_path: Path) -> None:
    with running("inference.stt", {"STT_API_KEY": KEY, "STT_CACHE_DIR": str(tmp_path)}) as url:
        bare = openai.OpenAI(base_url=f"{url}/v1", api_key="wrong", max_retries=0)
        with pytest.raises(openai.AuthenticationError):
            bare.audio.transcriptions.create(file=sound(), model="whisper-1")
        keyed = openai.OpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=0)
        assert keyed.audio.transcriptions.create(file=sound(), model="whisper-1").text == TEXT


def test_readiness_is_a_passed_inference(url: str) -> None:
    report = httpx2.get(f"{url}/health/ready").json()
    engine = next(d for d in report["dependencies"] if d["name"] == "engine")
    assert engine["state"] == "ready"
    assert engine["latency_ms"] is not None
