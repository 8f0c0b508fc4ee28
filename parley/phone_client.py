"""The backend's telephone routes, asked with the service key; every failure is one line."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from chassis.http import AsyncClient, HTTPError, pooled_client
from chassis.metrics import Metrics
from chassis.settings import InternalSettings, load_or_exit
from parley.environment import StackSettings
from parley.peer import PeerFailed

ANSWER_WITHIN_S = 15.0

Answer = dict[str, Any]


class PhoneClient:
    """Every method raises PeerFailed with the backend's own words."""

    def __init__(self, http: AsyncClient) -> None:
        self._http = http

    async def get(self, path: str, **query: str) -> Answer:
        return await self._ask("GET", path, params=query)

    async def post(self, path: str, body: Answer) -> Answer:
        return await self._ask("POST", path, json=body)

    async def patch(self, path: str, body: Answer) -> Answer:
        return await self._ask("PATCH", path, json=body)

    async def delete(self, path: str) -> None:
        await self._ask("DELETE", path)

    async def _ask(self, method: str, path: str, **more: Any) -> Answer:
        answer = await self._http.request(method, path, **more)
        if not answer.is_success:
            raise PeerFailed(_words(answer.status_code, answer.content))
        told: Answer = answer.json() if answer.content else {}
        return told


@asynccontextmanager
async def phone_client() -> AsyncIterator[PhoneClient]:
    """Of the backend where the settings say it is. Raises PeerFailed."""
    stack = load_or_exit(StackSettings)
    key = load_or_exit(InternalSettings).key
    if key is None:
        raise PeerFailed("PARLEY_SERVICE_KEY is not set: `parley up` writes one into .env")
    where = stack.reach("backend")
    client = pooled_client(
        metrics=Metrics("parley"),
        base_url=where,
        bearer=key.get_secret_value(),
        read_timeout_s=ANSWER_WITHIN_S,
    )
    async with client:
        try:
            yield PhoneClient(client)
        except HTTPError as exc:
            cause = str(exc) or type(exc).__name__
            raise PeerFailed(f"backend at {where}: {cause}. Is `parley up` running?") from exc


def _words(status: int, body: bytes) -> str:
    try:
        error = json.loads(body)["error"]
        told, field = str(error["message"]), error["param"]
    except (ValueError, TypeError, KeyError):
        told, field = body[:200].decode(errors="replace").strip(), None
    named = f"{field}: " if field and field not in told else ""
    return " ".join(f"{named}{told} ({status})".split())
