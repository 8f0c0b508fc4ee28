"""Which engine speaks, by what is asked for and what is here, and why."""

from pathlib import Path
from typing import Any

import pytest

from chassis.errors import NotFound
from chassis.settings import SettingsError
from chassis.weights.settings import ModelStoreSettings
from chassis.weights.store import ModelStore
from inference.candidates import has_package
from inference.serving import Choice
from inference.tts.choice import KOKORO, KOKORO_ONNX, Chooser
from inference.tts.engine import Engine
from inference.tts.espeak import MODEL as ESPEAK
from inference.tts.espeak import Espeak
from inference.tts.kokoro import Kokoro
from inference.tts.kokoro_onnx import KokoroOnnx
from inference.tts.settings import TtsSettings

ONNX_FILES = ("onnx/model.onnx", "voices/af_heart.bin", "config.json", "tokenizer.json")
TORCH_FILES = ("kokoro-v1_0.pth", "config.json", "voices/af_heart.pt")


def chooser(models: Path, **settings: Any) -> Chooser:
    store = ModelStore(ModelStoreSettings(models_dir=models, offline=True))
    return Chooser(TtsSettings(**{"device": "cpu", **settings}), store)


def choose(models: Path, **settings: Any) -> Choice[Engine]:
    return chooser(models, **settings).choose()


def order(choice: Choice[Engine]) -> list[str]:
    return [candidate.model for candidate in choice.candidates]


def place(models: Path, model: str, files: tuple[str, ...]) -> None:
    for name in files:
        path = models / model / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"weights")


def test_with_no_weights_the_embedded_engine_speaks_and_says_why(tmp_path: Path) -> None:
    choice = choose(tmp_path)
    assert order(choice) == [ESPEAK]
    assert choice.reasons == [f"{KOKORO_ONNX}: no weights here", f"{KOKORO}: no weights here"]


def test_without_a_gpu_onnx_goes_before_torch(tmp_path: Path) -> None:
    place(tmp_path, KOKORO_ONNX, ONNX_FILES)
    place(tmp_path, KOKORO, TORCH_FILES)
    packaged = [KOKORO] if has_package("kokoro") else []
    assert order(choose(tmp_path)) == [KOKORO_ONNX, *packaged, ESPEAK]
    assert order(choose(tmp_path, device="cuda")) == [*packaged, KOKORO_ONNX, ESPEAK]


def test_a_package_that_is_missing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inference.tts.choice.has_package", lambda name: False)
    place(tmp_path, KOKORO_ONNX, ONNX_FILES)
    choice = choose(tmp_path)
    assert order(choice) == [ESPEAK]
    reason = f"{KOKORO_ONNX}: package kokoro_onnx is missing (extra tts-kokoro-onnx)"
    assert reason in choice.reasons


def test_half_a_model_is_none(tmp_path: Path) -> None:
    place(tmp_path, KOKORO_ONNX, ONNX_FILES[1:])
    assert order(choose(tmp_path)) == [ESPEAK]


@pytest.mark.parametrize(
    ("engine", "first"), [("kokoro", KOKORO), ("kokoro-onnx", KOKORO_ONNX), ("espeak", ESPEAK)]
)
def test_an_engine_asked_for_is_fetched_if_need_be(tmp_path: Path, engine: str, first: str) -> None:
    choice = choose(tmp_path, engine=engine)
    assert order(choice) == list(dict.fromkeys([first, ESPEAK]))
    assert choice.reasons == [f"TTS_ENGINE={engine}"]


def test_a_model_asked_for_goes_first_wherever_it_comes_from(tmp_path: Path) -> None:
    for asked in (KOKORO, "owner/name", ESPEAK):
        choice = choose(tmp_path, model=asked)
        assert order(choice) == list(dict.fromkeys([asked, ESPEAK]))
        assert choice.reasons == [f"TTS_MODEL={asked}"]
    place(tmp_path, "mine", ONNX_FILES)
    assert order(choose(tmp_path, model=str(tmp_path / "mine"))) == ["mine", ESPEAK]


@pytest.mark.parametrize("asked", ["nothing", "../x", "a/b/c", "whisper-small"])
def test_a_setting_that_names_nothing_is_told(tmp_path: Path, asked: str) -> None:
    with pytest.raises(SettingsError) as refused:
        choose(tmp_path, model=asked)
    assert refused.value.problems[0].startswith("TTS_MODEL: ")


@pytest.mark.parametrize("asked", ["/etc/passwd", "../x", "..", "nothing", "", "a/b/c", "x\x00y"])
def test_a_client_can_name_no_file_of_the_machine(tmp_path: Path, asked: str) -> None:
    with pytest.raises(NotFound) as refused:
        chooser(tmp_path).candidate(asked)
    assert (refused.value.param, refused.value.error_code) == ("model", "model_not_found")


def test_the_files_say_which_engine_runs_them(tmp_path: Path) -> None:
    place(tmp_path, "onnx", ONNX_FILES)
    place(tmp_path, "release", ("kokoro-v1.0.onnx", "voices-v1.0.bin"))
    place(tmp_path, "torch", TORCH_FILES)
    made = chooser(tmp_path)
    assert isinstance(made.candidate("onnx").build(), KokoroOnnx)
    assert isinstance(made.candidate("release").build(), KokoroOnnx)
    assert isinstance(made.candidate("torch").build(), Kokoro)
    assert isinstance(made.candidate(ESPEAK).build(), Espeak)


def test_a_voice_the_embedded_engine_has_not_is_told_when_it_is_the_choice(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        choose(tmp_path, voice="nobody")
    assert refused.value.problems == [f"TTS_VOICE: there is no voice 'nobody' in {ESPEAK}"]
    assert order(choose(tmp_path, voice="af_bella")) == [ESPEAK]
    place(tmp_path, KOKORO_ONNX, ONNX_FILES)
    assert order(choose(tmp_path, voice="my_own")) == [KOKORO_ONNX, ESPEAK]


def test_what_could_be_loaded_is_listed(tmp_path: Path) -> None:
    place(tmp_path, KOKORO_ONNX, ONNX_FILES)
    place(tmp_path, KOKORO, TORCH_FILES[:1])
    place(tmp_path, "mine", ONNX_FILES)
    whisper = ("config.json", "model.bin", "tokenizer.json", "vocabulary.json")
    place(tmp_path, "whisper-tiny", whisper)
    assert chooser(tmp_path).ids() == [ESPEAK, KOKORO_ONNX, "mine"]
