from pathlib import Path

import pytest
from pydantic import Field
from pydantic_settings import SettingsConfigDict

from chassis.settings import (
    EXIT_BAD_SETTINGS,
    KeyedSettings,
    LiveKitSettings,
    SettingsError,
    load_or_exit,
    load_settings,
)

STRONG = "s" * 32


class EarSettings(KeyedSettings):
    model_config = SettingsConfigDict(env_prefix="EAR_")

    port: int = Field(default=9001, ge=1, le=65535)
    slots: int = Field(default=2, ge=1, description="utterances at once")


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def problems(cls: type[KeyedSettings] | type[LiveKitSettings]) -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings(cls)
    return "\n".join(caught.value.problems)


def test_a_misspelt_variable_names_the_nearest_real_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EAR_SLOTZ", "3")
    assert "EAR_SLOTZ is not a setting: did you mean EAR_SLOTS?" in problems(EarSettings)


def test_a_misspelt_variable_in_the_env_file_is_found(empty_folder: Path) -> None:
    (empty_folder / ".env").write_text("EAR_PROT=9\nOTHER_THING=1\n")
    found = problems(EarSettings)
    assert "did you mean EAR_PORT?" in found
    assert "OTHER_THING" not in found


def test_a_wrong_value_is_named_without_showing_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EAR_PORT", "hunter2")
    assert "EAR_PORT" in problems(EarSettings)
    assert "hunter2" not in problems(EarSettings)


def test_an_empty_string_means_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EAR_PORT", "")
    assert load_settings(EarSettings).port == 9001


def test_the_environment_wins_over_the_env_file(
    empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (empty_folder / ".env").write_text("EAR_PORT=9002\n")
    assert load_settings(EarSettings).port == 9002
    monkeypatch.setenv("EAR_PORT", "9003")
    assert load_settings(EarSettings).port == 9003


def test_beyond_loopback_a_key_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EAR_HOST", "0.0.0.0")
    assert "EAR_API_KEY" in problems(EarSettings)
    monkeypatch.setenv("EAR_API_KEY", "short")
    assert "EAR_API_KEY has 5 characters, 32 are needed" in problems(EarSettings)
    monkeypatch.setenv("EAR_API_KEY", STRONG)
    assert load_settings(EarSettings).host == "0.0.0.0"


@pytest.mark.parametrize(
    ("key", "secret", "complaint"),
    [
        ("devkey", STRONG, "samples"),
        ("APIx", "secret", "samples"),
        ("APIx", "short-but-unusual", "32 are needed"),
    ],
)
def test_sample_and_short_secrets_are_refused(
    monkeypatch: pytest.MonkeyPatch, key: str, secret: str, complaint: str
) -> None:
    monkeypatch.setenv("LIVEKIT_API_KEY", key)
    monkeypatch.setenv("LIVEKIT_API_SECRET", secret)
    found = problems(LiveKitSettings)
    assert complaint in found
    assert secret not in found.replace("LIVEKIT_API_SECRET", "")


def test_missing_secrets_say_how_to_get_them() -> None:
    found = problems(LiveKitSettings)
    assert "LIVEKIT_API_KEY is not set" in found
    assert "make run" in found


def test_names_that_livekits_own_tools_read_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVEKIT_API_KEY", "APIx")
    monkeypatch.setenv("LIVEKIT_API_SECRET", STRONG)
    monkeypatch.setenv("LIVEKIT_KEYS", f"APIx: {STRONG}")
    assert load_settings(LiveKitSettings).http_url == "http://127.0.0.1:7880"


def test_bad_settings_end_the_process_with_their_own_status(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EAR_SLOTZ", "3")
    with pytest.raises(SystemExit) as caught:
        load_or_exit(EarSettings)
    assert caught.value.code == EXIT_BAD_SETTINGS
    assert "EAR_SLOTS" in capsys.readouterr().err


def test_a_secret_does_not_print(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVEKIT_API_KEY", "APIx")
    monkeypatch.setenv("LIVEKIT_API_SECRET", STRONG)
    assert STRONG not in repr(load_settings(LiveKitSettings))


@pytest.fixture
def secrets_dir(empty_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = empty_folder / "secrets"
    folder.mkdir()
    monkeypatch.setenv("PARLEY_SECRETS_DIR", str(folder))
    return folder


def test_a_secret_may_lie_in_a_file_named_like_its_variable(secrets_dir: Path) -> None:
    (secrets_dir / "EAR_API_KEY").write_text(f"{STRONG}\n")
    key = load_settings(EarSettings).api_key
    assert key is not None
    assert key.get_secret_value() == STRONG
    assert STRONG not in repr(load_settings(EarSettings))


def test_the_environment_wins_over_a_secret_file(
    secrets_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (secrets_dir / "EAR_PORT").write_text("9002")
    assert load_settings(EarSettings).port == 9002
    monkeypatch.setenv("EAR_PORT", "9003")
    assert load_settings(EarSettings).port == 9003


def test_an_empty_secret_file_means_unset(secrets_dir: Path) -> None:
    (secrets_dir / "EAR_API_KEY").write_text("\n")
    assert load_settings(EarSettings).api_key is None


def test_a_wrong_secret_file_is_named_without_showing_it(secrets_dir: Path) -> None:
    (secrets_dir / "LIVEKIT_API_KEY").write_text("APIears")
    (secrets_dir / "LIVEKIT_API_SECRET").write_text("hunter2")
    found = problems(LiveKitSettings)
    assert "LIVEKIT_API_SECRET has 7 characters" in found
    assert "hunter2" not in found


def test_a_folder_of_secrets_that_is_not_there_is_named(
    empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARLEY_SECRETS_DIR", str(empty_folder / "nowhere"))
    assert "PARLEY_SECRETS_DIR" in problems(EarSettings)
