"""A voice's life as clients and operators see it: it serves, is switched, goes, returns.

The model is a tiny one that takes what Kokoro takes.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx2
import pytest

from tests.contract.tts_server import (
    BYTES_PER_S,
    ESPEAK,
    KOKORO,
    SPEECH,
    TEXT,
    body,
    load,
    ready,
    refused,
    say,
    seconds,
    serves,
    starting,
)
from tests.fakes.kokoro_onnx_model import make_kokoro_onnx
from tests.processes import ROOT, clean_env, free_port, running, until

LONG = "This is one of many sentences, and it goes on for quite some time. " * 20
TINY = "tiny"  # an id of no catalogue: a folder placed by hand
DAMAGED = "damaged"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    models = tmp_path_factory.mktemp("home") / "models"
    make_kokoro_onnx(models / KOKORO, layout="hub")
    make_kokoro_onnx(models / TINY, steps=4)  # some 10 ms a phrase more
    make_kokoro_onnx(models / DAMAGED)
    network = next((models / DAMAGED).glob("*.onnx"))
    network.write_bytes(network.read_bytes()[:1000])
    return models


@pytest.fixture(scope="module")
def url(models: Path) -> Iterator[str]:
    with running("inference.tts", offline(models)) as url:
        yield url


def offline(models: Path) -> dict[str, str]:
    return {"PARLEY_MODELS_DIR": str(models), "PARLEY_OFFLINE": "1"}


# --- switched while it runs


def test_the_best_that_is_here_serves_and_says_why(models: Path) -> None:
    with running("inference.tts", offline(models)) as url:
        assert serves(url, KOKORO)
        reasons = " / ".join(ready(url)[1]["choice"])
        assert f"{KOKORO}: weights and package are here" in reasons
        assert "kokoro-82m: no weights here" in reasons
        listed = [one["id"] for one in httpx2.get(f"{url}/v1/models").json()["data"]]
        assert set(listed) == {ESPEAK, KOKORO, TINY, DAMAGED}
        assert seconds(say(url)) > 1


def test_a_switch_lets_a_speech_end_on_its_engine(url: str) -> None:
    load(url, ESPEAK)
    by_espeak = seconds(say(url, LONG))
    load(url, TINY)
    by_kokoro = seconds(say(url, LONG))
    assert abs(by_kokoro - by_espeak) > 0.1 * by_kokoro  # else nothing below is shown
    with httpx2.stream("POST", f"{url}{SPEECH}", json=body(LONG), timeout=30) as response:
        chunks = response.iter_bytes()
        heard = len(next(chunks))
        load(url, ESPEAK)
        for chunk in chunks:
            heard += len(chunk)
    assert heard / BYTES_PER_S == pytest.approx(by_kokoro, rel=0.03)
    assert seconds(say(url, LONG)) == pytest.approx(by_espeak, rel=0.03)


def test_an_unloaded_model_is_gone_until_it_is_loaded(url: str) -> None:
    load(url, TINY)
    response = httpx2.delete(f"{url}/v1/models/{TINY}")
    assert (response.status_code, response.json()["state"]) == (200, "unloaded")
    assert refused(say(url), 503)["code"] == "model_unloaded"
    status, told = ready(url)
    assert (status, told["state"]) == (503, "unloaded")
    assert httpx2.get(f"{url}/health/live").status_code == 200
    load(url, TINY)
    assert seconds(say(url)) > 1


def test_a_damaged_model_leaves_what_serves(url: str) -> None:
    load(url, ESPEAK)
    assert httpx2.post(f"{url}/v1/models/{DAMAGED}/load").status_code == 202
    until(lambda: DAMAGED in ready(url)[1]["failed"])
    assert "damaged" in ready(url)[1]["failed"][DAMAGED]
    assert serves(url, ESPEAK)
    assert seconds(say(url)) > 1


@pytest.mark.parametrize(
    "model",
    ["nothing", "kokor", ESPEAK.upper(), "whisper-small", "../x", "/etc/passwd", "x" * 999],
)
def test_a_model_that_cannot_speak_is_named(url: str, model: str) -> None:
    load(url, ESPEAK)
    escaped = quote(model, safe="")
    for response in (
        httpx2.post(f"{url}/v1/models/{escaped}/load"),
        httpx2.delete(f"{url}/v1/models/{escaped}"),
    ):
        assert response.status_code in (400, 404), response.text
        assert response.json()["error"]["param"] in ("model", "path")
    assert serves(url, ESPEAK)


# --- voices that the engine at hand has not


@pytest.mark.parametrize("voice", ["af_bella", "bm_george", "af_bella+am_adam(0.3)", "ff_siwis"])
def test_the_fallback_speaks_for_the_other_engines_voices(url: str, voice: str) -> None:
    load(url, ESPEAK)
    assert seconds(say(url, voice=voice)) > 1


def test_a_model_that_does_not_load_is_told_and_its_voice_stood_in_for(models: Path) -> None:
    environment = {**offline(models), "TTS_MODEL": str(models / DAMAGED), "TTS_VOICE": "af_bella"}
    with running("inference.tts", environment) as url:
        assert serves(url, ESPEAK)
        assert "damaged" in ready(url)[1]["failed"][DAMAGED]
        assert seconds(say(url)) > 1


def test_a_default_voice_that_is_not_there_is_told_while_the_fallback_speaks(models: Path) -> None:
    environment = {**offline(models), "TTS_MODEL": TINY, "TTS_VOICE": "nobody"}
    with running("inference.tts", environment) as url:
        assert serves(url, ESPEAK)
        assert "TTS_VOICE: there is no voice 'nobody'" in ready(url)[1]["failed"][TINY]
        assert seconds(say(url)) > 1


@pytest.mark.parametrize(
    ("setting", "value", "told"),
    [
        ("TTS_MODEL", "kokoro-82m-onx", KOKORO),  # meant, perhaps
        ("TTS_VOICE", "nobody", ESPEAK),
        ("TTS_ENGINE", "festival", "kokoro"),
    ],
)
def test_a_setting_that_names_nothing_stops_the_start(
    tmp_path: Path, setting: str, value: str, told: str
) -> None:
    environment = clean_env(
        {setting: value, "TTS_PORT": str(free_port()), "PARLEY_MODELS_DIR": str(tmp_path)}
    )
    ended = subprocess.run(
        [sys.executable, "-m", "inference.tts"],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert ended.returncode == 78
    assert setting in ended.stderr
    assert told in ended.stderr
    assert "Traceback" not in ended.stderr


# --- memory


def test_an_idle_voice_goes_and_the_next_request_brings_it_back(models: Path) -> None:
    environment = {**offline(models), "TTS_MODEL": TINY, "TTS_IDLE_UNLOAD_S": "0.2"}
    with running("inference.tts", environment) as url:
        assert seconds(say(url)) > 1
        until(lambda: ready(url)[1]["state"] == "idle")
        assert ready(url)[0] == 200  # a request would be answered
        assert seconds(say(url)) > 1


def test_beyond_its_memory_the_server_takes_no_new_work() -> None:
    with starting({"TTS_MAX_RSS_BYTES": "1000000"}) as url:
        until(lambda: ready(url)[1]["state"] == "ready")
        assert refused(say(url), 503)["code"] == "memory_cap"
        response = httpx2.get(f"{url}/health/ready")
        memory = next(d for d in response.json()["dependencies"] if d["name"] == "memory")
        assert response.status_code == 503
        assert "1000000 are allowed" in memory["last_error"]
        assert TEXT not in response.text
