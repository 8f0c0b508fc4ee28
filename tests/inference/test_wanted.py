"""What is fetched on a first boot, by device, packages and what is here already."""

from pathlib import Path
from typing import Any

import pytest

from chassis.weights.settings import ModelStoreSettings
from chassis.weights.store import ModelStore
from inference.serving import Choice, fetched_meanwhile
from inference.stt.choice import Chooser as SttChooser
from inference.stt.settings import SttSettings
from inference.tts.choice import Chooser as TtsChooser
from inference.tts.settings import TtsSettings

NEMOTRON = "nemotron-speech-streaming-en-0.6b"
KOKORO = "kokoro-82m"


def wanted(kind: str, models: Path, **settings: Any) -> tuple[str | None, list[str]]:
    """The model to fetch, and those that serve meanwhile."""
    store = ModelStore(ModelStoreSettings(models_dir=models))
    asked = {"device": "cpu", "download": "auto", **settings}
    choice: Choice[Any] = (
        SttChooser(SttSettings(**asked), store, lambda *_: None).choose()
        if kind == "stt"
        else TtsChooser(TtsSettings(**asked), store).choose()
    )
    choice = fetched_meanwhile(choice, store)
    serve = [candidate.model for candidate in choice.candidates]
    return choice.wanted.model if choice.wanted else None, serve


@pytest.mark.parametrize(
    ("kind", "device", "packages", "model"),
    [
        ("stt", "cpu", {"sherpa_onnx", "faster_whisper"}, f"{NEMOTRON}-560ms-onnx"),
        ("stt", "cuda", {"nemo", "sherpa_onnx"}, NEMOTRON),
        ("stt", "cuda", {"sherpa_onnx"}, f"{NEMOTRON}-160ms-onnx"),
        ("stt", "cpu", {"faster_whisper"}, "whisper-small"),
        ("stt", "cpu", set[str](), None),
        ("tts", "cpu", {"kokoro_onnx", "kokoro"}, f"{KOKORO}-onnx"),
        ("tts", "cuda", {"kokoro_onnx", "kokoro"}, KOKORO),
        ("tts", "cuda", {"kokoro_onnx"}, f"{KOKORO}-onnx"),
        ("tts", "cpu", set[str](), None),
    ],
)
def test_the_best_for_the_machine_is_fetched(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    device: str,
    packages: set[str],
    model: str | None,
) -> None:
    monkeypatch.setattr(f"inference.{kind}.choice.has_package", lambda name: name in packages)
    embedded = "pocketsphinx-en" if kind == "stt" else "espeak-ng"
    assert wanted(kind, tmp_path, device=device) == (model, [embedded])


def test_who_has_a_model_has_chosen(tmp_path: Path) -> None:
    folder = tmp_path / "whisper-small"
    folder.mkdir()
    for name in ("config.json", "model.bin", "tokenizer.json", "vocabulary.json"):
        (folder / name).write_bytes(b"weights")
    assert wanted("stt", tmp_path) == (None, ["whisper-small", "pocketsphinx-en"])


def test_what_a_setting_names_is_fetched_the_same_way(tmp_path: Path) -> None:
    assert wanted("stt", tmp_path, model="whisper-tiny") == ("whisper-tiny", ["pocketsphinx-en"])
    assert wanted("tts", tmp_path, engine="espeak") == (None, ["espeak-ng"])


def test_a_voice_of_the_one_to_come_stops_no_start(tmp_path: Path) -> None:
    chosen = wanted("tts", tmp_path, voice="af_bella+am_adam(0.3)")
    assert chosen == (f"{KOKORO}-onnx", ["espeak-ng"])
