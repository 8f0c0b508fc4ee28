"""A turn said to a backend whose database may be away."""

from fastapi.testclient import TestClient

NOON = "2026-01-02T12:00:00Z"


def say(agent: TestClient, key: str) -> int:
    response = agent.post(
        "/internal/conversations/c1/turns",
        json={"role": "user", "text": "hello", "started_at": NOON},
        headers={"idempotency-key": key},
    )
    if response.status_code == 503:
        assert response.json()["error"]["code"] == "database_unavailable"
        assert response.headers["retry-after"]
    return response.status_code
