"""`parley backup` and `parley restore`: the backend's own commands, with what it is set to."""

import subprocess
import sys
from pathlib import Path


def backup(file: Path) -> int:
    """The exit status."""
    return _manage("backup", file)


def restore(file: Path) -> int:
    """The exit status."""
    return _manage("restore", file)


def _manage(command: str, file: Path) -> int:
    # It finds the same .env and relative paths as the service that `parley up` starts from here.
    arguments = [sys.executable, "-m", "backend.manage", command, "--", str(file)]
    return subprocess.run(arguments, check=False).returncode
