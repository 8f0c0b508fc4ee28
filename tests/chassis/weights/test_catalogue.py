"""The catalogue: ids, the pass-through to the hub, and what an unknown id is told."""

import pytest

from chassis.settings import SettingsError, load_settings
from chassis.weights.catalogue import CATALOGUE, find_model, is_hub_name
from chassis.weights.errors import ModelUnknown
from chassis.weights.settings import ModelStoreSettings
from chassis.weights.store import wanted


def test_every_row_is_found_by_its_own_id_and_names_a_repository() -> None:
    assert len({model.id for model in CATALOGUE}) == len(CATALOGUE)
    for model in CATALOGUE:
        assert find_model(model.id) is model
        assert is_hub_name(model.id)
        assert model.repo is not None
        assert all(is_hub_name(part) for part in model.repo.split("/"))


def test_any_repository_of_the_hub_is_a_model() -> None:
    model = find_model("acme/ears-2.0")
    assert (model.repo, model.files, model.kind) == ("acme/ears-2.0", ("*",), None)


@pytest.mark.parametrize(
    ("typed", "near"),
    [
        ("whisper-smal", "whisper-small"),
        ("nemotron", "nemotron-speech-streaming-en-0.6b"),
        ("turbo", "whisper-large-v3-turbo"),
        ("zzz", "whisper-tiny"),  # nothing is near: all are named
    ],
)
def test_an_unknown_id_is_told_the_near_ones(typed: str, near: str) -> None:
    with pytest.raises(ModelUnknown, match=near) as caught:
        find_model(typed)
    assert caught.value.body()["code"] == "model_unknown"
    assert caught.value.status == 404


def test_a_wrong_address_stops_the_start_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_MODELS_URL", "ftp://mirror")
    with pytest.raises(SettingsError, match="PARLEY_MODELS_URL"):
        load_settings(ModelStoreSettings)


def test_variables_of_the_other_programs_are_no_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_STATE_DIR", "somewhere")
    monkeypatch.setenv("PARLEY_RUN", "1/2/3")
    load_settings(ModelStoreSettings)
    monkeypatch.setenv("PARLEY_MODELS_DIRECTORY", "somewhere")
    with pytest.raises(SettingsError, match="did you mean PARLEY_MODELS_DIR"):
        load_settings(ModelStoreSettings)


def test_one_quantisation_of_a_repository_is_a_model() -> None:
    model = find_model("acme/talker-2.0-GGUF:Q4_K_M")
    assert (model.repo, model.kind) == ("acme/talker-2.0-GGUF", "llm")
    assert wanted(model, "talker-2.0-Q4_K_M.gguf")
    assert wanted(model, "talker-2.0-q4_k_m-00001-of-00002.gguf")
    assert not wanted(model, "talker-2.0-Q8_0.gguf")


@pytest.mark.parametrize(
    "typed", ["a/b:", "a/b:../c", "a/b:Q4/K", "b:Q4_0", "a/b:Q4_0:x", "a/b/c:Q4_0", "/b:Q4_0"]
)
def test_what_names_no_quantisation_is_unknown(typed: str) -> None:
    with pytest.raises(ModelUnknown):
        find_model(typed)
