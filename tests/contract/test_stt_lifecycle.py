"""A model's life as clients and operators see it: it serves, is switched, goes, returns.

The models are tiny ones of the real architectures.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import numpy as np
import psutil
import pytest

from tests.contract.realtime_client import COMPLETED, calling, said, session, silence
from tests.contract.stt_server import (
    EMBEDDED,
    LIGHT,
    NEMOTRON,
    SHAPE,
    TEXT,
    TRANSCRIPTIONS,
    WHISPER,
    hear,
    load,
    ready,
    refused,
    serves,
    starting,
)
from tests.fakes import onnx_transducer, whisper_model
from tests.processes import ROOT, clean_env, free_port, listening_pid, running, until
from tests.speech import speak, wav_bytes


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tmp_path_factory.mktemp("stt-cache"))


@pytest.fixture(scope="module")
def whisper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return whisper_model.build(tmp_path_factory.mktemp("whisper"), SHAPE)


@pytest.fixture(scope="module")
def models(whisper: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    models = tmp_path_factory.mktemp("home") / "models"
    models.mkdir()
    (models / WHISPER).symlink_to(whisper)
    onnx_transducer.build(models / NEMOTRON, chunk_frames=2)
    return models


@pytest.fixture(scope="module")
def url(cache: str, models: Path) -> Iterator[str]:
    """A server that found Whisper's weights, and has the embedded engine and Nemotron beside."""
    environment = {
        "STT_CACHE_DIR": cache,
        "STT_SLOTS": "1",
        "PARLEY_MODELS_DIR": str(models),
        "PARLEY_OFFLINE": "1",
    }
    with running("inference.stt", environment) as url:
        yield url


@pytest.fixture(scope="module")
def idle(cache: str) -> Iterator[str]:
    with running("inference.stt", {"STT_CACHE_DIR": cache, "STT_IDLE_UNLOAD_S": "0.2"}) as url:
        yield url


# --- switched while it runs


def test_the_best_that_is_here_serves_and_says_why(url: str) -> None:
    load(url, WHISPER)
    reasons = " / ".join(ready(url)[1]["choice"])
    assert "nemotron" in reasons
    assert f"{WHISPER}: weights and package are here" in reasons
    listed = [one["id"] for one in httpx2.get(f"{url}/v1/models").json()["data"]]
    assert set(listed) == {EMBEDDED, WHISPER, NEMOTRON}


async def test_a_switch_lets_running_work_end_on_the_old_engine(url: str) -> None:
    load(url, EMBEDDED)
    sentence = np.concatenate([speak("what is twelve times seven"), silence(0.8)])
    texts = ["what is twelve times seven"] * 10
    files = {"file": ("long.wav", wav_bytes(np.tile(sentence, len(texts))))}
    pcm = said(TEXT)
    async with calling(url) as caller, httpx2.AsyncClient(base_url=url, timeout=60) as client:
        await caller.send(session())
        await caller.say(pcm[: len(pcm) // 2])
        body = {"stream": "true", "model": "whisper-1"}
        async with client.stream("POST", TRANSCRIPTIONS, files=files, data=body) as response:
            lines = response.aiter_lines()
            deltas = [await _next_event(lines)]
            load(url, NEMOTRON)
            await caller.say(pcm[len(pcm) // 2 :])
            await caller.commit()
            assert (await caller.wait(COMPLETED))["transcript"] == TEXT
            while deltas[-1]["type"] == "transcript.text.delta":
                deltas.append(await _next_event(lines))
        assert deltas[-1]["text"] == " ".join(texts)
        # The same socket's next utterance is heard by the new engine: it knows tones, not words.
        await caller.say(np.concatenate([silence(0.3), said(TEXT)]))
        await caller.commit()
        assert (await caller.wait(COMPLETED, number=2))["transcript"] != TEXT
    assert serves(url, NEMOTRON)


async def _next_event(lines: Any) -> dict[str, Any]:
    async for line in lines:
        if line.startswith("data: "):
            event: dict[str, Any] = json.loads(line.removeprefix("data: "))
            return event
    raise AssertionError("the stream ended")


def test_an_unloaded_model_is_gone_until_it_is_loaded(url: str) -> None:
    load(url, EMBEDDED)
    response = httpx2.delete(f"{url}/v1/models/{EMBEDDED}")
    assert (response.status_code, response.json()["state"]) == (200, "unloaded")
    assert refused(hear(url), 503)["code"] == "model_unloaded"
    status, told = ready(url)
    assert (status, told["state"]) == (503, "unloaded")
    assert httpx2.get(f"{url}/health/live").status_code == 200
    load(url, EMBEDDED)
    assert hear(url).json()["text"] == TEXT


@pytest.mark.parametrize("model", ["nothing", "whisper-huge", "pocketsphinx", EMBEDDED.upper()])
def test_a_model_nobody_knows_is_named(url: str, model: str) -> None:
    for response in (
        httpx2.post(f"{url}/v1/models/{model}/load"),
        httpx2.delete(f"{url}/v1/models/{model}"),
    ):
        assert refused(response, 404)["param"] == "model"


def test_a_model_that_is_here_but_not_loaded_cannot_be_unloaded(url: str) -> None:
    load(url, EMBEDDED)
    assert refused(httpx2.delete(f"{url}/v1/models/{WHISPER}"), 404)["param"] == "model"


HOSTILE = [
    "../x",
    "..",
    "../../../../etc/passwd",
    "/etc/passwd",
    "a/../../etc",
    "..%2f..%2fetc",
    "whisper-small/../whisper-small",
    "owner/..",
    "a/b/c",
    ".locks",
    "\x00",
    "owner/na\x00me",
    "owner/name\n",
    "x" * 10_000,
    "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
    "",
]


@pytest.mark.parametrize("model", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_model_id_is_refused_and_reaches_no_file(
    url: str, models: Path, model: str
) -> None:
    load(url, EMBEDDED)
    before = set(models.parent.rglob("*"))
    for escaped in {quote(model, safe=""), quote(model, safe="/").replace("..", "%2e%2e")}:
        for response in (
            httpx2.post(f"{url}/v1/models/{escaped}/load"),
            httpx2.delete(f"{url}/v1/models/{escaped}"),
        ):
            assert response.status_code in (400, 404), response.text
            assert response.json()["error"]["param"] in ("model", "path")
    assert serves(url, EMBEDDED)
    assert set(models.parent.rglob("*")) == before


# --- memory


@pytest.mark.parametrize("way", ["file", "live"])
async def test_an_idle_model_goes_and_the_next_request_brings_it_back(idle: str, way: str) -> None:
    assert hear(idle).json()["text"] == TEXT
    process = psutil.Process(listening_pid(idle))
    busy_bytes = process.memory_info().rss
    until(lambda: ready(idle)[1]["state"] == "idle")
    until(lambda: process.memory_info().rss < busy_bytes - 10e6)
    assert ready(idle)[0] == 200  # a request would be answered
    assert (hear(idle).json()["text"] if way == "file" else await _said_live(idle)) == TEXT


async def _said_live(url: str) -> str:
    async with calling(url) as caller:
        await caller.send(session())
        await caller.say(said(TEXT))
        await caller.commit()
        return str((await caller.wait(COMPLETED))["transcript"])


def test_beyond_its_memory_the_server_takes_no_new_work(cache: str) -> None:
    with starting({"STT_CACHE_DIR": cache, **LIGHT, "STT_MAX_RSS_BYTES": "1000000"}) as url:
        until(lambda: ready(url)[1]["state"] == "ready")
        assert refused(hear(url), 503)["code"] == "memory_cap"
        response = httpx2.get(f"{url}/health/ready")
        memory = next(d for d in response.json()["dependencies"] if d["name"] == "memory")
        assert response.status_code == 503
        assert "1000000 are allowed" in memory["last_error"]


def test_a_model_setting_that_names_nothing_stops_the_start(cache: str) -> None:
    environment = clean_env({"STT_MODEL": "whisper-smal", "STT_PORT": str(free_port())})
    ended = subprocess.run(
        [sys.executable, "-m", "inference.stt"],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert ended.returncode != 0
    assert "STT_MODEL" in ended.stderr
    assert "whisper-small" in ended.stderr  # meant, perhaps
    assert "Traceback" not in ended.stderr
