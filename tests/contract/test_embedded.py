"""The standby as stock clients meet it: all three surfaces on one origin."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx2
import numpy as np
import openai
import psutil
import pytest
from livekit.agents import stt, utils

from tests.contract.realtime_client import said
from tests.contract.stt_server import refused
from tests.contract.test_stt_livekit import TEXTS, heard, of, plugin
from tests.processes import LOGS, ROOT, clean_env, listening_pid, running
from tests.speech import speak, wav_bytes

KEY = "contract-key-of-the-standby-0123456789"
MODELS = ["pocketsphinx-en", "assist-standby", "espeak-ng"]
ENGINES = ["stt_engine", "llm_engine", "tts_engine"]
TEXT = "set a timer for five minutes"
SENTENCE = "The weather is fine today."
MOST_BYTES = 300_000_000
# What stops the big servers, or has them load or fetch something, is nothing to the standby.
OF_OTHERS = {
    "STT_ENGINE": "nonsense",
    "STT_NO_SUCH_SETTING": "1",
    "LLM_BACKEND": "external",
    "LLM_MODEL": "qwen3-4b-instruct-2507",
    "TTS_ENGINE": "kokoro",
    "TTS_VOICE": "nobody",
}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running("inference.embedded", {"EMBEDDED_API_KEY": KEY, **OF_OTHERS}) as url:
        yield url


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=0) as client:
        yield client


def post(url: str, path: str, **more: Any) -> httpx2.Response:
    headers = {"authorization": f"Bearer {KEY}"} | more.pop("headers", {})
    return httpx2.post(f"{url}{path}", headers=headers, timeout=30, **more)


def chat(text: str) -> Any:
    return [{"role": "user", "content": text}]


def test_one_list_names_the_three_models_and_what_each_is_for(client: openai.OpenAI) -> None:
    listed = list(client.models.list())
    assert [model.id for model in listed] == MODELS
    assert [model.to_dict()["meta"]["kind"] for model in listed] == ["stt", "llm", "tts"]  # type: ignore[index]
    assert client.models.retrieve("assist-standby").id == "assist-standby"
    with pytest.raises(openai.NotFoundError) as unknown:
        client.models.retrieve("whisper-small")
    assert unknown.value.param == "model"


@pytest.mark.parametrize("model", ["pocketsphinx-en", "gpt-4o-transcribe"])
def test_it_writes_down_what_is_said(client: openai.OpenAI, model: str) -> None:
    file = ("a.wav", wav_bytes(speak(TEXT)))
    assert client.audio.transcriptions.create(file=file, model=model).text == TEXT


@pytest.mark.parametrize("model", ["assist-standby", "gpt-4o-mini"])
def test_it_answers_and_says_that_it_stands_in(client: openai.OpenAI, model: str) -> None:
    reply = client.chat.completions.create(model=model, messages=chat("what is 12 times 7"))
    assert reply.model == "assist-standby"
    text = reply.choices[0].message.content
    assert text is not None
    assert "84" in text
    assert text != "Twelve times seven is 84."


def test_its_answer_streams(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(
        model="assist-standby", messages=chat("what is 12 times 7"), stream=True
    )
    pieces = [chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices]
    assert len(pieces) > 3
    assert "84" in "".join(pieces)


# A voice of Kokoro's: the standby speaks for it in the same language.
@pytest.mark.parametrize("voice", ["alloy", "af_heart", "fr-fr"])
def test_it_speaks(client: openai.OpenAI, voice: str) -> None:
    answer = client.audio.speech.create(
        model="tts-1", voice=voice, input=SENTENCE, response_format="pcm"
    )
    pcm = np.frombuffer(answer.content, "<i2")
    assert 1.0 < len(pcm) / 24_000 < 4.0
    assert np.abs(pcm).max() > 3_000


def test_its_voices_are_listed(url: str) -> None:
    answer = httpx2.get(f"{url}/v1/audio/voices", headers={"authorization": f"Bearer {KEY}"})
    assert {"alloy", "fr-fr"} <= {voice["id"] for voice in answer.json()["voices"]}
    models = httpx2.get(f"{url}/v1/audio/models", headers={"authorization": f"Bearer {KEY}"})
    assert models.json() == {"models": [{"id": "espeak-ng"}, {"id": "pocketsphinx-en"}]}


async def test_livekits_plugin_hears_through_it(url: str) -> None:
    pcm = np.concatenate([said(text, before_s=0.5, after_s=1.2) for text in TEXTS])
    async with (
        utils.http_context.open(),
        plugin(url, "gpt-realtime-whisper", use_realtime=True, api_key=KEY) as recogniser,
        recogniser.stream() as stream,
    ):
        events = await heard(stream, pcm, finals=len(TEXTS))
    assert of(events, stt.SpeechEventType.FINAL_TRANSCRIPT) == TEXTS
    assert of(events, stt.SpeechEventType.INTERIM_TRANSCRIPT)


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        ("/v1/chat/completions", {"messages": []}, "messages"),
        ("/v1/chat/completions", {"messages": chat("hi"), "model": "espeak-ng"}, "model"),
        ("/v1/chat/completions", {"messages": chat("hi"), "model": "assist"}, "model"),
        ("/v1/chat/completions", {"messages": chat("hi"), "temperature": "hot"}, "temperature"),
        ("/v1/embeddings", {"input": "hi"}, "model"),
        ("/v1/audio/speech", {"input": ""}, "input"),
        ("/v1/audio/speech", {"input": "hi", "model": "assist-standby"}, "model"),
        ("/v1/audio/speech", {"input": "hi", "voice": "nobody"}, "voice"),
        ("/v1/audio/speech", {"input": "hi", "speed": 99}, "speed"),
        ("/v1/models/espeak-ng/load", {}, "method"),
        ("/v1/nowhere", {}, "path"),
    ],
)
def test_bad_input_is_named(url: str, path: str, body: dict[str, Any], param: str) -> None:
    response = post(url, path, json=body)
    assert response.status_code in (400, 404, 405), response.text
    assert refused(response, response.status_code)["param"] == param


def test_a_file_that_is_no_sound_is_named(url: str) -> None:
    response = post(url, "/v1/audio/transcriptions", files={"file": ("a.wav", b"no sound")})
    assert refused(response, 400)["param"] == "file"


def test_an_unknown_urgency_is_named_and_a_known_one_taken(url: str) -> None:
    body = {"messages": chat("hello")}
    answers = [
        post(url, "/v1/chat/completions", json=body, headers={"x-parley-priority": urgency})
        for urgency in ("live", "soon")
    ]
    assert answers[0].status_code == 200
    assert refused(answers[1], 400)["param"] == "x-parley-priority"


def test_each_surface_has_its_servers_limit_on_bodies(url: str) -> None:
    long = "a" * 500_000
    assert refused(post(url, "/v1/audio/speech", json={"input": long}), 413)["param"] == "body"
    files = {"file": ("a.wav", b"\0" * 5_000_000)}
    assert refused(post(url, "/v1/audio/transcriptions", files=files), 400)["param"] == "file"
    body = json.dumps({"messages": chat("hi")}).ljust(4_100_000)
    assert refused(post(url, "/v1/chat/completions", content=body), 413)["param"] == "body"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/models"),
        ("GET", "/v1/audio/voices"),
        ("GET", "/v1/audio/models"),
        ("GET", "/v1/realtime"),
        ("POST", "/v1/audio/transcriptions"),
        ("POST", "/v1/chat/completions"),
        ("POST", "/v1/audio/speech"),
    ],
)
def test_no_surface_answers_without_the_key(url: str, method: str, path: str) -> None:
    headers = {"authorization": "Bearer wrong"}
    if path == "/v1/realtime":
        headers |= {
            "connection": "upgrade",
            "upgrade": "websocket",
            "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
            "sec-websocket-version": "13",
        }
    response = httpx2.request(method, f"{url}{path}", headers=headers)
    assert refused(response, 401)["code"] == "invalid_api_key"


def test_readiness_names_each_engine_and_the_state_of_its_model(url: str) -> None:
    report = httpx2.get(f"{url}/health/ready").json()
    assert report["ready"]
    assert [(d["name"], d["state"]) for d in report["dependencies"]] == [
        (name, "ready") for name in ENGINES
    ]
    assert [report["models"][kind]["serving"] for kind in ("stt", "llm", "tts")] == MODELS
    assert httpx2.get(f"{url}/health/live").json() == {"service": "embedded", "alive": True}


def test_its_metrics_tell_the_engines_apart(url: str) -> None:
    text = httpx2.get(f"{url}/metrics").text
    for name in ("stt_streams", "llm_ttft_seconds", "tts_ttfb_seconds"):
        assert f"parley_embedded_{name}" in text
    for engine in ENGINES:
        assert f'parley_embedded_dependency_ready{{dependency="{engine}"}} 1.0' in text


def test_it_is_small_and_has_nothing_big_in_it(url: str, client: openai.OpenAI) -> None:
    file = ("a.wav", wav_bytes(speak(TEXT)))
    client.audio.transcriptions.create(file=file, model="whisper-1")
    client.chat.completions.create(model="gpt-4o-mini", messages=chat("hello"))
    client.audio.speech.create(model="tts-1", voice="alloy", input=SENTENCE).read()
    standby = psutil.Process(listening_pid(url))
    held = [p.memory_full_info().uss for p in (standby, *standby.children(recursive=True))]
    assert sum(held) < MOST_BYTES
    if sys.platform == "linux":
        mapped = " ".join(region.path for region in standby.memory_maps())
        for big in ("torch", "onnxruntime", "ctranslate2", "sherpa_onnx"):
            assert big not in mapped


@pytest.mark.parametrize(
    ("variables", "status", "told"),
    [
        ({}, 0, ""),
        (OF_OTHERS, 0, ""),
        ({"EMBEDDED_PORT": "no"}, 78, "EMBEDDED_PORT"),
        ({"EMBEDDED_PROT": "8004"}, 78, "did you mean EMBEDDED_PORT"),
        ({"EMBEDDED_MODEL": "whisper-small"}, 78, "EMBEDDED_MODEL is not a setting"),
        ({"EMBEDDED_HOST": "0.0.0.0"}, 78, "EMBEDDED_API_KEY"),
    ],
)
def test_check_judges_its_own_settings_only(
    variables: dict[str, str], status: int, told: str
) -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "inference.embedded", "--check"],
        env=clean_env({"PYTHONPATH": str(ROOT), **variables}),
        cwd=LOGS,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert checked.returncode == status, checked.stderr
    assert told in checked.stderr
