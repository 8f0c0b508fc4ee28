"""Weights on their way to the speech-to-text server: from a hub, from none, damaged.

The hub is a stub on loopback, the models are tiny ones of the real architectures.
"""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
import websockets

from tests.contract.stt_server import (
    EMBEDDED,
    LIGHT,
    NEMOTRON,
    SHAPE,
    TEXT,
    WHISPER,
    hear,
    ready,
    refused,
    serves,
    starting,
)
from tests.fakes import onnx_transducer, whisper_model
from tests.fakes.hub import FakeHub, fake_hub
from tests.processes import free_port, running, until

REPO = "Systran/faster-whisper-small"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tmp_path_factory.mktemp("stt-cache"))


@pytest.fixture(scope="module")
def whisper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return whisper_model.build(tmp_path_factory.mktemp("whisper"), SHAPE)


@pytest.fixture
def hub(whisper: Path) -> Iterator[FakeHub]:
    with fake_hub() as hub:
        hub.repos[REPO] = {path.name: path.read_bytes() for path in whisper.iterdir()}
        yield hub


def test_the_server_answers_while_its_model_downloads(
    hub: FakeHub, cache: str, tmp_path: Path
) -> None:
    hub.block_delay_s = 0.02
    environment = {
        "STT_CACHE_DIR": cache,
        **LIGHT,
        "STT_MODEL": WHISPER,
        "PARLEY_MODELS_DIR": str(tmp_path),
        "PARLEY_MODELS_URL": hub.url,
    }
    with starting(environment) as url:
        until(lambda: ready(url)[1].get("done_bytes", 0) > 0)
        status, first = ready(url)
        assert (status, first["state"], first["model"]) == (503, "downloading", WHISPER)
        error = refused(hear(url), 503)
        assert error["code"] == "model_downloading"
        assert f"of {first['total_bytes']} bytes" in error["message"]
        with pytest.raises(websockets.InvalidStatus) as handshake:
            _open_realtime(url)
        assert handshake.value.response.status_code == 503
        assert handshake.value.response.headers["retry-after"]
        until(lambda: ready(url)[1].get("done_bytes", 1 << 40) > first["done_bytes"])
        until(lambda: serves(url, WHISPER))
        assert hear(url).json()["text"]
    came = len(hub.seen)
    with running("inference.stt", environment) as url:  # all is here: the hub is not asked
        assert serves(url, WHISPER)
    assert len(hub.seen) == came


def _open_realtime(url: str) -> None:
    from websockets.sync.client import connect

    connect(f"{url.replace('http', 'ws', 1)}/v1/realtime?intent=transcription", proxy=None).close()


@pytest.mark.parametrize("trouble", ["away", "wrong bytes"])
def test_the_embedded_engine_serves_where_weights_cannot_be_had(
    hub: FakeHub, cache: str, tmp_path: Path, trouble: str
) -> None:
    address = f"http://127.0.0.1:{free_port()}" if trouble == "away" else hub.url
    hub.lies["model.bin"] = bytes(len(hub.repos[REPO]["model.bin"]))
    environment = {
        "STT_CACHE_DIR": cache,
        **LIGHT,
        "STT_MODEL": WHISPER,
        "PARLEY_MODELS_DIR": str(tmp_path),
        "PARLEY_MODELS_URL": address,
    }
    with running("inference.stt", environment) as url:
        _, told = ready(url)
        assert told["serving"] == EMBEDDED
        why = told["failed"][WHISPER]
        assert (address if trouble == "away" else "model.bin") in why
        assert hear(url).json()["text"] == TEXT
        assert not (tmp_path / WHISPER / "model.bin").exists()


def test_a_damaged_model_lets_the_next_serve(cache: str, whisper: Path, tmp_path: Path) -> None:
    folder = tmp_path / WHISPER
    folder.mkdir()
    for path in whisper.iterdir():
        content = path.read_bytes()
        (folder / path.name).write_bytes(content[: len(content) // 2])
    onnx_transducer.build(tmp_path / NEMOTRON)
    (tmp_path / NEMOTRON / "encoder.onnx").write_bytes(b"no model")
    environment = {
        "STT_CACHE_DIR": cache,
        **LIGHT,
        "PARLEY_MODELS_DIR": str(tmp_path),
        "PARLEY_OFFLINE": "1",
    }
    with running("inference.stt", environment) as url:
        _, told = ready(url)
        assert told["serving"] == EMBEDDED
        assert told["failed"][WHISPER]
        assert httpx2.post(f"{url}/v1/models/{NEMOTRON}/load").status_code == 202
        until(lambda: NEMOTRON in ready(url)[1]["failed"])
        assert serves(url, EMBEDDED)
        assert hear(url).json()["text"] == TEXT
