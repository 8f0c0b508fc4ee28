"""`parley boot`: make the secrets that are missing, and give each service its files."""

import sys
from pathlib import Path

from chassis.settings import SettingsError, exit_bad_settings, load_or_exit
from parley.boot.settings import BootSettings
from parley.boot.shares import shares
from parley.boot.vault import opened, write
from parley.environment import SFU_CONFIG, chosen_variables

VOLUMES = Path("/volumes")
VAULT = "secrets"
# Each volume is one service's, and its folder no other user of the machine can enter.
READABLE = 0o444


def boot(volumes: Path = VOLUMES) -> int:
    """The exit status: 0, 1 when a file cannot be written, 78 when settings are wrong."""
    settings = load_or_exit(BootSettings)
    try:
        secrets = opened(volumes / VAULT, chosen_variables())
    except SettingsError as exc:
        exit_bad_settings(exc.problems)
    except OSError as exc:
        return _cannot_write(exc)
    for service, files in shares(settings, secrets, SFU_CONFIG).items():
        folder = volumes / f"{VAULT}-{service}"
        if not folder.is_dir():  # of a profile that is not there
            continue
        try:
            _give(folder, files)
        except OSError as exc:
            return _cannot_write(exc)
    sys.stdout.write(f"Secrets are in place; Parley will be at http://{_address(settings)}\n")
    return 0


def _give(folder: Path, files: dict[str, str]) -> None:
    for stale in {path.name for path in folder.iterdir()} - files.keys():
        (folder / stale).unlink()  # a profile was switched off
    for name, content in files.items():
        if not (folder / name).is_file() or (folder / name).read_text() != content:
            write(folder / name, content, READABLE)


def _address(settings: BootSettings) -> str:
    host = "localhost" if settings.node_ip == "127.0.0.1" else settings.node_ip
    return f"{host}:{settings.backend_port}"


def _cannot_write(exc: OSError) -> int:
    sys.stderr.write(f"{exc.filename} cannot be written: {exc.strerror}\n")
    return 1
