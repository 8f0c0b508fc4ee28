"""`/api/personas`, as the web app uses it."""

import io
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from tests.backend.personas.pictures import picture_file

NEW = {"name": "Nova", "prompt": "You are Nova."}
PNG = {"content-type": "image/png"}


def create(client: TestClient, **fields: Any) -> dict[str, Any]:
    response = client.post("/api/personas", json=NEW | fields)
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    return made


def names(client: TestClient) -> list[str]:
    return [p["name"] for p in client.get("/api/personas").json()["personas"]]


def default_of(client: TestClient) -> list[str]:
    return [p["id"] for p in client.get("/api/personas").json()["personas"] if p["is_default"]]


def test_three_personas_are_there_from_the_start_and_lumina_answers(client: TestClient) -> None:
    personas = client.get("/api/personas").json()["personas"]
    assert [p["name"] for p in personas] == ["Atlas", "Lumina", "Pepper"]
    assert all(p["shared"] and p["editable"] and p["image_url"] is None for p in personas)
    assert default_of(client) == ["lumina"]


def test_a_new_persona_is_the_users_own_and_can_be_changed(client: TestClient) -> None:
    made = create(client, name="  Nova   Prime ", style="Dry.", tools=["get_time", "get_time"])
    assert (made["name"], made["tools"]) == ("Nova Prime", ["get_time"])
    assert (made["shared"], made["editable"], made["is_default"]) == (False, True, False)
    assert client.get(f"/api/personas/{made['id']}").json() == made
    changed = client.patch(
        f"/api/personas/{made['id']}", json={"name": "Vega", "style": "", "tools": None}
    ).json()
    assert (changed["name"], changed["style"], changed["tools"]) == ("Vega", "", None)
    assert changed["prompt"] == made["prompt"]
    assert changed["updated_at"] >= made["updated_at"]


def test_a_change_of_nothing_changes_nothing(client: TestClient) -> None:
    made = create(client, temperature=0.5, greeting="Hello.")
    same = client.patch(f"/api/personas/{made['id']}", json={}).json()
    assert same | {"updated_at": None} == made | {"updated_at": None}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "   "),
        ("name", "a\nb\x00"),
        ("name", "x" * 65),
        ("name", None),
        ("prompt", ""),
        ("prompt", " \n "),
        ("prompt", "x" * 8_001),
        ("style", None),
        ("language", "English!"),
        ("temperature", 2.1),
        ("temperature", "nan"),
        ("tools", ["launch_rockets"]),
        ("interruption_mode", "never"),
        ("interruption_words", 0),
        ("interruption_words", None),
        ("is_default", True),
        ("id", "mine"),
    ],
)
def test_a_wrong_field_is_named(client: TestClient, field: str, value: object) -> None:
    made = create(client)
    for response in (
        client.post("/api/personas", json=NEW | {"name": "Other"} | {field: value}),
        client.patch(f"/api/personas/{made['id']}", json={field: value}),
    ):
        assert response.status_code == 400, field
        assert response.json()["error"]["param"].split(".")[0] == field


def test_a_name_is_taken_in_any_case(client: TestClient) -> None:
    made = create(client)
    taken = client.post("/api/personas", json=NEW | {"name": "NOVA"})
    assert taken.status_code == 409
    assert taken.json()["error"] | {"request_id": ""} == {
        "message": "there is a persona of that name",
        "type": "invalid_request_error",
        "param": "name",
        "code": "name_taken",
        "details": None,
        "request_id": "",
    }
    other = create(client, name="Vega")
    renamed = client.patch(f"/api/personas/{other['id']}", json={"name": "nova"})
    assert renamed.status_code == 409
    assert client.patch(f"/api/personas/{made['id']}", json={"name": "nova"}).status_code == 200


def test_a_copy_has_the_next_free_name_and_the_picture(client: TestClient) -> None:
    client.put("/api/personas/lumina/image", content=picture_file(), headers=PNG)
    first, second = (client.post("/api/personas/lumina/duplicate").json() for _ in range(2))
    assert (first["name"], second["name"]) == ("Lumina 2", "Lumina 3")
    assert first["prompt"].startswith("You are Lumina")
    assert (first["shared"], first["is_default"]) == (False, False)
    assert client.get(first["image_url"]).status_code == 200
    long = create(client, name="x" * 64)
    assert client.post(f"/api/personas/{long['id']}/duplicate").json()["name"] == "x" * 62 + " 2"


def test_a_user_chooses_who_answers_and_loses_it_with_the_persona(client: TestClient) -> None:
    made = create(client)
    assert client.post(f"/api/personas/{made['id']}/default").status_code == 204
    assert default_of(client) == [made["id"]]
    assert client.delete(f"/api/personas/{made['id']}").status_code == 204
    assert default_of(client) == ["lumina"]
    assert client.get(f"/api/personas/{made['id']}").status_code == 404


def test_the_last_who_could_answer_stays(client: TestClient) -> None:
    assert client.delete("/api/personas/atlas").status_code == 204
    refused = client.delete("/api/personas/lumina")
    assert refused.status_code == 409
    assert refused.json()["error"]["code"] == "persona_is_default"
    assert names(client) == ["Lumina", "Pepper"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "/duplicate"),
        ("POST", "/default"),
        ("GET", "/image"),
        ("PUT", "/image"),
        ("DELETE", "/image"),
        ("POST", "/image/generate"),
    ],
)
def test_an_unknown_persona_is_not_found(client: TestClient, method: str, path: str) -> None:
    body = {"description": "x"} if path.endswith("generate") else {}
    response = client.request(method, f"/api/personas/nobody{path}", json=body)
    assert response.status_code == 404
    assert response.json()["error"]["param"] == "persona_id"


def test_a_picture_is_shown_by_an_address_that_may_be_kept(client: TestClient) -> None:
    url = "/api/personas/atlas/image"
    assert client.get(url).json()["error"]["code"] == "no_image"
    shown = client.put(url, content=picture_file((700, 500)), headers=PNG).json()
    answer = client.get(shown["image_url"])
    assert answer.headers["content-type"] == "image/webp"
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert Image.open(io.BytesIO(answer.content)).size == (512, 512)
    assert client.get(url).headers["cache-control"] == "private, no-cache"
    other = client.put(url, content=picture_file(colour="green"), headers=PNG).json()
    assert other["image_url"] != shown["image_url"]
    assert "immutable" not in client.get(shown["image_url"]).headers["cache-control"]
    assert client.delete(url).status_code == 204
    assert client.get("/api/personas/atlas").json()["image_url"] is None
    assert client.delete(url).status_code == 204


def test_only_pictures_of_a_bearable_size_are_taken(client: TestClient) -> None:
    url = "/api/personas/atlas/image"
    assert client.put(url, content=picture_file(), headers={"content-type": "text/html"})
    svg = client.put(url, content=b"<svg/>", headers={"content-type": "image/svg+xml"})
    assert (svg.status_code, svg.json()["error"]["param"]) == (400, "Content-Type")
    damaged = client.put(url, content=b"<svg/>", headers=PNG)
    assert damaged.json()["error"]["code"] == "image_refused"
    fits = client.put(url, content=picture_file() + bytes(4_000_000), headers=PNG)
    assert fits.status_code == 200
    assert client.put(url, content=bytes(5_000_001), headers=PNG).status_code == 413
