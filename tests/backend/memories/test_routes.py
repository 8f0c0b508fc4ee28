from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.backend.apps import SERVICE_KEY, BuildApp
from tests.backend.conversations.history import forged

BEARER = {"authorization": f"Bearer {SERVICE_KEY}"}


def add(client: TestClient, text: str, **fields: Any) -> Any:
    response = client.post("/api/memories", json={"text": text} | fields)
    assert response.status_code in (200, 201)
    return response.json()


def listed(client: TestClient, **query: Any) -> list[str]:
    response = client.get("/api/memories", params=query)
    assert response.status_code == 200
    return [memory["text"] for memory in response.json()["memories"]]


def told(client: TestClient, query: str = "") -> list[str]:
    response = client.get("/internal/memories", params={"query": query}, headers=BEARER)
    return [memory["text"] for memory in response.json()["memories"]]


def extracted(client: TestClient, text: str, *, explicit: bool = False, **fields: Any) -> Any:
    body = {"text": text, "kind": "fact", "explicit": explicit} | fields
    headers = BEARER | {"idempotency-key": f"key of {text}"}
    response = client.post("/internal/memories", json=body, headers=headers)
    assert response.status_code in (200, 201)
    return response.json()


def set_policy(client: TestClient, policy: str) -> None:
    assert client.patch("/api/me", json={"memory_policy": policy}).status_code == 200


def test_what_is_added_is_listed_newest_first_and_told_to_the_agent(client: TestClient) -> None:
    add(client, "Likes green tea", kind="preference")
    kept = add(client, "  Lives in Lyon ")
    assert listed(client) == ["Lives in Lyon", "Likes green tea"]
    assert told(client, "where do I live, in Lyon?") == ["Lives in Lyon"]
    assert kept["kind"] == "note"
    assert not kept["proposed"]
    assert kept["updated_at"] is None


def test_the_same_text_is_kept_once(client: TestClient) -> None:
    first = add(client, "Likes tea")
    response = client.post("/api/memories", json={"text": "Likes tea "})
    assert response.status_code == 200
    assert response.json()["id"] == first["id"]
    assert listed(client) == ["Likes tea"]


def test_pages_follow_each_other_to_the_end(client: TestClient) -> None:
    texts = [f"Fact {number}" for number in range(7)]
    for text in texts:
        add(client, text)
    for query in ({}, {"q": "fact"}):
        seen: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            asked = query | cursor | {"limit": 3}
            page = client.get("/api/memories", params=asked).json()
            assert page["total"] == 7
            seen += [memory["text"] for memory in page["memories"]]
            if page["next_cursor"] is None:
                break
            cursor = {"cursor": page["next_cursor"]}
        assert sorted(seen) == texts


@pytest.mark.parametrize(
    "cursor",
    [
        *("x", "WzEsMiwzXQ", "é", "W251bGwsICIiLCAtMV0"),
        forged([None, "", 1.5]),
        forged([None, "", True]),
        forged([None, {}, 0]),
        forged(["2026-01-02T00:00:00+00:00", "\ud800", 0]),
    ],
)
def test_a_cursor_of_no_page_is_refused(client: TestClient, cursor: str) -> None:
    response = client.get("/api/memories", params={"cursor": cursor})
    assert response.status_code == 400
    assert response.json()["error"]["param"] == "cursor"


def test_a_memory_is_changed_and_found_by_its_new_words(client: TestClient) -> None:
    memory = add(client, "Likes tea")
    assert listed(client, q="tea") == ["Likes tea"]
    path = f"/api/memories/{memory['id']}"
    changed = client.patch(path, json={"text": "Likes coffee", "kind": "preference"}).json()
    assert changed["kind"] == "preference"
    assert changed["updated_at"] is not None
    assert listed(client, q="tea") == []
    assert listed(client, q="coffee") == ["Likes coffee"]


def test_a_memory_does_not_become_another(client: TestClient) -> None:
    memory = add(client, "Likes tea")
    add(client, "Likes coffee")
    response = client.patch(f"/api/memories/{memory['id']}", json={"text": "Likes coffee"})
    assert response.status_code == 409
    assert response.json()["error"]["code"] == "memory_known"


def test_what_is_deleted_is_gone_for_the_agent_too(client: TestClient) -> None:
    memory = add(client, "Likes tea")
    assert told(client, "tea") == ["Likes tea"]
    path = f"/api/memories/{memory['id']}"
    assert client.delete(path).status_code == 204
    assert client.delete(path).status_code == 404
    assert client.patch(path, json={"text": "x"}).status_code == 404
    assert told(client, "tea") == listed(client) == []


def test_all_is_forgotten_at_once(client: TestClient) -> None:
    add(client, "Likes tea")
    add(client, "Lives in Lyon")
    assert client.post("/api/memories/forget-all").json() == {"deleted": 2}
    assert client.post("/api/memories/forget-all").json() == {"deleted": 0}
    assert listed(client) == told(client) == told(client, "tea") == []


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "text"),
        ({"text": "  "}, "text"),
        ({"text": "x" * 2_001}, "text"),
        ({"text": "x", "kind": "rumour"}, "kind"),
    ],
)
def test_what_cannot_be_kept_is_refused_by_field(
    client: TestClient, body: dict[str, Any], param: str
) -> None:
    response = client.post("/api/memories", json=body)
    assert response.status_code == 400
    assert response.json()["error"]["param"] == param


def test_an_export_read_again_adds_nothing_and_elsewhere_everything(
    client: TestClient, build_app: BuildApp
) -> None:
    add(client, "Likes tea", kind="preference")
    add(client, "Lives in « Lyon »")
    response = client.get("/api/memories/export")
    assert response.headers["content-disposition"].startswith("attachment")
    file = response.json()
    assert client.post("/api/memories/import", json=file).json()["kept"] == 0
    client.post("/api/memories/forget-all")
    again = client.post("/api/memories/import", json=file)
    assert again.json() == {"kept": 2, "skipped": 0, "problems": []}
    assert client.get("/api/memories/export").json() == file


def test_a_bad_row_is_named_and_costs_no_other(client: TestClient) -> None:
    rows = [{"text": "Likes tea"}, {"text": ""}, 3, {"text": "Likes tea"}, {"kind": "fact"}]
    done = client.post("/api/memories/import", json={"version": 1, "memories": rows}).json()
    assert (done["kept"], done["skipped"]) == (1, 4)
    assert [problem["row"] for problem in done["problems"]] == [
        "memories.1",
        "memories.2",
        "memories.4",
    ]
    assert "text" in done["problems"][0]["message"]


@pytest.mark.parametrize(
    ("content", "param"),
    [
        ('{"version": 2, "memories": []}', "version"),
        ('{"memories": 3}', "memories"),
        ("{", "body"),
        ("[]", "body"),
        ("", "body"),
    ],
)
def test_another_file_is_refused_by_field(client: TestClient, content: str, param: str) -> None:
    response = client.post(
        "/api/memories/import", content=content, headers={"content-type": "application/json"}
    )
    assert response.status_code == 400
    assert response.json()["error"]["param"] == param


def test_links_of_a_file_lead_to_the_users_own_conversations_only(client: TestClient) -> None:
    rows = [{"text": "Likes tea", "conversation_id": "someone-elses", "turn_id": "1"}]
    client.post("/api/memories/import", json={"memories": rows})
    memory = client.get("/api/memories").json()["memories"][0]
    assert memory["conversation_id"] is memory["turn_id"] is None
