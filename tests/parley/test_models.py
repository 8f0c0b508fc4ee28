"""`parley models` as a real process against a hub on loopback."""

import json
import os
import pty
import random
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fakes.hub import FakeHub, fake_hub
from tests.processes import ROOT, clean_env

REPO = "acme/tiny-ears"
MODEL = random.Random(0).randbytes(1_000_000)
WITHIN_S = 20.0


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with fake_hub() as hub:
        hub.repos[REPO] = {"config.json": b"{}", "model.bin": MODEL}
        yield hub


@pytest.fixture
def variables(hub: FakeHub, tmp_path: Path) -> dict[str, str]:
    ours = {"PARLEY_MODELS_DIR": str(tmp_path / "models"), "PARLEY_MODELS_URL": hub.url}
    return clean_env({"PYTHONPATH": str(ROOT), "COLUMNS": "120", **ours})


@pytest.fixture
def parley(
    variables: dict[str, str], tmp_path: Path
) -> Callable[..., subprocess.CompletedProcess[str]]:
    def run(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command(*arguments),
            env=variables | more,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=WITHIN_S,
        )

    return run


Run = Callable[..., subprocess.CompletedProcess[str]]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "parley", "models", *arguments]


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)  # between two looks at a deadline


def states(parley: Run) -> dict[str, str]:
    listed = json.loads(parley("list", "--json").stdout)
    return {row["id"]: row["state"] for row in listed["models"]}


def test_a_model_is_pulled_listed_verified_and_removed(parley: Run, tmp_path: Path) -> None:
    pulled = parley("pull", REPO)
    assert (pulled.returncode, pulled.stderr) == (0, "")
    folder = tmp_path / "models" / "acme--tiny-ears"
    assert pulled.stdout.splitlines()[-1] == f"{REPO} is here: {folder}"
    assert states(parley)[REPO] == "here"

    verified = parley("verify")
    assert (verified.returncode, verified.stdout) == (0, f"{REPO}: every file is as it came\n")

    removed = parley("rm", REPO)
    assert (removed.returncode, removed.stderr) == (0, "")
    assert REPO not in states(parley)
    assert not folder.exists()


def test_the_table_names_every_model_of_the_catalogue(parley: Run) -> None:
    listed = parley("list")
    assert listed.returncode == 0
    assert "whisper-large-v3-turbo" in listed.stdout
    assert "NVIDIA Open Model License" in listed.stdout
    assert listed.stdout.count("not here") == len(listed.stdout.splitlines()) - 1


def test_a_loose_gguf_file_is_listed(parley: Run, tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "mine-Q4_K_M.gguf").write_bytes(b"GGUF" * 25)
    listed = json.loads(parley("list", "--json").stdout)["models"]
    row = next(row for row in listed if row["id"] == "mine-Q4_K_M")
    assert (row["kind"], row["state"], row["size_bytes"]) == ("llm", "not verified", 100)


def test_one_quantisation_of_a_repository_is_pulled(
    parley: Run, hub: FakeHub, tmp_path: Path
) -> None:
    files = {f"talker-{kind}.gguf": MODEL[:20_000] for kind in ("Q4_K_M", "Q8_0", "F16")}
    hub.repos["acme/talker-GGUF"] = files
    pulled = parley("pull", "acme/talker-GGUF:Q8_0")
    assert pulled.returncode == 0, pulled.stderr
    folder = tmp_path / "models" / "acme--talker-GGUF--Q8_0"
    assert [path.name for path in folder.glob("*.gguf")] == ["talker-Q8_0.gguf"]
    assert states(parley)["acme/talker-GGUF:Q8_0"] == "here"
    refused = parley("pull", "acme/talker-GGUF:Q5_K_M")
    assert refused.returncode == 1
    assert "has no file" in refused.stderr


def test_a_chat_model_of_the_catalogue_is_pulled(parley: Run, hub: FakeHub) -> None:
    hub.repos["Qwen/Qwen3-0.6B-GGUF"] = {"Qwen3-0.6B-Q8_0.gguf": MODEL, "README.md": b"Qwen3"}
    assert parley("pull", "qwen3-0.6b").returncode == 0
    assert states(parley)["qwen3-0.6b"] == "here"
    assert hub.downloads("README.md") == []


def test_a_changed_file_fails_verification_by_name(parley: Run, tmp_path: Path) -> None:
    parley("pull", REPO)
    (tmp_path / "models" / "acme--tiny-ears" / "model.bin").write_bytes(bytes(len(MODEL)))

    for arguments in (["verify"], ["verify", REPO]):
        verified = parley(*arguments)
        assert verified.returncode == 1
        assert "model.bin has changed" in verified.stdout


def test_a_folder_placed_by_hand_is_listed_and_cannot_be_verified(
    parley: Run, tmp_path: Path
) -> None:
    (tmp_path / "models" / "my-ears").mkdir(parents=True)
    (tmp_path / "models" / "my-ears" / "model.bin").write_bytes(b"mine")

    assert states(parley)["my-ears"] == "not verified"
    assert "here, not verified" in parley("list").stdout
    assert parley("verify").returncode == 0
    assert parley("verify", "my-ears").returncode == 1
    assert parley("rm", "my-ears").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["pull", "whisper-smal"], "did you mean whisper-small"),
        (["pull", "../etc"], "no model is called"),
        (["pull", "acme/nothing"], "acme/nothing"),
        (["pull", REPO, "whisper-smal"], "did you mean whisper-small"),
        (["rm", "whisper-small"], "is not here"),
        (["verify", "whisper-smal"], "did you mean whisper-small"),
    ],
)
def test_an_error_is_one_plain_line(parley: Run, arguments: list[str], says: str) -> None:
    failed = parley(*arguments)
    assert failed.returncode == 1
    assert failed.stderr.startswith(f"parley models {arguments[0]}: ")
    assert says in failed.stderr
    assert len(failed.stderr.splitlines()) == 1
    assert failed.stdout == ""


def test_offline_asks_nobody_and_says_so(parley: Run, hub: FakeHub) -> None:
    failed = parley("pull", REPO, PARLEY_OFFLINE="1")
    assert failed.returncode == 1
    assert "PARLEY_OFFLINE" in failed.stderr
    assert hub.seen == []


def test_the_librarys_own_offline_switch_is_named(parley: Run, hub: FakeHub) -> None:
    failed = parley("pull", REPO, HF_HUB_OFFLINE="1")
    assert failed.returncode == 1
    assert "HF_HUB_OFFLINE" in failed.stderr
    assert hub.seen == []


def test_a_misspelt_setting_is_named(parley: Run) -> None:
    failed = parley("list", PARLEY_MODEL_DIR="x")
    assert failed.returncode == 78
    assert "PARLEY_MODELS_DIR" in failed.stderr


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_pull_that_is_stopped_resumes(
    parley: Run, variables: dict[str, str], hub: FakeHub, how: signal.Signals
) -> None:
    hub.crawls_from_bytes = 300_000
    process = subprocess.Popen(command("pull", REPO), env=variables, stderr=subprocess.PIPE)
    until(lambda: hub.served_bytes.get("model.bin", 0) > 300_000)
    process.send_signal(how)
    _, stderr = process.communicate(timeout=5)
    assert process.returncode == {signal.SIGINT: 130}.get(how, -how)
    assert (b"goes on from there" in stderr) == (how == signal.SIGINT)
    assert states(parley)[REPO] == "partial"
    assert "partial, " in parley("list").stdout

    hub.crawls_from_bytes = None
    hub.flows.set()
    pulled = parley("pull", REPO)
    assert pulled.returncode == 0, pulled.stderr
    resumed = hub.downloads("model.bin")[1].range
    assert resumed is not None
    assert int(resumed.removeprefix("bytes=").rstrip("-")) >= 150_000
    assert parley("verify", REPO).returncode == 0


def test_two_processes_download_a_model_once(variables: dict[str, str], hub: FakeHub) -> None:
    hub.block_delay_s = 0.02
    both = [subprocess.Popen(command("pull", REPO), env=variables) for _ in range(2)]
    assert [process.wait(WITHIN_S) for process in both] == [0, 0]
    assert len(hub.downloads("model.bin")) == 1


def test_a_terminal_shows_a_bar_with_bytes_and_speed(
    variables: dict[str, str], hub: FakeHub
) -> None:
    hub.block_delay_s = 0.02
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command("pull", REPO), env=variables | {"TERM": "xterm"}, stdout=theirs
    )
    os.close(theirs)
    shown = b""
    deadline = time.monotonic() + WITHIN_S
    while select.select([ours], [], [], max(0.0, deadline - time.monotonic()))[0]:
        try:
            shown += os.read(ours, 65536)
        except OSError:  # how a terminal ends
            break
    os.close(ours)
    assert process.wait(WITHIN_S) == 0
    assert "━".encode() in shown
    assert b"B/s" in shown
    assert b"/1.0 MB" in shown
    assert b"is here" in shown
