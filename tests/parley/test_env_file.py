"""Secrets in `.env`: written once, for the owner only, never changed."""

from pathlib import Path

import pytest
from dotenv import dotenv_values

from chassis.settings import MIN_SECRET_CHARS
from parley.env_file import SECRETS, write_missing_secrets
from tests.parley.conftest import mode_bits


@pytest.fixture
def env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in SECRETS:
        monkeypatch.delenv(name, raising=False)
    return tmp_path / ".env"


def test_a_new_file_is_for_its_owner_only_and_strong(env_file: Path) -> None:
    assert write_missing_secrets() == list(SECRETS)
    assert mode_bits(env_file) == 0o600
    values = dotenv_values(env_file)
    assert set(values) == set(SECRETS)
    assert len(values["LIVEKIT_API_SECRET"] or "") >= MIN_SECRET_CHARS


def test_two_files_share_no_secret(env_file: Path) -> None:
    write_missing_secrets()
    first = set(dotenv_values(env_file).values())
    env_file.unlink()
    write_missing_secrets()
    assert first.isdisjoint(dotenv_values(env_file).values())


def test_what_is_there_stays_and_only_what_is_missing_is_added(env_file: Path) -> None:
    before = "# mine\nLIVEKIT_API_KEY=APImine\nSTT_PORT=9000"  # no newline at the end
    env_file.write_text(before)
    env_file.chmod(0o644)
    assert write_missing_secrets() == [
        "LIVEKIT_API_SECRET",
        "PARLEY_SERVICE_KEY",
        "BACKEND_ENCRYPTION_KEYS",
        "REDIS_PASSWORD",
    ]
    assert env_file.read_text().startswith(f"{before}\nLIVEKIT_API_SECRET=")
    assert dotenv_values(env_file)["LIVEKIT_API_KEY"] == "APImine"
    assert mode_bits(env_file) == 0o600
    assert write_missing_secrets() == []


def test_an_empty_value_counts_as_missing(env_file: Path) -> None:
    env_file.write_text("LIVEKIT_API_SECRET=\n")
    assert "LIVEKIT_API_SECRET" in write_missing_secrets()
    assert dotenv_values(env_file)["LIVEKIT_API_SECRET"]


def test_what_the_environment_has_is_not_written(
    env_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in SECRETS:
        monkeypatch.setenv(name, "from elsewhere")
    assert write_missing_secrets() == []
    assert not env_file.exists()
