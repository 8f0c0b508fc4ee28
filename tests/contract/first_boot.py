"""What tests of a first boot share: a hub with what each server fetches, and what servers tell."""

from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import onnx
from onnx import numpy_helper

from chassis.weights.catalogue import find_model
from tests.fakes import onnx_transducer
from tests.fakes.gguf_model import make_gguf
from tests.fakes.hub import FakeHub
from tests.fakes.kokoro_onnx_model import make_kokoro_onnx

KOKORO = "kokoro-82m-onnx"
VOICE = "voices/af_heart.bin"  # the largest file of the tiny one
PADDING_BYTES = 1_000_000
NEMOTRON = "nemotron-speech-streaming-en-0.6b-560ms-onnx"
CHATS = ("qwen3-4b-instruct-2507", "qwen3-1.7b", "qwen3-0.6b")


def put(hub: FakeHub, model: str, files: dict[str, bytes]) -> int:
    """Its files, onto the hub; how many bytes."""
    hub.repos[str(find_model(model).repo)] = files
    return sum(map(len, files.values()))


def put_kokoro(hub: FakeHub, folder: Path) -> int:
    """A tiny one that speaks in tones."""
    make_kokoro_onnx(folder, layout="hub", voices=("af_heart", "af_alloy"))
    return put(hub, KOKORO, {"config.json": b"{}", **_files(folder)})


def put_nemotron(hub: FakeHub, folder: Path) -> int:
    """A tiny one that hears tones, with numbers in its encoder that make its download last."""
    onnx_transducer.build(folder)
    encoder = onnx.load(folder / "encoder.onnx")
    padding = numpy_helper.from_array(np.ones(PADDING_BYTES // 4, np.float32), "padding")
    encoder.graph.initializer.append(padding)
    onnx.save(encoder, folder / "encoder.onnx")
    files = _files(folder)
    return put(hub, NEMOTRON, {n.replace(".onnx", ".int8.onnx"): c for n, c in files.items()})


def put_chats(hub: FakeHub, folder: Path) -> None:
    """One small model under the name of each that a machine may choose."""
    folder.mkdir(parents=True, exist_ok=True)
    content = make_gguf(folder / "tiny.gguf", ctx=4096).read_bytes()
    for model in CHATS:
        (pattern,) = find_model(model).files
        put(hub, model, {pattern.replace("*", "tiny-"): content})


def environment(hub_url: str, models: Path, kind: str) -> dict[str, str]:
    return {
        f"{kind.upper()}_DOWNLOAD": "auto",
        "PARLEY_MODELS_DIR": str(models),
        "PARLEY_MODELS_URL": hub_url,
    }


def report(url: str) -> dict[str, Any]:
    """Of a server that can answer, whatever is on its way."""
    response = httpx2.get(f"{url}/health/ready", timeout=15)
    assert response.status_code == 200, response.text
    told: dict[str, Any] = response.json()
    return told


def coming(url: str) -> dict[str, Any]:
    """What is on its way; nothing: empty."""
    return report(url)["coming"] or {}


def serving(url: str) -> str | None:
    model = report(url)["model"]["serving"]
    return None if model is None else str(model)


def _files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
