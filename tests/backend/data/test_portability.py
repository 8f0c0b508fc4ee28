"""All of a user's data: taken away, brought elsewhere, forgotten for good."""

import base64
import io
import json
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from tests.backend.apps import SERVICE_KEY, BuildApp

BEARER = {"authorization": f"Bearer {SERVICE_KEY}"}
NOON = "2026-01-02T12:00:00Z"


def png(colour: str = "red") -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (64, 64), colour).save(made, "PNG")
    return made.getvalue()


def talk(client: TestClient, conversation: str, *texts: str, user_id: str = "local") -> None:
    """A call of that user, as the agent records it."""
    new = {"conversation_id": conversation, "channel": "web", "started_at": NOON}
    new["user_id"] = user_id
    told = client.post("/internal/conversations", json=new, headers=BEARER)
    assert told.status_code in (200, 201), told.text
    for number, text in enumerate(texts):
        turn = {
            "role": "assistant" if number % 2 else "user",
            "text": text,
            "started_at": f"2026-01-02T12:00:{number % 60:02}Z",
            "confidence": 0.5,
            "timing": {"e2e_latency_s": 0.4},
            "tools": [{"name": "lookup", "arguments": {"q": text}, "result": [text]}],
        }
        headers = BEARER | {"idempotency-key": f"{conversation} {number}"}
        path = f"/internal/conversations/{conversation}/turns"
        assert client.post(path, json=turn, headers=headers).status_code == 201
    summary = {"text": f"Summary of {' '.join(texts)}"[:1000]}
    client.put(f"/internal/conversations/{conversation}/summary", json=summary, headers=BEARER)
    end = {"reason": "user_left", "ended_at": "2026-01-02T12:05:00Z"}
    client.post(f"/internal/conversations/{conversation}/end", json=end, headers=BEARER)


def live(client: TestClient) -> None:
    """Something of everything."""
    talk(client, "c1", "Hello", "Hi « there »", "Goodbye\u0000 \U0001f642")
    talk(client, "c2")
    client.patch("/api/conversations/c1", json={"title": "First words"})
    memory = {"text": "Likes tea", "kind": "fact", "conversation_id": "c1", "turn_key": "c1 0"}
    kept = client.post(
        "/internal/memories", json=memory, headers=BEARER | {"idempotency-key": "m1"}
    )
    assert kept.status_code == 201
    client.post("/api/memories", json={"text": "Lives in Lyon", "kind": "preference"})
    persona = client.post(
        "/api/personas", json={"name": "Nova", "prompt": "Be kind.", "tools": [], "greeting": "Hey"}
    )
    assert persona.status_code == 201
    image = client.put(
        f"/api/personas/{persona.json()['id']}/image",
        content=png(),
        headers={"content-type": "image/png"},
    )
    assert image.status_code == 200


def exported(client: TestClient) -> Any:
    response = client.get("/api/me/export")
    assert response.status_code == 200
    assert "attachment" in response.headers["content-disposition"]
    return response.json()


def imported(client: TestClient, file: Any) -> Any:
    response = client.post("/api/me/import", json=file)
    assert response.status_code == 200, response.text
    return response.json()


def without_images(file: Any) -> Any:
    """What a picture is made anew from is the same picture, not the same bytes; and a persona's
    id is new when it was another's, as everybody's ids are on another server."""
    plain = json.loads(json.dumps(file))
    plain.pop("exported_at")
    plain.pop("user")
    for persona in plain["personas"]:
        persona["image"] = persona["image"] and persona["image"]["content_type"]
        persona.pop("id")
    return plain


def forget(client: TestClient) -> None:
    response = client.post("/api/me/forget", json={"confirm": "local"})
    assert response.status_code == 204, response.text


def test_an_export_has_everything_of_the_user(client: TestClient) -> None:
    live(client)
    file = exported(client)
    assert file["version"] == 1
    assert file["user"]["login"] == "local"
    assert [c["id"] for c in file["conversations"]] == ["c1", "c2"]
    first = file["conversations"][0]
    assert first["title"] == "First words"
    assert [t["text"] for t in first["turns"]] == ["Hello", "Hi « there »", "Goodbye\0 \U0001f642"]
    assert first["turns"][0]["tools"][0]["result"] == ["Hello"]
    assert first["turns"][0]["timing"] == {"e2e_latency_s": 0.4}
    assert {m["text"] for m in file["memories"]} == {"Likes tea", "Lives in Lyon"}
    persona = file["personas"][0]
    picture = Image.open(io.BytesIO(base64.b64decode(persona["image"]["data"])))
    assert picture.format == "WEBP"


def test_what_is_read_back_is_what_was_written(client: TestClient) -> None:
    live(client)
    file = exported(client)
    again = {"personas": 0, "conversations": 0, "memories": 0, "skipped": 5, "problems": []}
    assert imported(client, file) == again
    assert without_images(exported(client)) == without_images(file)


def test_a_file_is_brought_to_another_server(client: TestClient, build_app: BuildApp) -> None:
    rows = [{"text": "Likes tea", "conversation_id": "a", "turn_id": "t1"}]
    turn = {"id": "t1", "role": "user", "text": "I like tea", "started_at": NOON}
    conversation = {"id": "a", "channel": "web", "started_at": NOON}
    conversation["turns"] = [turn | {"recorded_at": NOON}]  # type: ignore[assignment]
    file = {"version": 1, "conversations": [conversation], "memories": rows}
    done = imported(client, file)
    assert (done["conversations"], done["memories"], done["skipped"]) == (1, 1, 0)
    memory = client.get("/api/memories").json()["memories"][0]
    assert (memory["conversation_id"], memory["turn_id"]) == ("a", "t1")
    told = client.get("/api/conversations/a").json()
    assert [t["text"] for t in told["turns"]] == ["I like tea"]


def test_what_was_forgotten_comes_back_from_a_file(client: TestClient) -> None:
    live(client)
    file = exported(client)
    forget(client)
    assert exported(client)["conversations"] == exported(client)["memories"] == []
    for expected in ((2, 2, 1), (0, 0, 0)):
        done = imported(client, file)
        assert (done["conversations"], done["memories"], done["personas"]) == expected
    again = exported(client)
    assert [c["title"] for c in again["conversations"]] == ["First words", None]
    # Under ids of their own: what comes late of the old ones is dropped.
    assert "c1" not in [c["id"] for c in again["conversations"]]
    linked = next(m for m in again["memories"] if m["text"] == "Likes tea")
    assert linked["conversation_id"] == again["conversations"][0]["id"]
    assert linked["turn_id"] in [t["id"] for t in again["conversations"][0]["turns"]]


def test_a_conversation_that_has_the_id_of_a_user_becomes_another(client: TestClient) -> None:
    live(client)
    row = {"id": "local", "channel": "web", "started_at": NOON}
    assert imported(client, {"version": 1, "conversations": [row]})["conversations"] == 1
    ids = [conversation["id"] for conversation in exported(client)["conversations"]]
    assert len(ids) == 3
    assert "local" not in ids
    for id_ in ids:
        assert client.delete(f"/api/conversations/{id_}").status_code == 204
    # Deleting it took no memories, and left no word that the user is gone.
    assert len(exported(client)["memories"]) == 2
    talk(client, "c3", "Hello again")


@pytest.mark.parametrize(
    ("rows", "where", "field"),
    [
        ({"conversations": [{"id": "a", "channel": "fax", "started_at": NOON}]}, 0, "channel"),
        ({"conversations": [3]}, 0, "dictionary"),
        ({"conversations": [{"id": "a", "channel": "web", "started_at": NOON, "turns": [
            {"id": "t", "role": "user", "text": "Hi", "started_at": NOON, "recorded_at": NOON,
             "tools": [3]}]}]}, 0, "tools"),
        ({"personas": [{"id": "p", "name": "Nova", "prompt": ""}]}, 0, "prompt"),
        ({"personas": [{"id": "p", "name": "N", "prompt": "x", "tools": ["rm"]}]}, 0, "tools"),
        ({"memories": [{"text": "fine"}, {"text": 3}]}, 1, "text"),
        (
            {"personas": [{"id": "p", "name": "N", "prompt": "x", "image": {
                "content_type": "image/png", "data": "AAAA"}}]},
            0,
            "picture",
        ),
    ],
)  # fmt: skip
def test_a_bad_row_is_named_and_costs_no_other(
    client: TestClient, rows: dict[str, list[Any]], where: int, field: str
) -> None:
    (name,) = rows
    done = imported(client, {"version": 1} | rows)
    assert done["skipped"] == 1
    assert done["problems"][0]["row"] == f"{name}.{where}"
    assert field in done["problems"][0]["message"]


@pytest.mark.parametrize("file", [{}, {"version": 2}, {"version": 1, "memories": {}}])
def test_another_file_is_refused(client: TestClient, file: Any) -> None:
    response = client.post("/api/me/import", json=file)
    assert response.status_code == 400
    assert response.json()["error"]["param"] in ("version", "memories")


def test_it_is_forgotten_only_when_meant(client: TestClient) -> None:
    live(client)
    response = client.post("/api/me/forget", json={"confirm": "yes"})
    assert response.status_code == 400
    assert response.json()["error"]["param"] == "confirm"
    assert exported(client)["memories"] != []


def test_nothing_of_the_local_user_is_left_and_one_goes_on(client: TestClient) -> None:
    live(client)
    client.patch("/api/me", json={"preferred_name": "Sam", "memory_policy": "ask"})
    forget(client)
    file = exported(client)
    assert file["conversations"] == file["memories"] == file["personas"] == []
    assert file["user"]["preferred_name"] is None
    assert file["user"]["memory_policy"] == "auto"
    late = client.put("/internal/conversations/c1/summary", json={"text": "late"}, headers=BEARER)
    assert late.status_code == 404
    assert late.json()["error"]["code"] == "forgotten"
    talk(client, "c3", "Hello again")
    client.post("/api/memories", json={"text": "Likes tea"})
    assert [m["text"] for m in exported(client)["memories"]] == ["Likes tea"]
