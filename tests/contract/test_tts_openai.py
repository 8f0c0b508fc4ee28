"""The text-to-speech server as the stock OpenAI client sees it."""

import base64
import io
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import av
import httpx2
import numpy as np
import openai
import pytest
import soundfile as sf
from numpy.typing import NDArray

from tests.processes import running

RATE_HZ = 24_000
SENTENCE = "The weather is fine today. Shall we go for a walk in the park?"
LONG = "This is one of many sentences, and it goes on for quite some time. " * 60
FORMATS = {
    "mp3": ("audio/mpeg", "mp3"),
    "opus": ("audio/ogg", "ogg"),
    "aac": ("audio/aac", "aac"),
    "flac": ("audio/flac", "flac"),
    "wav": ("audio/wav", "wav"),
}
CODEC_DELAY_S = 0.05  # MP3 and AAC begin with the silence their filters need

Pcm = NDArray[np.int16]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running("inference.tts", {"TTS_ENGINE": "espeak"}) as url:
        yield url


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0) as client:
        yield client


def pcm_of(client: openai.OpenAI, text: str, voice: Any = "alloy", **more: Any) -> Pcm:
    answer = client.audio.speech.create(
        model="tts-1", voice=voice, input=text, response_format="pcm", **more
    )
    assert answer.response.headers["content-type"] == "audio/pcm"
    assert len(answer.content) % 2 == 0
    return np.frombuffer(answer.content, "<i2")


def decoded(data: bytes, container: str) -> Pcm:
    with av.open(io.BytesIO(data), "r", format=container) as opened:
        to_s16 = av.AudioResampler("s16", "mono", RATE_HZ)
        frames = [f for frame in opened.decode(audio=0) for f in to_s16.resample(frame)]
        frames += to_s16.resample(None)
    return np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames]).astype(np.int16)


def seconds(samples: Pcm) -> float:
    return samples.size / RATE_HZ


def alike(one: Pcm, other: Pcm) -> bool:
    """The same words of the same voice: espeak-ng never makes quite the same samples twice."""
    return abs(seconds(one) / seconds(other) - 1) < 0.02 and bool(
        abs(level_dbfs(one) - level_dbfs(other)) < 0.5
    )


def leading_silence_s(samples: Pcm) -> float:
    return int((np.abs(samples.astype(np.int32)) > 100).argmax()) / RATE_HZ


def level_dbfs(samples: Pcm) -> float:
    return float(10 * np.log10(np.mean((samples / 32_768) ** 2)))


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_decodes_to_the_same_speech(client: openai.OpenAI, name: str) -> None:
    media_type, container = FORMATS[name]
    answer = client.audio.speech.create(
        model="gpt-4o-mini-tts",
        voice="nova",
        input=SENTENCE,
        response_format=name,  # type: ignore[arg-type]
    )
    samples = decoded(answer.content, container)
    plain = pcm_of(client, SENTENCE, "nova")
    assert answer.response.headers["content-type"] == media_type
    assert seconds(samples) == pytest.approx(seconds(plain), abs=0.12)
    assert level_dbfs(samples) == pytest.approx(level_dbfs(plain), abs=1)
    assert leading_silence_s(samples) < 0.03 + CODEC_DELAY_S


def test_soundfile_reads_the_wav(client: openai.OpenAI) -> None:
    answer = client.audio.speech.create(
        model="tts-1", voice="echo", input=SENTENCE, response_format="wav"
    )
    samples, rate = sf.read(io.BytesIO(answer.content), dtype="int16")
    assert rate == RATE_HZ
    assert alike(samples, pcm_of(client, SENTENCE, "echo"))


def test_mp3_is_the_default(client: openai.OpenAI) -> None:
    answer = client.audio.speech.create(model="tts-1", voice="alloy", input="Hello.")
    assert answer.response.headers["content-type"] == "audio/mpeg"


def test_speech_is_as_long_and_as_loud_as_speech_is(client: openai.OpenAI) -> None:
    samples = pcm_of(client, SENTENCE)
    syllables = 17
    assert 3 < syllables / seconds(samples) < 6.5
    assert -26 < level_dbfs(samples) < -16
    assert np.abs(samples.astype(np.int32)).max() < 32_767


def test_sound_begins_early_and_ends_soon(client: openai.OpenAI) -> None:
    samples = pcm_of(client, SENTENCE)
    assert leading_silence_s(samples) < 0.03
    assert leading_silence_s(samples[::-1]) < 0.25


def test_sentences_are_joined_without_clicks(client: openai.OpenAI) -> None:
    # Words that begin and end softly: the burst of a "d" would look like a click.
    samples = pcm_of(client, "Moon. You. Why! Now? Yellow, mine. Noon. Wine. Loan. Mom. Wall.")
    quiet = np.abs(samples.astype(np.int32)) < 10
    edges = np.flatnonzero(np.diff(quiet.astype(np.int8)))
    pauses = [(a, b) for a, b in pairwise(edges) if quiet[a + 1] and b - a > RATE_HZ // 10]
    assert len(pauses) >= 9  # between ten sentences
    steps = np.abs(np.diff(samples.astype(np.int32)))
    for start, end in pauses:
        assert steps[max(0, start - 24) : start + 24].max() < 500  # of 32 768
        assert steps[end - 24 : end + 24].max() < 500


def test_it_speaks_from_the_first_chunk_on(client: openai.OpenAI) -> None:
    with client.audio.speech.with_streaming_response.create(
        model="tts-1", voice="alloy", input=LONG, response_format="pcm"
    ) as answer:
        sizes = [len(chunk) for chunk in answer.iter_bytes()]
    assert len(sizes) > 20
    assert sum(sizes) / 2 / RATE_HZ > 120


@pytest.mark.parametrize("name", ["pcm", "mp3"])
def test_server_sent_events_carry_the_same_sound(client: openai.OpenAI, name: str) -> None:
    with client.audio.speech.with_streaming_response.create(
        model="gpt-4o-mini-tts",
        voice="sage",
        input=SENTENCE,
        response_format=name,  # type: ignore[arg-type]
        stream_format="sse",
    ) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = [line for line in answer.iter_lines() if line]
    events = [json.loads(line.removeprefix("data: ")) for line in lines]
    deltas = [event for event in events if event["type"] == "speech.audio.delta"]
    data = b"".join(base64.b64decode(event["audio"]) for event in deltas)
    samples = np.frombuffer(data, "<i2") if name == "pcm" else decoded(data, name)
    assert events[-1]["type"] == "speech.audio.done"
    assert len(deltas) == len(events) - 1
    assert seconds(samples) == pytest.approx(seconds(pcm_of(client, SENTENCE, "sage")), abs=0.12)


def test_a_voice_may_be_an_object_and_a_language(client: openai.OpenAI) -> None:
    french = pcm_of(client, "Bonjour tout le monde.", "fr-fr")
    assert alike(pcm_of(client, "Bonjour tout le monde.", {"id": "fr-fr"}), french)
    assert not alike(pcm_of(client, "Bonjour tout le monde.", "en-us"), french)


def test_faster_is_shorter(client: openai.OpenAI) -> None:
    usual = seconds(pcm_of(client, SENTENCE))
    assert seconds(pcm_of(client, SENTENCE, speed=2.0)) == pytest.approx(usual / 2, rel=0.2)
    assert seconds(pcm_of(client, SENTENCE, speed=0.5)) == pytest.approx(usual * 2, rel=0.2)


def test_instructions_are_accepted(client: openai.OpenAI) -> None:
    assert pcm_of(client, "Hello.", instructions="Speak like a pirate.").size


def test_what_there_is_is_listed(client: openai.OpenAI, url: str) -> None:
    voices = httpx2.get(f"{url}/v1/audio/voices").json()["voices"]
    assert {"alloy", "verse", "en-us", "en-gb", "fr-fr"} <= {voice["id"] for voice in voices}
    assert all(voice["name"] and voice["language"] for voice in voices)
    assert [model.id for model in client.models.list()] == ["espeak-ng"]
    assert httpx2.get(f"{url}/v1/audio/models").json() == {"models": [{"id": "espeak-ng"}]}
    assert httpx2.get(f"{url}/v1/").status_code == httpx2.get(f"{url}/").status_code == 200


def test_eight_at_once_are_all_served(client: openai.OpenAI) -> None:
    alone = pcm_of(client, LONG[:670])
    with ThreadPoolExecutor(8) as clients:
        answers = list(clients.map(lambda _: pcm_of(client, LONG[:670]), range(8)))
    assert all(alike(answer, alone) for answer in answers)


def test_a_short_request_does_not_wait_for_long_ones(client: openai.OpenAI) -> None:
    stop = threading.Event()

    def read_long() -> None:
        while not stop.is_set():
            pcm_of(client, LONG)

    with ThreadPoolExecutor(2) as others:
        busy = [others.submit(read_long) for _ in range(2)]
        waits_s = [first_byte_s(client) for _ in range(10)]
        stop.set()
        for one in busy:
            one.result()
    assert sorted(waits_s)[5] < 0.5


def test_a_client_that_leaves_frees_the_engine(client: openai.OpenAI, url: str) -> None:
    before = metric(url, "parley_tts_cancelled_total")
    with client.audio.speech.with_streaming_response.create(
        model="tts-1", voice="alloy", input=LONG, response_format="pcm", speed=0.25
    ) as answer:
        next(answer.iter_bytes())
    assert first_byte_s(client) < 0.5
    deadline_s = time.monotonic() + 5
    while metric(url, "parley_tts_cancelled_total") == before:
        assert time.monotonic() < deadline_s
        time.sleep(0.02)  # between two looks, within a deadline
    assert metric(url, "parley_tts_speeches") == 0


def test_the_numbers_are_there(client: openai.OpenAI, url: str) -> None:
    pcm_of(client, "Hello.")
    assert metric(url, 'parley_tts_ttfb_seconds_count{format="pcm"}') > 0
    assert metric(url, "parley_tts_first_sound_seconds_count") > 0
    assert metric(url, "parley_tts_audio_seconds_total") > 0
    assert 0 < metric(url, "parley_tts_rtf_sum") / metric(url, "parley_tts_rtf_count") < 0.5


def first_byte_s(client: openai.OpenAI) -> float:
    started_s = time.monotonic()
    with client.audio.speech.with_streaming_response.create(
        model="tts-1", voice="alloy", input="Hello there.", response_format="pcm"
    ) as answer:
        stream = answer.iter_bytes()
        next(stream)
        waited_s = time.monotonic() - started_s
        for _ in stream:
            pass
    return waited_s


def metric(url: str, name: str) -> float:
    for line in httpx2.get(f"{url}/metrics").text.splitlines():
        if line.startswith(f"{name} "):
            return float(line.rpartition(" ")[2])
    return 0.0
