"""Folders of Kokoro's ONNX export that cannot be spoken with."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from inference.model_status import EngineFailed
from inference.tts.kokoro_onnx import KokoroOnnx
from tests.fakes.kokoro_onnx_model import make_kokoro_onnx, style_of


def loaded(folder: Path) -> KokoroOnnx:
    return KokoroOnnx(model="kokoro-82m-onnx", folder=folder, threads=1)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: (folder / "kokoro-v1.0.onnx").unlink(), "no .onnx file"),
        (lambda folder: (folder / "voices-v1.0.bin").unlink(), "no voices"),
        (lambda folder: (folder / "kokoro-v1.0.onnx").write_bytes(b"x"), "kokoro-v1.0.onnx is dam"),
        (lambda folder: (folder / "voices-v1.0.bin").write_bytes(b"x"), "voices-v1.0.bin is dam"),
        (lambda folder: _cut(folder / "kokoro-v1.0.onnx"), "kokoro-v1.0.onnx is damaged"),
        (lambda folder: _cut(folder / "voices-v1.0.bin"), "voices-v1.0.bin is damaged"),
        (lambda folder: (folder / "config.json").write_text("{"), "config.json is damaged"),
        (lambda folder: _other_network(folder / "kokoro-v1.0.onnx"), "is no Kokoro"),
        (lambda folder: _no_numbers(folder), "not a number"),
    ],
)
def test_a_damaged_folder_is_refused_in_a_sentence(
    tmp_path: Path, spoil: "object", message: str
) -> None:
    make_kokoro_onnx(tmp_path)
    assert callable(spoil)
    spoil(tmp_path)
    engine = loaded(tmp_path)
    with pytest.raises(EngineFailed, match=message):
        engine.__enter__()


def test_a_voice_cut_short_is_refused_by_name(tmp_path: Path) -> None:
    make_kokoro_onnx(tmp_path, layout="hub")
    _cut(tmp_path / "voices" / "af_bella.bin")
    with pytest.raises(EngineFailed, match="af_bella is damaged"):
        loaded(tmp_path).__enter__()


def _cut(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2 + 1])


def _other_network(path: Path) -> None:
    model = onnx.load(path)
    for node in model.graph.node:
        node.input[:] = ["text" if name == "tokens" else name for name in node.input]
    model.graph.input[0].name = "text"
    onnx.save(model, path)


def _no_numbers(folder: Path) -> None:
    styles = style_of("af_bella")
    styles[3, 0, 7] = np.nan
    with (folder / "voices-v1.0.bin").open("wb") as file:
        np.savez(file, af_bella=styles)
