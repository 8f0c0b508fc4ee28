"""Write the secrets the stack needs into `.env`, once; what is there is never changed."""

import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from chassis.settings import ENV_FILE
from parley.environment import chosen_variables

OWNER_ONLY = 0o600
HEADING = "# Written by `parley up`. These are secrets: do not share or commit this file.\n"
SECRETS: dict[str, Callable[[], str]] = {
    "LIVEKIT_API_KEY": lambda: f"API{secrets.token_hex(6)}",
    "LIVEKIT_API_SECRET": lambda: secrets.token_urlsafe(32),  # 43 characters
    "PARLEY_SERVICE_KEY": lambda: secrets.token_urlsafe(32),
    "BACKEND_ENCRYPTION_KEYS": lambda: json.dumps([secrets.token_urlsafe(32)]),
    "REDIS_PASSWORD": lambda: secrets.token_urlsafe(32),
}


def write_missing_secrets(path: Path = Path(ENV_FILE)) -> list[str]:
    """Append a fresh value for each secret that is set nowhere. Returns the names written."""
    chosen = chosen_variables()
    missing = [name for name in SECRETS if name not in chosen]
    if missing:
        _append(path, "".join(f"{name}={SECRETS[name]()}\n" for name in missing))
    return missing


def _append(path: Path, lines: str) -> None:
    is_new = not path.exists()
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, OWNER_ONLY), "rb+") as file:
        os.fchmod(file.fileno(), OWNER_ONLY)  # an older file may be readable by others
        if is_new:
            lines = HEADING + lines
        elif file.seek(0, os.SEEK_END) > 0:
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                lines = "\n" + lines
        file.write(lines.encode())
