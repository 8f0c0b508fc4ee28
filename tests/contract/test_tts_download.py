"""A voice on its way to the text-to-speech server: from a hub, from none, wrong.

The hub is a stub on loopback, the model a tiny one that takes what Kokoro takes.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chassis.weights.catalogue import find_model
from tests.contract.tts_server import (
    ESPEAK,
    KOKORO,
    ready,
    refused,
    say,
    seconds,
    serves,
    starting,
)
from tests.fakes.hub import FakeHub, fake_hub
from tests.fakes.kokoro_onnx_model import make_kokoro_onnx
from tests.processes import free_port, running, until

NETWORK = "onnx/model.onnx"


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[FakeHub]:
    folder = tmp_path / "made"
    make_kokoro_onnx(folder, layout="hub")
    repo = find_model(KOKORO).repo
    assert repo is not None
    files = {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    with fake_hub() as hub:
        hub.repos[repo] = {"config.json": b"{}", "tokenizer.json": b'{"model": {}}', **files}
        yield hub


def environment(hub_url: str, models: Path) -> dict[str, str]:
    return {
        "TTS_ENGINE": "kokoro-onnx",
        "PARLEY_MODELS_DIR": str(models),
        "PARLEY_MODELS_URL": hub_url,
    }


def test_the_server_answers_while_its_voice_downloads(hub: FakeHub, tmp_path: Path) -> None:
    hub.block_delay_s = 0.02
    with starting(environment(hub.url, tmp_path / "models")) as url:
        until(lambda: ready(url)[1].get("done_bytes", 0) > 0)
        status, first = ready(url)
        assert (status, first["state"], first["model"]) == (503, "downloading", KOKORO)
        error = refused(say(url), 503)
        assert error["code"] == "model_downloading"
        assert f"of {first['total_bytes']} bytes" in error["message"]
        until(lambda: serves(url, KOKORO))
        assert seconds(say(url)) > 1
    came = len(hub.seen)
    with running("inference.tts", environment(hub.url, tmp_path / "models")) as url:
        assert serves(url, KOKORO)  # all is here: the hub is not asked
    assert len(hub.seen) == came


@pytest.mark.parametrize("trouble", ["away", "wrong bytes"])
def test_the_embedded_engine_serves_where_a_voice_cannot_be_had(
    hub: FakeHub, tmp_path: Path, trouble: str
) -> None:
    address = f"http://127.0.0.1:{free_port()}" if trouble == "away" else hub.url
    (files,) = hub.repos.values()
    hub.lies[NETWORK] = bytes(len(files[NETWORK]))
    with running("inference.tts", environment(address, tmp_path / "models")) as url:
        _, told = ready(url)
        assert told["serving"] == ESPEAK
        assert (address if trouble == "away" else "model.onnx") in told["failed"][KOKORO]
        assert seconds(say(url, voice="af_heart")) > 1
