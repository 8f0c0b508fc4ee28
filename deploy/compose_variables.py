"""The variables of docker-compose.yml and its overlays that are no setting of any service.

Their defaults are read from those files, so that there is one place for each.
"""

import re
from pathlib import Path

from chassis.compose import COMPOSE_VARIABLES

ROOT = Path(__file__).parent.parent
OVERLAYS = ("gpu", "private", "turn")
FILES = ("docker-compose.yml", *(f"docker-compose.{overlay}.yml" for overlay in OVERLAYS))
USED = re.compile(r"\$\{([A-Z_]+)(?::-((?:[^{}]|\$\{[^{}]*\})*))?\}")


def used() -> dict[str, str]:
    """Every variable of the compose files, with the default of its first use."""
    found: dict[str, str] = {}
    for file in FILES:
        for name, default in USED.findall((ROOT / file).read_text()):
            for inner, inner_default in USED.findall(default):
                found.setdefault(inner, inner_default)
            found.setdefault(name, default)
    return found


def render() -> str:
    """The section of `.env.example`."""
    defaults = used()
    lines = [f"# {name}={defaults[name]}  # {says}" for name, says in COMPOSE_VARIABLES.items()]
    return "\n# --- docker compose (docs/docker.md)\n" + "\n".join(lines) + "\n"
