"""`POST /api/token` for somebody: whose conversation, whose persona, which voice."""

import base64
import json
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient

from backend.calls.open_calls import is_of
from tests.backend.apps import SERVICE_KEY, BuildApp

BAD_KEY = {"authorization": "Bearer nonsense"}
OLD, NEW = "o" * 32, "n" * 32


def claims(response: httpx2.Response) -> dict[str, Any]:
    assert response.status_code == 201, response.text
    body = response.json()["participant_token"].split(".")[1]
    told: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return told


def dispatch(response: httpx2.Response) -> dict[str, Any]:
    (agent,) = claims(response)["roomConfig"]["agents"]
    told: dict[str, Any] = json.loads(agent["metadata"])
    return told


def test_the_room_is_the_users_and_the_agent_knows_whose(client: TestClient) -> None:
    response = client.post("/api/token", json={"voice": "nova"})
    assert is_of(claims(response)["video"]["room"], "local")
    told = dispatch(response)
    assert (told["user_id"], told["voice"], told["persona_id"]) == ("local", "nova", None)


def test_another_users_conversation_is_as_unknown_as_none(agent: TestClient) -> None:
    theirs = {
        "conversation_id": "theirs",
        "user_id": "somebody",
        "channel": "web",
        "started_at": "2026-01-02T12:00:00Z",
    }
    assert agent.post("/internal/conversations", json=theirs).status_code == 201
    errors = [
        agent.post("/api/token", json={"conversation_id": id_}).json()["error"]
        for id_ in ("theirs", "none")
    ]
    assert [error.pop("request_id") != "" for error in errors] == [True, True]
    assert errors[0] == errors[1]
    assert errors[0]["code"] == "not_found"


def test_ones_own_persona_goes_before_everybodys_of_that_name(client: TestClient) -> None:
    mine = client.post("/api/personas", json={"name": "Atlas", "prompt": "You are mine."}).json()
    assert (
        dispatch(client.post("/api/token", json={"persona_id": "ATLAS"}))["persona_id"]
        == (mine["id"])
    )


@pytest.mark.parametrize("field", ["voice", "ticket"])
def test_a_wrong_field_is_named(client: TestClient, field: str) -> None:
    for value in ("", "x" * 65, 5):
        response = client.post("/api/token", json={field: value})
        assert (response.status_code, response.json()["error"]["param"]) == (400, field)


def test_nobody_gets_a_token_before_signing_in(build_app: BuildApp) -> None:
    with TestClient(build_app(auth="on")) as client:
        response = client.post("/api/token", json={})
    assert response.status_code == 401
    assert response.json()["error"]["code"] == "not_signed_in"


def test_refusals_are_counted_by_their_code(build_app: BuildApp) -> None:
    with TestClient(build_app(max_calls=1)) as client:
        assert client.post("/api/token", json={}).status_code == 201
        busy = client.post("/api/token", json={"ticket": "one"})
        assert (busy.status_code, busy.json()["error"]["code"]) == (503, "lines_busy")
        assert busy.json()["error"]["details"]["position"] == 1
        assert busy.headers["retry-after"] == "2"
        again = client.post("/api/token", json={"ticket": "another"})
        assert again.json()["error"]["details"]["position"] == 2
        metrics = client.get("/metrics").text
    assert 'parley_backend_tokens_refused_total{code="lines_busy"} 2.0' in metrics
    assert "parley_backend_calls_waiting 2.0" in metrics


def test_a_new_key_signs_the_next_token(
    build_app: BuildApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.calls.keys.LOOK_EVERY_S", 0)
    file = tmp_path / "keys.yaml"
    file.write_text(f"APIold: {OLD}\n")
    with TestClient(build_app(livekit_key_file=file)) as client:
        assert claims(client.post("/api/token", json={}))["iss"] == "APIold"
        file.write_text(f"APInew: {NEW}\nAPIold: {OLD}\n")
        assert claims(client.post("/api/token", json={}))["iss"] == "APInew"


def test_the_doctor_may_call_and_leaves_nothing_behind(build_app: BuildApp) -> None:
    key = {"authorization": f"Bearer {SERVICE_KEY}"}
    with TestClient(build_app(auth="on")) as client:
        assert client.post("/api/token", json={}, headers=BAD_KEY).status_code == 401
        told = dispatch(client.post("/api/token", json={}, headers=key))
        begun = {
            "conversation_id": told["conversation_id"],
            "user_id": told["user_id"],
            "channel": "web",
            "started_at": "2026-01-02T12:00:00Z",
        }
        refused = client.post("/internal/conversations", json=begun, headers=key)
    assert refused.status_code == 404
    assert refused.json()["error"]["code"] == "forgotten"
