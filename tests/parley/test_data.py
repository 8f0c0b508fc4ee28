"""`parley backup` and `parley restore`: real processes over a real database."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import ROOT, clean_env, running

DATABASE = Path("data/parley.db")
URL = {"BACKEND_DATABASE_URL": f"sqlite+aiosqlite:///{DATABASE}"}
SFU = {"LIVEKIT_API_KEY": "APItest", "LIVEKIT_API_SECRET": "0123456789abcdef0123456789abcdef"}


def parley(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "parley", *arguments]
    env = clean_env({**URL, "PYTHONPATH": str(ROOT)})
    return subprocess.run(
        command, env=env, cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )


def name_of_lumina(folder: Path, new: str | None = None) -> str:
    with sqlite3.connect(folder / DATABASE) as database:
        if new is not None:
            database.execute("UPDATE personas SET name = ? WHERE id = 'lumina'", (new,))
        (name,) = database.execute("SELECT name FROM personas WHERE id = 'lumina'").fetchone()
    database.close()
    return str(name)


def test_what_was_backed_up_while_it_ran_comes_back_once_it_stopped(tmp_path: Path) -> None:
    with running("backend", {**URL, **SFU}, cwd=tmp_path, health="/health/live"):
        assert name_of_lumina(tmp_path) == "Lumina"
        done = parley(tmp_path, "backup", "parley.backup")
        assert (done.returncode, done.stderr) == (0, "")
        assert "everything of sqlite is in parley.backup" in done.stdout
        name_of_lumina(tmp_path, "Lucy")
        refused = parley(tmp_path, "restore", "parley.backup")
        assert refused.returncode == 1
        assert "stop the backend first" in refused.stderr
        assert name_of_lumina(tmp_path) == "Lucy"
    done = parley(tmp_path, "restore", "parley.backup")
    assert (done.returncode, done.stderr) == (0, "")
    assert name_of_lumina(tmp_path) == "Lumina"
    (kept,) = tmp_path.glob(f"{DATABASE}.before-*")
    assert str(kept.relative_to(tmp_path)) in done.stdout


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_without_a_database_it_says_so(tmp_path: Path, command: str) -> None:
    done = parley(tmp_path, command, "parley.backup")
    assert done.returncode == 1
    assert "there" in done.stderr
    assert not (tmp_path / DATABASE).exists()
