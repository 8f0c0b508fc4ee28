"""Which backend and model answer, by what is asked for and what is here, and why."""

from pathlib import Path
from typing import Any

import pytest

from chassis.errors import InvalidRequest, NotFound
from chassis.metrics import Metrics
from chassis.settings import SettingsError
from chassis.weights.settings import ModelStoreSettings
from chassis.weights.store import ModelStore
from inference.llm import runners
from inference.llm.assist import MODEL as ASSIST
from inference.llm.assist import STANDBY_MODEL, AssistEngine
from inference.llm.choice import DEFAULT, Chooser
from inference.llm.engine import Engine
from inference.llm.external import External
from inference.llm.llama_cpp_python import LlamaCppPython
from inference.llm.llama_server import LlamaServer
from inference.llm.models import Memory, NoRoom
from inference.llm.settings import LlmSettings
from inference.model_status import EngineFailed
from inference.serving import Choice
from tests.fakes.gguf_model import Shape, make_embedding_gguf, make_gguf

GB = 1_000_000_000
WIDE = Shape(width=96)


@pytest.fixture(autouse=True)
def nothing_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor on PATH, nor installed."""
    monkeypatch.setattr(runners, "BUILDS", tmp_path / "cache")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(runners, "has_package", lambda _: False)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    folder.mkdir()
    return folder


@pytest.fixture
def built(tmp_path: Path) -> Path:
    return program(tmp_path / "cache" / "llama.cpp-1.0" / "bin" / "llama-server")


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def chooser(models: Path, *, free: int = 64 * GB, vram: int = 0, **settings: Any) -> Chooser:
    store = ModelStore(ModelStoreSettings(models_dir=models, offline=True))
    memory = Memory(lambda: free, lambda: vram)
    return Chooser(LlmSettings(**settings), store, Metrics("llm"), memory)


def choose(models: Path, **settings: Any) -> Choice[Engine]:
    return chooser(models, **settings).choose()


def order(choice: Choice[Engine]) -> list[str]:
    return [candidate.model for candidate in choice.candidates]


def test_with_nothing_that_runs_models_the_assistant_answers_and_says_why(models: Path) -> None:
    make_gguf(models / "tiny.gguf")
    choice = choose(models)
    assert order(choice) == [ASSIST]
    assert isinstance(choice.candidates[0].build(), AssistEngine)
    assert choice.reasons == [
        "nothing here runs GGUF files: `make llama` builds llama-server, or install package "
        "llama-cpp-python (extra llm-llama-cpp)"
    ]


def test_with_no_models_the_assistant_answers_and_says_why(models: Path, built: Path) -> None:
    choice = choose(models)
    assert order(choice) == [ASSIST]
    assert choice.reasons == [f"no GGUF file that fits is in {models}"]


def test_the_largest_model_is_chosen_and_the_assistant_stays(models: Path, built: Path) -> None:
    make_gguf(models / "tiny.gguf")
    make_gguf(models / "wide.gguf", shape=WIDE)
    make_embedding_gguf(models / "vectors.gguf")
    (models / "bad.gguf").write_bytes(b"GGUF")
    choice = choose(models)
    assert order(choice) == ["wide", STANDBY_MODEL]
    assert choice.reasons == [
        f"wide: llama tiny F32, 0.8 MB, the best that fits, by llama-server ({built})",
        "bad is cut short in its header",
        "vectors makes embeddings, not chats",
        "tiny fits, but wide is better",
    ]
    assert isinstance(choice.candidates[0].build(), LlamaServer)


def test_what_does_not_fit_is_not_chosen(models: Path, built: Path) -> None:
    make_gguf(models / "tiny.gguf")
    choice = choose(models, free=1_000_000)
    assert order(choice) == [ASSIST]
    assert "tiny needs" in choice.reasons[1]


def test_llama_server_is_found_where_it_was_named_built_or_installed(
    models: Path, tmp_path: Path, built: Path
) -> None:
    make_gguf(models / "tiny.gguf")
    on_path = program(tmp_path / "bin" / "llama-server")
    named = program(tmp_path / "own" / "llama-server")
    assert f"({named})" in choose(models, llama_server_bin=named).reasons[0]
    assert f"({built})" in choose(models).reasons[0]
    built.unlink()
    assert f"({on_path})" in choose(models).reasons[0]


def test_the_package_runs_models_where_llama_server_is_not(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_gguf(models / "tiny.gguf")
    monkeypatch.setattr(runners, "has_package", lambda name: name == "llama_cpp")
    choice = choose(models)
    assert isinstance(choice.candidates[0].build(), LlamaCppPython)
    assert choose(models, backend="llama-server").candidates[0].model == "tiny"
    with pytest.raises(EngineFailed, match="make llama"):
        choose(models, backend="llama-server").candidates[0].build()


def test_the_package_is_taken_when_asked_for(
    models: Path, built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_gguf(models / "tiny.gguf")
    monkeypatch.setattr(runners, "has_package", lambda _: True)
    assert isinstance(choose(models).candidates[0].build(), LlamaServer)
    asked = choose(models, backend="llama-cpp-python")
    assert isinstance(asked.candidates[0].build(), LlamaCppPython)


def test_a_demanded_backend_without_a_model_fetches_one(models: Path, built: Path) -> None:
    choice = choose(models, backend="llama-server")
    assert order(choice) == [DEFAULT, STANDBY_MODEL]
    assert choice.candidates[0].weights is not None
    assert choice.candidates[0].weights.id == DEFAULT


def test_a_named_model_is_taken_before_a_better_one(models: Path, built: Path) -> None:
    make_gguf(models / "tiny.gguf")
    make_gguf(models / "wide.gguf", shape=WIDE)
    choice = choose(models, model="tiny")
    assert order(choice) == ["tiny", STANDBY_MODEL]
    assert choice.reasons == ["LLM_MODEL=tiny"]


def test_a_named_file_may_lie_anywhere_and_has_an_id(
    models: Path, tmp_path: Path, built: Path
) -> None:
    path = make_gguf(tmp_path / "elsewhere" / "mine.gguf")
    chosen = chooser(models, model=str(path))
    assert order(chosen.choose()) == ["mine", STANDBY_MODEL]
    assert chosen.ids() == ["mine", ASSIST]
    assert isinstance(chosen.candidate("mine").build(), LlamaServer)


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        ("{models}/gone.gguf", "gone.gguf: No such file"),
        ("bad", "bad.gguf is cut short"),
    ],
)
def test_a_named_model_that_cannot_be_loaded_says_so_when_it_is_loaded(
    models: Path, built: Path, model: str, reason: str
) -> None:
    (models / "bad.gguf").write_bytes(b"GGUF")
    choice = choose(models, model=model.format(models=models))
    assert order(choice)[1:] == [STANDBY_MODEL]
    with pytest.raises(EngineFailed, match=reason):
        choice.candidates[0].build()


def test_without_a_runner_no_named_model_is_fetched(models: Path) -> None:
    choice = choose(models, model="qwen3-0.6b")
    assert choice.candidates[0].weights is None
    with pytest.raises(EngineFailed, match="nothing here runs GGUF files"):
        choice.candidates[0].build()


@pytest.mark.parametrize(
    ("model", "problem"),
    [
        ("nonsense", "no model is called"),
        ("whisper-small", "does not chat"),
        ("/etc/passwd", "is no .gguf file"),
    ],
)
def test_a_setting_that_names_no_chat_model_stops_the_start(
    models: Path, built: Path, model: str, problem: str
) -> None:
    with pytest.raises(SettingsError, match=problem):
        choose(models, model=model)


def test_of_a_repository_on_the_hub_one_quantisation_is_fetched(models: Path, built: Path) -> None:
    named = chooser(models).candidate("acme/talker-GGUF:Q8_0")
    assert named.weights is not None
    assert named.weights.id == "acme/talker-GGUF:Q8_0"
    usual = chooser(models).candidate("acme/talker-GGUF")
    assert usual.weights is not None
    assert usual.weights.id == "acme/talker-GGUF:Q4_K_M"


def test_of_several_files_that_came_the_best_is_loaded(models: Path, built: Path) -> None:
    chosen = chooser(models, model="qwen3-0.6b")
    candidate = chosen.choose().candidates[0]
    assert candidate.weights is not None
    with pytest.raises(EngineFailed, match=r"holds no \.gguf file"):
        candidate.build()
    make_gguf(models / "qwen3-0.6b" / "a-Q8_0.gguf")
    assert candidate.build().model == "qwen3-0.6b"


@pytest.mark.parametrize(
    "asked", ["../tiny", "/etc/passwd", "{models}/tiny.gguf", "~/tiny", "", "tiny.gguf", "a/b/c"]
)
def test_no_id_of_a_client_is_a_path(models: Path, built: Path, asked: str) -> None:
    make_gguf(models / "tiny.gguf")
    with pytest.raises(NotFound):
        chooser(models).candidate(asked.format(models=models))


def test_a_client_is_told_at_once_what_cannot_be_loaded(models: Path, built: Path) -> None:
    make_embedding_gguf(models / "vectors.gguf")
    (models / "bad.gguf").write_bytes(b"GGUF")
    make_gguf(models / "tiny.gguf")
    with pytest.raises(NotFound, match="cannot chat"):
        chooser(models).candidate("vectors")
    with pytest.raises(InvalidRequest, match="cut short"):
        chooser(models).candidate("bad")
    with pytest.raises(NoRoom, match="unload what serves first") as caught:
        chooser(models, free=1_000_000).candidate("tiny")
    assert (caught.value.status, caught.value.error_code) == (409, "insufficient_memory")


def test_what_is_in_memory_has_found_its_room(models: Path, built: Path) -> None:
    make_gguf(models / "tiny.gguf")
    free = [64 * GB]
    store = ModelStore(ModelStoreSettings(models_dir=models, offline=True))
    chosen = Chooser(LlmSettings(), store, Metrics("llm"), Memory(lambda: free[0], lambda: 0))
    engine = chosen.candidate("tiny").build()
    free[0] = 0  # the model took it
    assert chosen.candidate("tiny").model == engine.model


def test_only_what_could_answer_is_listed(models: Path, built: Path) -> None:
    make_gguf(models / "tiny.gguf")
    make_embedding_gguf(models / "vectors.gguf")
    (models / "bad.gguf").write_bytes(b"GGUF")
    assert chooser(models).ids() == ["tiny", ASSIST]
    assert chooser(models, backend="llama-cpp-python").ids() == [ASSIST]


def test_context_and_slots_follow_the_memory(models: Path, built: Path) -> None:
    make_gguf(models / "tiny.gguf", ctx=2048)
    engine = chooser(models).candidate("tiny").build()
    assert (engine.slots, engine.abilities.context_tokens) == (4, 2048)
    told = chooser(models).details("tiny")
    assert (told["context_trained"], told["quantisation"]) == (2048, "F32")
    assert chooser(models).details(ASSIST) == {}


def test_the_model_of_embeddings_is_named_like_the_other(
    models: Path, tmp_path: Path, built: Path
) -> None:
    make_embedding_gguf(models / "vectors.gguf")
    elsewhere = make_embedding_gguf(tmp_path / "elsewhere" / "mine.gguf")
    for named, id_ in (("vectors", "vectors"), (str(elsewhere), "mine")):
        engine = chooser(models).embedder(named).build()
        assert (engine.model, engine.slots) == (id_, 1)
        assert engine.abilities.embeddings
    assert chooser(models).embedder("qwen3-embedding-0.6b").weights is not None
    with pytest.raises(SettingsError, match="LLM_EMBEDDINGS_MODEL"):
        chooser(models).embedder("nonsense")


def test_a_gpu_that_is_too_small_shares_with_main_memory(models: Path, built: Path) -> None:
    make_gguf(models / "tiny.gguf")
    assert order(choose(models, free=GB, vram=100_000_000))[0] == "tiny"
    assert order(choose(models, free=1_000_000, vram=GB))[0] == "tiny"
    assert order(choose(models, free=1_000_000, vram=GB, gpu_layers=0)) == [ASSIST]


def test_an_external_backend_goes_first_where_its_address_is_set(models: Path, built: Path) -> None:
    make_gguf(models / "tiny.gguf")
    url = "http://127.0.0.1:9/v1"
    choice = choose(models, base_url=url)
    assert (order(choice), choice.reasons) == (["external", STANDBY_MODEL], ["LLM_BASE_URL is set"])
    assert isinstance(choice.candidates[0].build(), External)
    assert choice.candidates[0].comes_and_goes
    assert order(choose(models, base_url=url, model="llama-70b")) == ["llama-70b", STANDBY_MODEL]
    assert order(choose(models, base_url=url, backend="llama-server")) == ["tiny", STANDBY_MODEL]
    other = chooser(models, base_url=url).candidate("tiny")  # one of theirs, not ours
    assert isinstance(other.build(), External)


def test_an_external_backend_without_its_address_stops_the_start(models: Path) -> None:
    with pytest.raises(SettingsError, match="LLM_BASE_URL"):
        choose(models, backend="external")


def test_the_assistant_can_be_all_that_is_wanted(models: Path, built: Path) -> None:
    make_gguf(models / "tiny.gguf")
    assert order(choose(models, backend="assist")) == [ASSIST]
    assert order(choose(models, model="assist")) == [ASSIST]
