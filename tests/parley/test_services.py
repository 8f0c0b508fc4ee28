"""Each service of the stack starts as its settings say."""

import sys
from pathlib import Path

import pytest

from parley.environment import StackSettings
from parley.services import services_of


def commands(stack: StackSettings) -> dict[str, tuple[str, ...]]:
    return {service.name: service.command for service in services_of(stack, {}, None)}


def test_all_run_on_the_python_of_the_command() -> None:
    assert {command[0] for command in commands(StackSettings()).values()} == {sys.executable}


@pytest.mark.parametrize("service", ["stt", "llm", "tts"])
def test_a_model_server_runs_in_the_environment_named_for_it(service: str, tmp_path: Path) -> None:
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    made = commands(StackSettings.model_validate({f"{service}_python": python}))
    # The link, not what it leads to.
    assert made[service] == (str(python), "-m", f"inference.{service}")
    assert [command[0] for name, command in made.items() if name != service] == [sys.executable] * 5
