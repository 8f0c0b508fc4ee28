"""The stack's secrets: each made once and kept; what somebody set is not changed."""

import json
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from chassis.settings import MIN_SECRET_CHARS, SAMPLE_SECRETS, SettingsError

OWNER_ONLY = 0o600


def _key() -> str:
    return secrets.token_urlsafe(32)  # 43 characters


MADE: dict[str, Callable[[], str]] = {
    "LIVEKIT_API_KEY": lambda: f"API{secrets.token_hex(6)}",
    "LIVEKIT_API_SECRET": _key,
    "PARLEY_SERVICE_KEY": _key,
    "BACKEND_ENCRYPTION_KEYS": lambda: json.dumps([_key()]),
    "STT_API_KEY": _key,
    "LLM_API_KEY": _key,
    "TTS_API_KEY": _key,
    "EMBEDDED_API_KEY": _key,
    "REDIS_PASSWORD": _key,
    "POSTGRES_PASSWORD": _key,
    "GRAFANA_ADMIN_PASSWORD": _key,
    "SEARXNG_SECRET": _key,
    "LIVEKIT_METRICS_PASSWORD": _key,
}
# A name, and a list that the backend checks itself.
NOT_SECRETS = {"LIVEKIT_API_KEY", "BACKEND_ENCRYPTION_KEYS"}
TYPED_BY_PEOPLE = {"GRAFANA_ADMIN_PASSWORD": 12}


def opened(folder: Path, chosen: Mapping[str, str]) -> dict[str, str]:
    """Every secret by its variable: `chosen` before what `folder` keeps, which gets the missing.

    Raises SettingsError naming those of `chosen` that anybody could guess.
    """
    if problems := _weak({name: chosen[name] for name in MADE if name in chosen}):
        raise SettingsError(problems)
    values = {}
    for name, make in MADE.items():
        kept = folder / name
        if not kept.is_file():
            write(kept, chosen.get(name) or make(), OWNER_ONLY)
        values[name] = chosen.get(name) or kept.read_text()
    return values


def write(path: Path, content: str, mode: int) -> None:
    """Whole or not at all: a service may read it at this moment."""
    new = path.with_name(f".{path.name}.new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as file:
        os.fchmod(file.fileno(), mode)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def _weak(chosen: Mapping[str, str]) -> list[str]:
    problems = []
    for name, value in chosen.items():
        needed = TYPED_BY_PEOPLE.get(name, MIN_SECRET_CHARS)
        if value.lower() in SAMPLE_SECRETS:
            problems.append(f"{name} is a sample that everybody knows: {_WAY_OUT}")
        elif name not in NOT_SECRETS and len(value) < needed:
            problems.append(f"{name} has {len(value)} characters, {needed} are needed: {_WAY_OUT}")
    return problems


_WAY_OUT = "take the line out of .env and `docker compose up` makes one"
