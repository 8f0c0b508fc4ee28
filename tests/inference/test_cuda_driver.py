"""An image with CUDA says at its start when the driver will not do."""

import pytest

from chassis.settings import EXIT_BAD_SETTINGS
from inference import cuda_driver
from inference.cuda_driver import problem_of


@pytest.mark.parametrize("found", ["580.65.06", "580.65", "590.1"])
def test_a_driver_from_the_needed_one_on_will_do(found: str) -> None:
    assert problem_of(found, "580.65") is None


@pytest.mark.parametrize("found", ["580.64.99", "570.211.01", "99.99"])
def test_an_older_driver_is_told_with_both_versions(found: str) -> None:
    said = str(problem_of(found, "580.65"))
    assert found in said
    assert "580.65 or newer" in said


def test_without_a_driver_nothing_starts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cuda_driver, "driver_version", lambda: None)
    with pytest.raises(SystemExit) as exited:
        cuda_driver.main("580.65", "inference.stt")
    assert exited.value.code == EXIT_BAD_SETTINGS
    assert "NVIDIA Container Toolkit" in capsys.readouterr().err
