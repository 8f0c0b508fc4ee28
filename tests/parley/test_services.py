"""Each service of the stack starts as its settings say."""

import sys
from pathlib import Path

from parley.environment import StackSettings
from parley.services import services_of


def commands(stack: StackSettings) -> dict[str, tuple[str, ...]]:
    return {service.name: service.command for service in services_of(stack, {}, None)}


def test_all_run_on_the_python_of_the_command() -> None:
    assert {command[0] for command in commands(StackSettings()).values()} == {sys.executable}


def test_stt_runs_in_the_environment_named_for_it(tmp_path: Path) -> None:
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    made = commands(StackSettings(stt_python=python))
    assert made["stt"] == (str(python), "-m", "inference.stt")  # the link, not what it leads to
    assert made["tts"][0] == sys.executable
