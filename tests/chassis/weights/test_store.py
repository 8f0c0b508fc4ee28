"""The models folder: what counts as here, what verification finds, what removal leaves."""

import hashlib
import multiprocessing
import shutil
import threading
from pathlib import Path

import pytest

from chassis.weights.catalogue import Model, find_model
from chassis.weights.errors import ModelBusy, ModelUnknown
from chassis.weights.settings import ModelStoreSettings
from chassis.weights.store import Manifest, ManifestFile, ModelStore

CONTENT = {"config.json": b"{}", "deep/model.bin": b"0123456789"}
MODEL = Model(id="acme/ears", kind=None, repo="acme/ears")


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(ModelStoreSettings(models_dir=tmp_path / "models"))


def place(store: ModelStore, model: Model = MODEL) -> Path:
    """Files only, as somebody's `cp -r` would."""
    folder = store.folder(model)
    for name, content in CONTENT.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def install(store: ModelStore) -> Path:
    folder = place(store)
    (folder / ".parley").mkdir()
    files = tuple(
        ManifestFile(name=name, size_bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
        for name, data in CONTENT.items()
    )
    store.write_manifest(
        MODEL, Manifest(id=MODEL.id, repo="acme/ears", commit="c" * 40, files=files)
    )
    return folder


def hold(store: ModelStore, told: "multiprocessing.synchronize.Event") -> None:
    with store.held(MODEL):
        told.set()
        multiprocessing.Event().wait(30)


def test_nothing_is_here_at_first(store: ModelStore) -> None:
    assert store.installed() == []
    assert store.state(MODEL) == "absent"
    assert store.verify(MODEL) == ["it is not here"]


def test_a_whole_model_is_here_and_right(store: ModelStore) -> None:
    install(store)
    assert store.present(MODEL)
    assert store.verify(MODEL) == []
    (one,) = store.installed()
    assert (one.model.id, one.state) == ("acme/ears", "here")
    assert one.size_bytes > sum(map(len, CONTENT.values()))


def test_a_missing_or_short_file_makes_it_partial(store: ModelStore) -> None:
    folder = install(store)
    (folder / "deep" / "model.bin").write_bytes(b"0123")
    assert store.state(MODEL) == "partial"
    assert store.verify(MODEL) == ["deep/model.bin has 4 bytes, not 10"]
    (folder / "deep" / "model.bin").unlink()
    assert store.verify(MODEL) == ["deep/model.bin is missing"]


def test_a_flipped_bit_is_found_by_verification(store: ModelStore) -> None:
    folder = install(store)
    (folder / "deep" / "model.bin").write_bytes(b"0123456788")
    assert store.present(MODEL)  # by size, which is all that a start looks at
    assert store.verify(MODEL) == ["deep/model.bin has changed: its checksum is another"]


def test_a_download_without_its_manifest_is_partial(store: ModelStore) -> None:
    folder = install(store)
    (folder / ".parley" / "manifest.json").unlink()
    assert store.state(MODEL) == "partial"
    assert not store.present(MODEL)
    assert store.verify(MODEL) == ["the download is not finished"]


@pytest.mark.parametrize("text", ["", "{", '{"id": 1}', "[]"])
def test_a_broken_manifest_counts_as_none(store: ModelStore, text: str) -> None:
    folder = install(store)
    (folder / ".parley" / "manifest.json").write_text(text)
    assert store.state(MODEL) == "partial"


def test_a_manifest_that_points_elsewhere_counts_as_none(store: ModelStore, tmp_path: Path) -> None:
    folder = install(store)
    path = folder / ".parley" / "manifest.json"
    path.write_text(path.read_text().replace("deep/model.bin", "../../model.bin"))
    assert store.manifest(MODEL) is None


def test_a_folder_placed_by_hand_serves_unverified(store: ModelStore) -> None:
    mine = Model(id="my-ears", kind=None, repo=None)
    place(store, mine)
    found = store.find("my-ears")
    assert found.repo is None
    assert store.state(found) == "not verified"
    assert store.present(found)
    assert "by hand" in store.verify(found)[0]
    assert [one.model.id for one in store.installed()] == ["my-ears"]


def test_a_catalogue_model_placed_by_hand_needs_its_files(store: ModelStore) -> None:
    whisper = find_model("whisper-tiny")
    folder = store.folder(whisper)
    folder.mkdir(parents=True)
    (folder / "model.bin").write_bytes(b"x")
    assert store.state(whisper) == "partial"
    for name in ("config.json", "tokenizer.json", "vocabulary.txt"):
        (folder / name).write_text("x")
    assert store.state(whisper) == "not verified"


def test_a_folder_can_be_measured_while_it_is_taken_away(store: ModelStore) -> None:
    folder = store.folder(MODEL)
    gone = threading.Event()

    def come_and_go() -> None:
        for _ in range(15):
            for number in range(20):
                (folder / f"{number}").mkdir(parents=True)
                (folder / f"{number}" / "part").write_bytes(b"x")
            shutil.rmtree(folder)
        gone.set()

    thread = threading.Thread(target=come_and_go)
    thread.start()
    sizes = set()
    while not gone.is_set():
        sizes.add(store.size_on_disk(MODEL))
        store.state(MODEL)
    thread.join()
    assert max(sizes) <= 20


def test_removal_leaves_nothing_and_touches_nothing_else(store: ModelStore) -> None:
    install(store)
    other = place(store, Model(id="other", kind=None, repo=None))
    store.remove(MODEL)
    assert store.state(MODEL) == "absent"
    assert (other / "config.json").exists()
    store.remove(MODEL)  # twice is no error


def test_a_linked_folder_is_unlinked_not_emptied(store: ModelStore, tmp_path: Path) -> None:
    place(ModelStore(ModelStoreSettings(models_dir=tmp_path / "elsewhere")))
    store.root.mkdir()
    store.folder(MODEL).symlink_to(tmp_path / "elsewhere" / "acme--ears")
    assert store.present(MODEL)
    store.remove(MODEL)
    assert (tmp_path / "elsewhere" / "acme--ears" / "config.json").exists()
    assert store.state(MODEL) == "absent"


def test_a_model_another_process_works_on_is_not_removed(store: ModelStore) -> None:
    install(store)
    context = multiprocessing.get_context("spawn")
    told = context.Event()
    holder = context.Process(target=hold, args=(store, told), daemon=True)
    holder.start()
    assert told.wait(20)
    with pytest.raises(ModelBusy):
        store.remove(MODEL)
    holder.kill()
    holder.join()
    store.remove(MODEL)  # the lock of a dead process is free
    assert store.state(MODEL) == "absent"


@pytest.mark.parametrize(
    "model_id",
    ["../etc", "a/b/c", "/etc", "..", ".", "", "a--b", "-x", "owner/..", "a\\b", "a b", "~", "a\0"],
)
def test_an_id_never_leads_out_of_the_models_folder(store: ModelStore, model_id: str) -> None:
    with pytest.raises(ModelUnknown):
        store.folder(Model(id=model_id, kind=None, repo=None))
    with pytest.raises(ModelUnknown):
        store.find(model_id)


def test_two_quantisations_of_a_repository_have_two_folders(store: ModelStore) -> None:
    ids = ["acme/talker:Q4_K_M", "acme/talker:Q8_0", "acme/talker"]
    models = [store.find(id_) for id_ in ids]
    for model in models:
        folder = store.folder(model)
        folder.mkdir(parents=True)
        (folder / "talker-Q4_K_M.gguf").write_bytes(b"weights")
    assert {one.model.id: one.state for one in store.installed()} == {
        "acme/talker:Q4_K_M": "not verified",
        "acme/talker:Q8_0": "partial",
        "acme/talker": "not verified",
    }
