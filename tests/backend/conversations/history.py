"""A history to read: conversations and turns as the agent records them."""

import base64
import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from fastapi.testclient import TestClient

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def forged(where: list[Any]) -> str:
    """A cursor as somebody who knows how they look would write one."""
    return base64.urlsafe_b64encode(json.dumps(where).encode()).decode().rstrip("=")


def begin(agent: TestClient, conversation: str, *, minute: float = 0, **fields: Any) -> None:
    body = {"conversation_id": conversation, "channel": "web", "started_at": at(minute)} | fields
    assert agent.post("/internal/conversations", json=body).status_code in (200, 201)


def say(
    agent: TestClient,
    conversation: str,
    text: str,
    *,
    minute: float = 0,
    role: str = "user",
    **fields: Any,
) -> str:
    body = {"role": role, "text": text, "started_at": at(minute)} | fields
    key = sha256(f"{conversation} {role} {minute} {text}".encode()).hexdigest()
    path = f"/internal/conversations/{conversation}/turns"
    response = agent.post(path, json=body, headers={"idempotency-key": key})
    assert response.status_code in (200, 201), response.text
    return str(response.json()["turn_id"])


def end(agent: TestClient, conversation: str, *, minute: float, reason: str = "user_left") -> None:
    body = {"reason": reason, "ended_at": at(minute)}
    path = f"/internal/conversations/{conversation}/end"
    assert agent.post(path, json=body).status_code == 204


def listed(client: TestClient, **query: Any) -> Any:
    response = client.get("/api/conversations", params=query)
    assert response.status_code == 200, response.text
    return response.json()


def at(minute: float) -> str:
    return (NOON + timedelta(minutes=minute)).isoformat()
