"""Keys change while calls go on."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from backend.calls.keys import LiveKitKeys
from chassis.settings import LiveKitSettings

OLD, NEW = "o" * 32, "n" * 32


@pytest.fixture
def livekit() -> LiveKitSettings:
    return LiveKitSettings(url="ws://x", api_key="APIenv", api_secret=SecretStr("e" * 32))


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every look comes later than the one before."""
    monkeypatch.setattr("backend.calls.keys.LOOK_EVERY_S", 0)


def signing(keys: LiveKitKeys) -> tuple[str, str]:
    now = keys.now()
    return now.api_key, now.api_secret.get_secret_value()


def test_without_a_file_the_environment_signs(livekit: LiveKitSettings) -> None:
    assert LiveKitKeys(livekit).all() == [livekit]


@pytest.mark.usefixtures("later")
def test_a_new_first_line_signs_at_once_and_the_old_is_believed(
    livekit: LiveKitSettings, tmp_path: Path
) -> None:
    file = tmp_path / "keys.yaml"
    file.write_text(f"# ours\nAPIold: {OLD}\n")
    keys = LiveKitKeys(livekit, file)
    assert signing(keys) == ("APIold", OLD)
    file.write_text(f'"APInew": "{NEW}"\nAPIold: {OLD}\n')
    assert signing(keys) == ("APInew", NEW)
    assert [known.api_key for known in keys.all()] == ["APInew", "APIold"]
    assert keys.now().url == livekit.url


@pytest.mark.usefixtures("later")
@pytest.mark.parametrize("broken", ["", "APInew: short\n", "devkey: " + NEW, "\xff", "gone"])
def test_a_broken_file_changes_nothing(
    livekit: LiveKitSettings, tmp_path: Path, broken: str
) -> None:
    file = tmp_path / "keys.yaml"
    file.write_text(f"APIold: {OLD}\n")
    keys = LiveKitKeys(livekit, file)
    assert signing(keys) == ("APIold", OLD)
    if broken == "gone":
        file.unlink()
    else:
        file.write_bytes(broken.encode("latin-1"))
    assert signing(keys) == ("APIold", OLD)
