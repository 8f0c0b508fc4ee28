"""A backend process in front of model servers, and keys for it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from tests.processes import running

ALL = ("stt", "llm", "tts")
# Nothing here is reached by LiveKit: the backend only wants to be told of it.
LIVEKIT = {"LIVEKIT_API_KEY": "APIgateway", "LIVEKIT_API_SECRET": "0123456789abcdef" * 2}


@dataclass(frozen=True, slots=True)
class Gateway:
    """`url` of the backend."""

    url: str

    def make_key(self, *scopes: str, **asked: Any) -> dict[str, Any]:
        """The answer of `POST /api/keys`."""
        body = {"name": "contract", "scopes": scopes or ALL, **asked}
        response = httpx2.post(f"{self.url}/api/keys", json=body)
        assert response.status_code == 201, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def key(self, *scopes: str, **asked: Any) -> str:
        return str(self.make_key(*scopes, **asked)["key"])

    def used(self, key_id: str, service: str) -> dict[str, Any]:
        """The row of the usage table; {} where there is none."""
        rows = httpx2.get(f"{self.url}/api/usage").json()["usage"]
        found = [row for row in rows if (row["key_id"], row["service"]) == (key_id, service)]
        return found[0] if found else {}

    def metric(self, name: str) -> float:
        lines = httpx2.get(f"{self.url}/metrics").text.splitlines()
        return float(next(line for line in lines if line.startswith(name)).rpartition(" ")[2])


@contextmanager
def gateway_to(
    urls: Mapping[str, str], folder: Path, environment: Mapping[str, str] | None = None
) -> Iterator[Gateway]:
    """`urls`: of each service by name. `folder`: for the database."""
    settings = {f"BACKEND_{service.upper()}_URL": url for service, url in urls.items()}
    database = {"BACKEND_DATABASE_URL": f"sqlite+aiosqlite:///{folder}/gateway.db"}
    env = {**LIVEKIT, **settings, **database, **(environment or {})}
    with running("backend", env, health="/health/live") as url:
        yield Gateway(url)


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}
