"""Downloads against a hub on loopback: whole, resumed, refused, cancelled, two at once."""

import asyncio
import hashlib
import json
import logging
import random
import resource
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from chassis.weights.catalogue import Model
from chassis.weights.errors import (
    ChecksumMismatch,
    DiskFull,
    HubNotFound,
    HubRefused,
    HubUnreachable,
    Offline,
    StoreUnusable,
    UnsafeName,
)
from chassis.weights.hub import Progress, pull
from chassis.weights.settings import ModelStoreSettings
from chassis.weights.store import ModelStore
from tests.chassis.weights.conftest import CONTENT, MODEL, REPO
from tests.fakes.hub import FakeHub, fake_hub
from tests.processes import ROOT, clean_env, free_port

BIG = len(CONTENT["model.bin"])


async def fetch(store: ModelStore, model: Model = MODEL) -> list[Progress]:
    told: list[Progress] = []
    await asyncio.wait_for(pull(store, model, on_progress=told.append), 30)
    return told


def store_at(folder: Path, url: str, **more: object) -> ModelStore:
    values = {"models_dir": folder, "models_url": url, **more}
    return ModelStore(ModelStoreSettings.model_validate(values))


async def test_a_model_comes_whole_with_a_manifest(store: ModelStore, hub: FakeHub) -> None:
    folder = await pull(store, MODEL, on_progress=lambda _: None)

    wanted = {"config.json", "model.bin", "vocabulary.txt"}
    assert {path.name for path in folder.iterdir()} == {*wanted, ".parley"}
    assert all((folder / name).read_bytes() == CONTENT[name] for name in wanted)
    manifest = store.manifest(MODEL)
    assert manifest is not None
    assert manifest.commit == hub.commit(REPO)
    digests = {file.name: file.sha256 for file in manifest.files}
    assert digests["model.bin"] == hashlib.sha256(CONTENT["model.bin"]).hexdigest()
    assert [path.name for path in (folder / ".parley").iterdir()] == ["manifest.json"]
    assert store.present(MODEL)
    assert store.verify(MODEL) == []


async def test_what_is_here_is_not_asked_for_again(store: ModelStore, hub: FakeHub) -> None:
    await fetch(store)
    hub.seen.clear()

    assert await pull(store, MODEL, on_progress=lambda _: None) == store.folder(MODEL)
    assert hub.seen == []


async def test_a_cut_connection_goes_on_where_it_broke(store: ModelStore, hub: FakeHub) -> None:
    hub.cut_after_bytes["model.bin"] = [300_000, 200_000]

    await fetch(store)

    ranges = [one.range for one in hub.downloads("model.bin")]
    assert ranges == [None, "bytes=300000-", "bytes=500000-"]
    assert hub.served_bytes["model.bin"] == BIG
    assert store.verify(MODEL) == []


async def test_a_hub_that_keeps_breaking_is_given_up_and_resumed_later(
    store: ModelStore, hub: FakeHub
) -> None:
    hub.cut_after_bytes["model.bin"] = [100_000, 0, 0, 0]

    with pytest.raises(HubUnreachable, match="kept"):
        await fetch(store)
    assert not store.present(MODEL)
    assert store.state(MODEL) == "partial"

    hub.seen.clear()
    await fetch(store)
    assert [one.range for one in hub.downloads("model.bin")] == ["bytes=100000-"]
    assert hub.downloads("config.json") == []  # it was here, and right
    assert hub.served_bytes["model.bin"] == BIG


async def test_a_hub_that_knows_no_ranges_sends_all_again(store: ModelStore, hub: FakeHub) -> None:
    hub.cut_after_bytes["model.bin"] = [300_000]
    hub.ignores_ranges = True

    await fetch(store)

    assert hub.served_bytes["model.bin"] == BIG + 300_000
    assert store.verify(MODEL) == []


async def test_new_weights_are_never_joined_to_the_old_half(
    store: ModelStore, hub: FakeHub
) -> None:
    hub.cut_after_bytes["model.bin"] = [300_000, 0, 0, 0]
    with pytest.raises(HubUnreachable):
        await fetch(store)
    hub.repos[REPO]["model.bin"] = random.Random(1).randbytes(BIG)

    await fetch(store)

    assert hub.downloads("model.bin")[-1].range is None
    assert store.verify(MODEL) == []


async def test_the_half_of_old_weights_takes_no_room_from_the_new(
    store: ModelStore, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.cut_after_bytes["model.bin"] = [300_000, 0, 0, 0]
    with pytest.raises(HubUnreachable):
        await fetch(store)
    halves = list(store.root.rglob("*.part"))
    assert len(halves) == 1
    hub.repos[REPO]["model.bin"] = random.Random(1).randbytes(BIG)

    def free(_: Path) -> object:
        assert not halves[0].exists()
        return SimpleNamespace(free=0)

    monkeypatch.setattr(shutil, "disk_usage", free)
    with pytest.raises(DiskFull):
        await fetch(store)
    assert not halves[0].exists()


@pytest.mark.parametrize("name", ["model.bin", "config.json"])
async def test_a_file_with_a_wrong_checksum_is_deleted_and_named(
    store: ModelStore, hub: FakeHub, name: str
) -> None:
    hub.lies[name] = bytes(len(CONTENT[name]))

    with pytest.raises(ChecksumMismatch, match=name) as caught:
        await fetch(store)
    assert caught.value.file == name
    assert not (store.folder(MODEL) / name).exists()
    assert not store.present(MODEL)

    hub.lies.clear()
    await fetch(store)
    assert store.verify(MODEL) == []


async def test_a_file_longer_than_announced_is_refused(store: ModelStore, hub: FakeHub) -> None:
    hub.lies["config.json"] = CONTENT["config.json"] * 2

    with pytest.raises(ChecksumMismatch, match="longer"):
        await fetch(store)


async def test_an_unknown_repository_is_named(store: ModelStore) -> None:
    with pytest.raises(HubNotFound, match=r"acme/nothing.*PARLEY_MODELS_TOKEN"):
        await fetch(store, Model(id="acme/nothing", kind=None, repo="acme/nothing"))


async def test_an_unknown_revision_is_named(store: ModelStore) -> None:
    model = Model(id="tiny-ears", kind="stt", repo=REPO, revision="v9")
    with pytest.raises(HubNotFound, match="v9"):
        await fetch(store, model)


async def test_a_file_the_repository_lacks_is_named(store: ModelStore) -> None:
    model = Model(id="tiny-ears", kind="stt", repo=REPO, files=("*.nemo",))
    with pytest.raises(HubNotFound, match=r"\*\.nemo"):
        await fetch(store, model)


@pytest.mark.parametrize(
    ("status", "headers", "says"),
    [
        (401, {"x-error-code": "GatedRepo"}, "licence"),
        (403, {"x-error-code": "GatedRepo"}, "licence"),
        (401, {}, "PARLEY_MODELS_TOKEN"),
        (403, {}, "PARLEY_MODELS_TOKEN"),
        (400, {}, "400"),
    ],
)
async def test_a_refusal_names_the_repository_and_the_way_out(
    store: ModelStore, hub: FakeHub, status: int, headers: dict[str, str], says: str
) -> None:
    hub.refusals[REPO] = (status, headers)

    with pytest.raises(HubRefused, match=says) as caught:
        await fetch(store)
    assert REPO in str(caught.value)
    assert len(hub.seen) == 1  # asking again cannot help


async def test_a_busy_hub_is_asked_again(store: ModelStore, hub: FakeHub) -> None:
    hub.first_answers += [503, 429]

    await fetch(store)

    assert store.present(MODEL)


async def test_no_hub_at_all_is_one_plain_error(tmp_path: Path) -> None:
    store = store_at(tmp_path, f"http://127.0.0.1:{free_port()}")
    with pytest.raises(HubUnreachable, match="PARLEY_MODELS_URL") as caught:
        await fetch(store)
    assert caught.value.retryable


async def test_a_server_that_is_no_hub_is_told_apart(store: ModelStore, hub: FakeHub) -> None:
    hub.first_answers.append(200)  # with an empty page

    with pytest.raises(HubRefused, match="PARLEY_MODELS_URL"):
        await fetch(store)


async def test_progress_grows_from_what_was_here_to_the_whole(
    store: ModelStore, hub: FakeHub
) -> None:
    hub.block_delay_s = 0.01
    hub.cut_after_bytes["model.bin"] = [300_000, 0, 0, 0]
    with pytest.raises(HubUnreachable):
        await fetch(store)

    told = await fetch(store)

    done = [one.done_bytes for one in told]
    total = sum(len(CONTENT[name]) for name in ("config.json", "model.bin", "vocabulary.txt"))
    assert done == sorted(done)
    assert done[0] >= 300_000
    assert done[-1] == total
    assert len(set(done)) > 3
    assert {one.total_bytes for one in told} == {total}
    assert "model.bin" in {one.file for one in told}


async def test_a_model_larger_than_the_disk_is_refused_before_it_starts(
    store: ModelStore, hub: FakeHub
) -> None:
    giant = 2**60
    hub.listed["model.bin"] = {"size": giant}

    with pytest.raises(DiskFull, match="make room") as caught:
        await fetch(store)
    assert caught.value.needed_bytes > giant
    assert 0 < caught.value.free_bytes < giant
    assert hub.downloads("model.bin") == []


def test_a_disk_that_fills_up_keeps_what_came(store: ModelStore, hub: FakeHub) -> None:
    """A file size limit of the process is the one full disk every machine can have."""
    script = (
        "import asyncio, sys\n"
        "from chassis.weights.hub import pull\n"
        "from tests.chassis.weights.conftest import MODEL\n"
        "from tests.chassis.weights.test_hub import store_at\n"
        "from chassis.weights.errors import DiskFull\n"
        "from pathlib import Path\n"
        "try:\n"
        "    store = store_at(Path(sys.argv[1]), sys.argv[2])\n"
        "    asyncio.run(pull(store, MODEL, on_progress=lambda _: None))\n"
        "except DiskFull as exc:\n"
        "    print(exc.error_code, exc)\n"
    )
    command = [sys.executable, "-c", script, str(store.root), hub.url]
    done = subprocess.run(
        command,
        env=clean_env({"PYTHONPATH": str(ROOT)}),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000)),
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.stdout.startswith("disk_full"), done.stderr
    assert "kept" in done.stdout

    asyncio.run(fetch(store))
    assert hub.downloads("model.bin")[-1].range == "bytes=400000-"
    assert store.verify(MODEL) == []


async def test_a_folder_that_cannot_be_written_is_named(hub: FakeHub, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreUnusable, match="file"):
        await fetch(store_at(tmp_path / "file" / "models", hub.url))


async def test_offline_starts_from_what_is_here_and_asks_nobody(
    store: ModelStore, hub: FakeHub
) -> None:
    await fetch(store)
    hub.seen.clear()
    offline = store_at(store.root, hub.url, offline=True)

    assert await pull(offline, MODEL, on_progress=lambda _: None) == store.folder(MODEL)
    with pytest.raises(Offline, match="PARLEY_OFFLINE"):
        await fetch(offline, Model(id="acme/other", kind=None, repo="acme/other"))
    assert hub.seen == []


@pytest.mark.parametrize(
    "name", ["../evil.bin", "/etc/evil.bin", "a/../../evil.bin", ".parley/manifest.json", "a\\b"]
)
async def test_a_name_that_leads_out_of_the_folder_is_refused(
    store: ModelStore, hub: FakeHub, name: str
) -> None:
    hub.repos[REPO][name] = b"evil"
    model = Model(id="tiny-ears", kind="stt", repo=REPO)  # all files

    with pytest.raises(UnsafeName):
        await fetch(store, model)
    assert [one.path for one in hub.seen if "/resolve/" in one.path] == []
    assert not store.folder(MODEL).exists()


@pytest.mark.parametrize(
    "odd",
    [
        {"lfs": {"sha256": "../../../evil", "size": 5, "pointerSize": 1}},
        {"size": -5},
        {"size": None},
        {"size": "many"},
        {"lfs": {"sha256": None, "size": 5, "pointerSize": 1}, "size": [1]},
        {"lfs": "yes"},
    ],
)
async def test_metadata_that_makes_no_sense_is_refused(
    store: ModelStore, hub: FakeHub, odd: dict[str, object]
) -> None:
    hub.listed["model.bin"] = odd
    with pytest.raises(HubRefused):
        await fetch(store)
    assert not store.folder(MODEL).exists()


async def test_the_token_goes_to_the_hub_only_and_into_no_log(
    hub: FakeHub, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    store = store_at(tmp_path, hub.url, models_token="hf_secret_of_ours")
    with fake_hub() as storage:
        storage.repos[REPO] = hub.repos[REPO]
        # Another name for loopback: another origin, as the hub's storage is.
        hub.storage_url = storage.url.replace("127.0.0.1", "localhost")
        told = await fetch(store)

    assert {one.authorization for one in hub.seen} == {"Bearer hf_secret_of_ours"}
    assert [one.authorization for one in storage.seen] == [None]
    assert "hf_secret_of_ours" not in caplog.text + repr(told) + repr(store.settings)


async def test_the_token_of_somebodys_login_is_not_sent(
    store: ModelStore, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_personal")
    await fetch(store)
    assert {one.authorization for one in hub.seen} == {None}


async def test_cancelling_stops_at_once_and_the_next_pull_resumes(
    store: ModelStore, hub: FakeHub
) -> None:
    hub.block_delay_s = 0.02
    arrived = asyncio.Event()

    def notice(news: Progress) -> None:
        if news.done_bytes > 200_000:
            arrived.set()

    task = asyncio.create_task(pull(store, MODEL, on_progress=notice))
    await asyncio.wait_for(arrived.wait(), 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 1)

    assert store.state(MODEL) == "partial"
    hub.block_delay_s = 0.0
    hub.seen.clear()
    await fetch(store)
    resumed = hub.downloads("model.bin")[0].range
    assert resumed is not None
    assert int(resumed.removeprefix("bytes=").rstrip("-")) >= 180_000
    assert store.verify(MODEL) == []


async def test_a_hub_that_falls_silent_is_asked_again(
    store: ModelStore, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chassis.weights.transfer.ANSWER_WITHIN_S", 0.2)
    hub.repos[REPO]["model.bin"] = CONTENT["model.bin"][:40_000]
    hub.block_delay_s = 0.6

    await fetch(store)

    assert hub.downloads("model.bin")[1].range == "bytes=16384-"
    assert store.verify(MODEL) == []


async def test_cancelling_does_not_wait_for_a_silent_hub(
    store: ModelStore, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chassis.weights.hub.CANCEL_WITHIN_S", 0.1)
    monkeypatch.setattr("chassis.weights.transfer.ANSWER_WITHIN_S", 1.0)
    hub.block_delay_s = 3.0
    arrived = asyncio.Event()

    def notice(news: Progress) -> None:
        if news.done_bytes > 1000:
            arrived.set()

    task = asyncio.create_task(pull(store, MODEL, on_progress=notice))
    await asyncio.wait_for(arrived.wait(), 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 0.5)

    hub.block_delay_s = 0.0
    await fetch(store)  # once the silent one has let go
    assert store.verify(MODEL) == []


async def test_two_pulls_of_one_model_download_it_once(store: ModelStore, hub: FakeHub) -> None:
    hub.block_delay_s = 0.01
    other = store_at(store.root, hub.url)

    folders = await asyncio.gather(
        pull(store, MODEL, on_progress=lambda _: None),
        pull(other, MODEL, on_progress=lambda _: None),
    )

    assert folders[0] == folders[1]
    assert len([one for one in hub.seen if one.path.startswith("/api/")]) == 1
    assert len(hub.downloads("model.bin")) == 1
    assert hub.served_bytes["model.bin"] == BIG


async def test_a_changed_model_is_fetched_again_file_by_file(
    store: ModelStore, hub: FakeHub
) -> None:
    await fetch(store)
    (store.folder(MODEL) / "model.bin").write_bytes(b"cut short")
    assert store.state(MODEL) == "partial"
    hub.seen.clear()

    await fetch(store)

    assert len(hub.downloads("model.bin")) == 1
    assert hub.downloads("vocabulary.txt") == []
    assert store.verify(MODEL) == []


def test_the_hub_library_is_imported_only_to_download(tmp_path: Path) -> None:
    script = (
        "import json, sys\n"
        "from pathlib import Path\n"
        "import chassis.weights.hub\n"
        "from tests.chassis.weights.test_hub import store_at\n"
        "store_at(Path('.'), 'http://127.0.0.1:1').installed()\n"
        "print(json.dumps('huggingface_hub' in sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=clean_env({"PYTHONPATH": str(ROOT)}),
        cwd=tmp_path,
        capture_output=True,
        check=True,
        timeout=30,
    )
    assert json.loads(done.stdout) is False
