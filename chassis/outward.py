"""PARLEY_OFFLINE: which addresses lie outside, and a start that is refused where one is named."""

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

# Told to browsers, or not used offline: nothing of ours connects to them.
NOT_ASKED = frozenset({"LIVEKIT_PUBLIC_URL", "PARLEY_MODELS_URL"})
# Names that only a local network has. Others are not resolved to find out: that asks outside.
LOCAL_NAMES = (".local", ".lan", ".home", ".internal", ".localhost", ".localdomain", ".home.arpa")


class _Offline(BaseSettings):
    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore")

    parley_offline: bool = False


def is_offline() -> bool:
    """Whether PARLEY_OFFLINE forbids to reach out. What is no yes or no forbids it too."""
    try:
        return _Offline().parley_offline
    except ValidationError:
        return True


def is_outside(host: str) -> bool:
    """Whether it is beyond this machine and the networks it is in, by its name or address alone."""
    name = host.rstrip(".").lower()
    try:
        address = ip_address(name.partition("%")[0])
    except ValueError:
        return "." in name and not name.endswith(LOCAL_NAMES)
    return address.is_global or address.is_multicast


def problems_offline(variables: dict[str, Any]) -> list[str]:
    """By variable, what a settings class holds: one line for each address that lies outside."""
    if not is_offline():
        return []
    return [
        f"{variable} names {host}, and PARLEY_OFFLINE forbids to reach out: unset one of them, or "
        "name a host of this machine or its network (by address, or as NAME.internal)"
        for variable, value in variables.items()
        if variable not in NOT_ASKED
        for host in _hosts(value if variable.endswith("_URL") else _tool_servers(value))
        if is_outside(host)
    ]


def _tool_servers(value: Any) -> list[Any]:
    return [getattr(one, "url", None) for one in value] if isinstance(value, list) else []


def _hosts(value: Any) -> Iterator[str]:
    for one in value if isinstance(value, list) else [value]:
        text = one.get_secret_value() if isinstance(one, SecretStr) else one
        if isinstance(text, str):
            yield from (urlsplit(text).hostname or "").split(",")  # a database may have several
