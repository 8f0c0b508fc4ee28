"""Whose personas are whose."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from tests.backend.accounts.people import HERE, ORIGIN, Browser, set_up, signed_up
from tests.backend.apps import SERVICE_KEY, BuildApp

NEW = {"name": "Nova", "prompt": "You are Nova."}
AGENT = {"authorization": f"Bearer {SERVICE_KEY}"}


@pytest.fixture
def house(build_app: BuildApp) -> Iterator[tuple[Browser, Browser, Browser]]:
    """An admin, Ann and Ben."""
    app = build_app(auth="on", signup="open")
    with TestClient(app, base_url=ORIGIN, client=HERE) as client:
        yield set_up(client), signed_up(client, "ann"), signed_up(client, "ben")


def test_what_is_everybodys_is_changed_by_admins_alone(
    house: tuple[Browser, Browser, Browser],
) -> None:
    admin, ann, _ = house
    assert ann.get("/api/personas/atlas").json()["editable"] is False
    refused = ann.patch("/api/personas/atlas", {"style": "Mine."})
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "persona_shared")
    assert ann.delete("/api/personas/atlas").status_code == 403
    assert admin.patch("/api/personas/atlas", {"style": "Ours."}).status_code == 200
    assert ann.get("/api/personas/atlas").json()["style"] == "Ours."
    copy = ann.post("/api/personas/atlas/duplicate", {}).json()
    assert (copy["name"], copy["editable"], copy["shared"]) == ("Atlas 2", True, False)


def test_ones_own_personas_are_not_there_for_others(
    house: tuple[Browser, Browser, Browser],
) -> None:
    admin, ann, ben = house
    made = ann.post("/api/personas", NEW).json()
    url = f"/api/personas/{made['id']}"
    for other in (ben, admin):
        hidden = other.get(url)
        unknown = other.get("/api/personas/none")
        assert (hidden.status_code, unknown.status_code) == (404, 404)
        assert hidden.json()["error"]["message"] == unknown.json()["error"]["message"]
        assert other.patch(url, {"name": "Mine"}).status_code == 404
        assert other.post("/api/token", {"persona_id": made["id"]}).status_code == 404
        assert "Nova" not in other.get("/api/personas").text
    assert ben.post("/api/personas", NEW).status_code == 201  # the name is free for him


def test_an_import_that_names_anothers_persona_does_not_tell_its_name(
    house: tuple[Browser, Browser, Browser],
) -> None:
    _, ann, ben = house
    made = ann.post("/api/personas", NEW).json()
    file = ben.get("/api/me/export").json()
    noon = "2026-01-02T12:00:00Z"
    names = {"c1": made["id"], "c2": "atlas"}
    file["conversations"] = [
        {"id": id_, "channel": "web", "started_at": noon, "turns": [], "persona_id": persona}
        for id_, persona in names.items()
    ]
    assert ben.post("/api/me/import", file).json()["conversations"] == 2
    listed = ben.get("/api/conversations").json()["conversations"]
    assert {c["id"]: c["persona"] and c["persona"]["name"] for c in listed} == {
        "c1": None,
        "c2": "Atlas",
    }


def test_each_has_a_default_of_their_own_and_the_agent_is_told(
    house: tuple[Browser, Browser, Browser],
) -> None:
    _, ann, ben = house
    made = ann.post("/api/personas", NEW).json()
    assert ann.post(f"/api/personas/{made['id']}/default", {}).status_code == 204
    ann_id, ben_id = (browser.get("/api/me").json()["id"] for browser in (ann, ben))
    agent = Browser(ann.client, AGENT)

    def answers(user_id: str) -> str:
        told = agent.get(f"/internal/conversations/c1/context?user_id={user_id}").json()
        return str(told["persona"]["name"])

    assert (answers(ann_id), answers(ben_id)) == ("Nova", "Lumina")
    url = "/internal/personas/nova?user_id="
    assert agent.get(url + ann_id).status_code == 200
    assert agent.get(url + ben_id).status_code == 404
    ann.delete(f"/api/personas/{made['id']}")
    assert answers(ann_id) == "Lumina"
