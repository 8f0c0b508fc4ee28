"""What the agent may keep, and what of it it is told again."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from backend.memories import uses
from tests.backend.memories.test_routes import (
    BEARER,
    add,
    extracted,
    listed,
    set_policy,
    told,
)
from tests.processes import until


def test_automatically_everything_is_kept(client: TestClient) -> None:
    kept = extracted(client, "Lives in Lyon")
    assert (kept["kept"], kept["proposed"]) == (True, False)
    assert told(client, "Lyon") == ["Lives in Lyon"]


def test_what_was_not_asked_for_waits_to_be_accepted(client: TestClient) -> None:
    set_policy(client, "ask")
    gathered = extracted(client, "Lives in Lyon")
    assert gathered["proposed"]
    asked_for = extracted(client, "Moves to Paris", explicit=True)
    assert not asked_for["proposed"]
    assert told(client) == ["Moves to Paris"]
    assert told(client, "Lyon") == []
    assert at_start(client) == ["Moves to Paris"]
    assert listed(client, proposed=True) == ["Lives in Lyon"]
    assert listed(client, q="Lyon", proposed=True) == ["Lives in Lyon"]
    client.patch(f"/api/memories/{gathered['id']}", json={"proposed": False})
    assert listed(client, proposed=True) == []
    assert told(client, "Lyon") == ["Lives in Lyon"]


def test_saying_it_oneself_accepts_it(client: TestClient) -> None:
    set_policy(client, "ask")
    first = extracted(client, "Lives in Lyon")
    body = {"text": "Lives in Lyon", "kind": "fact", "explicit": True}
    headers = BEARER | {"idempotency-key": "another key"}
    again = client.post("/internal/memories", json=body, headers=headers)
    assert again.status_code == 200
    assert again.json() == {"id": first["id"], "kept": True, "proposed": False}
    extracted(client, "Likes tea")
    assert not add(client, "Likes tea")["proposed"]


def test_nothing_is_kept_nor_told_when_it_is_off(client: TestClient) -> None:
    extracted(client, "Lives in Lyon")
    set_policy(client, "off")
    assert context(client)["user"]["memory_policy"] == "off"
    for explicit in (False, True):
        text = f"Likes tea {explicit}"
        kept = extracted(client, text, explicit=explicit)
        assert kept == {"id": None, "kept": False, "proposed": False}
    assert told(client) == told(client, "Lyon") == at_start(client) == []
    assert listed(client) == ["Lives in Lyon"]  # for the user to see, and to delete


def test_a_memory_leads_to_its_turn(client: TestClient) -> None:
    noon = "2026-01-02T12:00:00Z"
    new = {"conversation_id": "c1", "channel": "web", "started_at": noon}
    client.post("/internal/conversations", json=new, headers=BEARER)
    turn = client.post(
        "/internal/conversations/c1/turns",
        json={"role": "user", "text": "I live in Lyon", "started_at": noon},
        headers=BEARER | {"idempotency-key": "turn 1"},
    ).json()
    extracted(client, "Lives in Lyon", conversation_id="c1", turn_key="turn 1")
    extracted(client, "Likes tea", conversation_id="c1", turn_key="never came")
    likes, lives = client.get("/api/memories").json()["memories"]
    assert (lives["conversation_id"], lives["turn_id"]) == ("c1", turn["turn_id"])
    assert (likes["conversation_id"], likes["turn_id"]) == ("c1", None)


def test_what_comes_of_a_deleted_conversation_is_not_kept(client: TestClient) -> None:
    noon = "2026-01-02T12:00:00Z"
    new = {"conversation_id": "c1", "channel": "web", "started_at": noon}
    client.post("/internal/conversations", json=new, headers=BEARER)
    client.delete("/api/conversations/c1")
    body = {"text": "Lives in Lyon", "kind": "fact", "conversation_id": "c1"}
    late = client.post(
        "/internal/memories", json=body, headers=BEARER | {"idempotency-key": "late"}
    )
    assert late.status_code == 404
    assert late.json()["error"]["code"] == "forgotten"
    assert listed(client) == []


@pytest.fixture
def written_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uses, "WRITE_EVERY_S", 0.05)


@pytest.mark.usefixtures("written_at_once")
def test_what_was_told_is_told_again_at_the_next_start(client: TestClient) -> None:
    extracted(client, "Lives in Lyon")
    for number in range(25):
        extracted(client, f"Fact {number}")
    assert "Lives in Lyon" not in at_start(client)
    told(client, "where in Lyon?")
    until(lambda: at_start(client)[0] == "Lives in Lyon")
    memory = client.get("/api/memories", params={"q": "Lyon"}).json()["memories"][0]
    assert memory["last_used_at"] is not None
    assert memory["updated_at"] is None


def context(client: TestClient) -> Any:
    response = client.get("/internal/conversations/new/context", headers=BEARER)
    assert response.status_code == 200
    return response.json()


def at_start(client: TestClient) -> list[str]:
    return [memory["text"] for memory in context(client)["memories"]]
