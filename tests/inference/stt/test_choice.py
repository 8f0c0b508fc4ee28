"""Which engine serves, by what is asked for and what is here, and why."""

from pathlib import Path
from typing import Any

import pytest

from chassis.errors import NotFound
from chassis.settings import SettingsError
from chassis.weights.settings import ModelStoreSettings
from chassis.weights.store import ModelStore
from inference.candidates import has_package
from inference.serving import Choice
from inference.stt.choice import NEMOTRON, POCKETSPHINX, Chooser
from inference.stt.engine import Engine
from inference.stt.nemotron import Nemotron
from inference.stt.pocketsphinx import Pocketsphinx
from inference.stt.settings import SttSettings
from inference.stt.whisper import Whisper

WHISPER_FILES = ("config.json", "model.bin", "tokenizer.json", "vocabulary.json")
ONNX_FILES = ("encoder.int8.onnx", "decoder.int8.onnx", "joiner.int8.onnx", "tokens.txt")
ONNX_560 = f"{NEMOTRON}-560ms-onnx"


def chooser(models: Path, **settings: Any) -> Chooser:
    chosen = SttSettings(**{"device": "cpu", **settings})
    store = ModelStore(ModelStoreSettings(models_dir=models, offline=True))
    return Chooser(chosen, store, lambda *_: None)


def choose(models: Path, **settings: Any) -> Choice[Engine]:
    return chooser(models, **settings).choose()


def order(choice: Choice[Engine]) -> list[str]:
    return [candidate.model for candidate in choice.candidates]


def place(models: Path, model: str, files: tuple[str, ...]) -> None:
    (models / model).mkdir(parents=True)
    for name in files:
        (models / model / name).write_bytes(b"weights")


def test_with_no_weights_the_embedded_engine_serves_and_says_why(tmp_path: Path) -> None:
    choice = choose(tmp_path)
    assert order(choice) == [POCKETSPHINX]
    assert choice.reasons == [f"{ONNX_560}: no weights here", "whisper-small: no weights here"]


def test_nemotron_goes_before_whisper_before_the_embedded_engine(tmp_path: Path) -> None:
    place(tmp_path, "whisper-small", WHISPER_FILES)
    assert order(choose(tmp_path)) == ["whisper-small", POCKETSPHINX]
    place(tmp_path, ONNX_560, ONNX_FILES)
    choice = choose(tmp_path)
    assert order(choice) == [ONNX_560, "whisper-small", POCKETSPHINX]
    assert all("weights and package are here" in reason for reason in choice.reasons)


def test_half_a_model_is_none(tmp_path: Path) -> None:
    place(tmp_path, "whisper-small", WHISPER_FILES[:2])
    place(tmp_path, ONNX_560, ONNX_FILES[1:])
    assert order(choose(tmp_path)) == [POCKETSPHINX]


def test_weights_of_another_step_are_not_these(tmp_path: Path) -> None:
    place(tmp_path, f"{NEMOTRON}-80ms-onnx", ONNX_FILES)
    assert order(choose(tmp_path)) == [POCKETSPHINX]
    assert order(choose(tmp_path, chunk_ms="80"))[0] == f"{NEMOTRON}-80ms-onnx"


def test_a_package_that_is_missing_is_named(tmp_path: Path) -> None:
    place(tmp_path, NEMOTRON, ("model.nemo",))
    reason = (
        "weights and package are here"
        if has_package("nemo")
        else "package nemo is missing (extra stt-nemotron)"
    )
    assert f"{NEMOTRON}: {reason}" in choose(tmp_path, device="cuda").reasons


def test_a_gpu_steps_sooner(tmp_path: Path) -> None:
    assert chooser(tmp_path, device="cuda").chunk_ms == 160
    assert chooser(tmp_path, device="cpu").chunk_ms == 560
    assert chooser(tmp_path, device="cuda", chunk_ms="1120").chunk_ms == 1120


@pytest.mark.parametrize(
    ("engine", "first"),
    [("nemotron", ONNX_560), ("whisper", "whisper-small"), ("pocketsphinx", POCKETSPHINX)],
)
def test_an_engine_asked_for_is_fetched_if_need_be(tmp_path: Path, engine: str, first: str) -> None:
    choice = choose(tmp_path, engine=engine)
    assert order(choice) == list(dict.fromkeys([first, POCKETSPHINX]))
    assert choice.reasons == [f"STT_ENGINE={engine}"]


def test_whisper_is_the_size_that_is_here(tmp_path: Path) -> None:
    place(tmp_path, "whisper-tiny", WHISPER_FILES)
    assert order(choose(tmp_path, engine="whisper"))[0] == "whisper-tiny"
    assert order(choose(tmp_path))[0] == "whisper-tiny"


def test_a_model_asked_for_goes_first_wherever_it_comes_from(tmp_path: Path) -> None:
    for asked in ("whisper-tiny", "owner/name", POCKETSPHINX):
        choice = choose(tmp_path, model=asked)
        assert order(choice) == list(dict.fromkeys([asked, POCKETSPHINX]))
        assert choice.reasons == [f"STT_MODEL={asked}"]
    place(tmp_path, "mine", WHISPER_FILES)
    assert order(choose(tmp_path, model=str(tmp_path / "mine"))) == ["mine", POCKETSPHINX]


@pytest.mark.parametrize("asked", ["nothing", "../x", "a/b/c", "relative/../folder"])
def test_a_setting_that_names_nothing_is_told(tmp_path: Path, asked: str) -> None:
    with pytest.raises(SettingsError) as refused:
        choose(tmp_path, model=asked)
    assert refused.value.problems[0].startswith("STT_MODEL: ")


@pytest.mark.parametrize("asked", ["/etc/passwd", "../x", "..", "nothing", "", "a/b/c", "x\x00y"])
def test_a_client_can_name_no_file_of_the_machine(tmp_path: Path, asked: str) -> None:
    with pytest.raises(NotFound) as refused:
        chooser(tmp_path).candidate(asked)
    assert (refused.value.param, refused.value.error_code) == ("model", "model_not_found")


def test_the_files_say_which_engine_runs_them(tmp_path: Path) -> None:
    place(tmp_path, "onnx", ONNX_FILES)
    place(tmp_path, "other", WHISPER_FILES)
    made = chooser(tmp_path)
    assert isinstance(made.candidate("onnx").build(), Nemotron)
    assert isinstance(made.candidate("other").build(), Whisper)
    assert isinstance(made.candidate(POCKETSPHINX).build(), Pocketsphinx)


def test_what_could_be_loaded_is_listed(tmp_path: Path) -> None:
    place(tmp_path, "whisper-tiny", WHISPER_FILES)
    place(tmp_path, "whisper-small", WHISPER_FILES[:1])
    place(tmp_path, "mine", ONNX_FILES)
    assert chooser(tmp_path).ids() == [POCKETSPHINX, "whisper-tiny", "mine"]
