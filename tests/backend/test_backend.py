import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient
from livekit import api

from tests.backend.apps import SECRET, app_with

PAGE = "http://localhost:8080"


def claims(response: httpx2.Response) -> dict[str, Any]:
    """The token's claims, its signature checked by LiveKit's own verifier."""
    token = response.json()["participant_token"]
    api.TokenVerifier("APItest", SECRET).verify(token)
    body = token.split(".")[1]
    decoded: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return decoded


def test_a_token_opens_one_room_with_our_agent(client: TestClient, peers: str) -> None:
    response = client.post("/api/token", json={}, headers={"origin": PAGE})
    assert response.status_code == 201
    assert response.headers["cache-control"] == "no-store"
    body = response.json()
    assert body["server_url"] == peers.replace("http", "ws")
    token = claims(response)
    assert token["exp"] - token["nbf"] <= 601
    assert token["video"]["roomJoin"] is True
    assert token["video"]["canPublishSources"] == ["microphone"]
    assert not token["video"].get("canUpdateOwnMetadata")
    assert not token["video"].get("roomAdmin")
    (agent,) = token["roomConfig"]["agents"]
    assert agent["agentName"] == "parley"
    assert token["metadata"] == agent["metadata"]  # outlives a restart of the SFU
    metadata = json.loads(agent["metadata"])
    assert metadata["conversation_id"] == body["conversation_id"]
    assert metadata["channel"] == "web"


def test_every_token_has_its_own_unguessable_room(client: TestClient) -> None:
    tokens = [claims(client.post("/api/token", json={})) for _ in range(20)]
    rooms = {token["video"]["room"] for token in tokens}
    assert len(rooms) == 20
    assert len({token["sub"] for token in tokens}) == 20
    assert all(len(room) >= len("call-") + 22 for room in rooms)  # 128 bits in base64


def test_the_standard_clients_bodies_are_accepted(client: TestClient) -> None:
    assert client.post("/api/token").status_code == 201
    choice = {"room_config": {"agents": [{"agent_name": "parley"}]}}
    assert client.post("/api/token", json=choice).status_code == 201


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"room_name": "somebody-elses"}, "room_name"),
        ({"participant_identity": "admin"}, "participant_identity"),
        ({"participant_metadata": "{}"}, "participant_metadata"),
        ({"participant_attributes": {"a": "b"}}, "participant_attributes"),
        ({"room_config": {"agents": [{"agent_name": "x"}]}}, "room_config.agents.0.agent_name"),
        ({"room_config": {"agents": [{"metadata": "x"}]}}, "room_config.agents.0.metadata"),
        ({"room_config": {"max_participants": 99}}, "room_config.max_participants"),
        ({"room_config": {"agents": [{}, {}]}}, "room_config.agents"),
        ({"room_name": 5}, "room_name"),
        ([], "body"),
    ],
)
def test_a_client_may_not_choose(client: TestClient, body: Any, param: str) -> None:
    response = client.post("/api/token", json=body)
    assert response.status_code == 400
    assert response.json()["error"]["param"] == param


def test_a_foreign_page_gets_no_token(client: TestClient) -> None:
    for origin in ("https://evil.example", "http://localhost:9999", "null"):
        response = client.post("/api/token", json={}, headers={"origin": origin})
        assert response.status_code == 403
        assert response.json()["error"]["code"] == "origin_not_allowed"
        assert "access-control-allow-origin" not in response.headers


def test_an_allowed_origin_gets_one(tmp_path: Path, peers: str) -> None:
    app = app_with(tmp_path, peers, allowed_origins=["https://parley.home/"])
    with TestClient(app, base_url="https://parley.home") as client:
        headers = {"origin": "https://parley.home"}
        assert client.post("/api/token", json={}, headers=headers).status_code == 201


def test_simple_forms_and_gets_are_refused(client: TestClient) -> None:
    assert client.get("/api/token").status_code in (404, 405)
    plain = client.post("/api/token", content=b"{}", headers={"content-type": "text/plain"})
    assert plain.status_code == 400


def test_too_many_tokens_are_refused_with_a_time_to_wait(tmp_path: Path, peers: str) -> None:
    with TestClient(app_with(tmp_path, peers, tokens_per_minute=3)) as client:
        statuses = [client.post("/api/token", json={}).status_code for _ in range(4)]
        assert statuses == [201, 201, 201, 429]
        refused = client.post("/api/token", json={}, headers={"x-forwarded-for": "10.0.0.9"})
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 61


@pytest.fixture
def unreachable(tmp_path: Path) -> Iterator[TestClient]:
    """A backend whose polls have all failed."""
    with TestClient(app_with(tmp_path)) as client:
        for _ in range(500):
            services = client.get("/api/health").json()["services"]
            if all(s["state"] == "unready" for s in services if s["name"] != "database"):
                break
        yield client


def test_an_unreachable_sfu_is_said_before_the_call(unreachable: TestClient) -> None:
    response = unreachable.post("/api/token", json={})
    assert response.status_code == 503
    assert response.json()["error"]["code"] == "voice_server_unreachable"
    assert response.headers["retry-after"]


@pytest.fixture
def web_dir(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>Parley</title>")
    (tmp_path / "assets" / "app-1a2b.js").write_text("let x")
    (tmp_path / "favicon.svg").write_text("<svg/>")
    (tmp_path.parent / "secret.txt").write_text("secret")
    return tmp_path


def test_the_web_app_is_served_with_security_headers(web_dir: Path) -> None:
    client = TestClient(app_with(web_dir))
    for path in ("/", "/some/screen", "/" + "a" * 300):
        page = client.get(path)
        assert page.status_code == 200
        assert "<title>Parley" in page.text
        assert page.headers["cache-control"] == "no-cache"
    policy = page.headers["content-security-policy"]
    assert "connect-src 'self' ws://127.0.0.1:9 http://127.0.0.1:9;" in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["permissions-policy"].startswith("microphone=(self)")
    assert page.headers["x-content-type-options"] == "nosniff"
    asset = client.get("/assets/app-1a2b.js")
    assert "immutable" in asset.headers["cache-control"]
    assert client.get("/favicon.svg").text == "<svg/>"


@pytest.mark.parametrize(
    "path",
    ["/../secret.txt", "/%2e%2e/secret.txt", "/assets/../../secret.txt", "/assets/%2e%2e/%2e%2e/x"],
)
def test_nothing_outside_the_folder_is_served(web_dir: Path, path: str) -> None:
    assert "secret" not in TestClient(app_with(web_dir)).get(path).text


@pytest.mark.parametrize("path", ["/api/nothing", "/v1/nothing", "/internal/x", "/assets/none.js"])
def test_unknown_api_paths_are_not_pages(web_dir: Path, path: str) -> None:
    response = TestClient(app_with(web_dir)).get(path)
    assert response.status_code == 404
    assert response.json()["error"]["code"] == "not_found"


def test_a_missing_build_says_what_to_run(tmp_path: Path) -> None:
    response = TestClient(app_with(tmp_path)).get("/")
    assert response.status_code == 503
    assert "make run" in response.json()["error"]["message"]


def agent_metadata(response: httpx2.Response) -> dict[str, Any]:
    (agent,) = claims(response)["roomConfig"]["agents"]
    metadata: dict[str, Any] = json.loads(agent["metadata"])
    return metadata


def test_the_agent_of_a_plain_call_is_told_all_fields(client: TestClient) -> None:
    response = client.post("/api/token", json={})
    assert agent_metadata(response) == {
        "conversation_id": response.json()["conversation_id"],
        "user_id": "local",
        "channel": "web",
        "persona_id": None,
        "voice": None,
        "resume": False,
    }


def test_a_conversation_can_be_continued(agent: TestClient) -> None:
    agent.post(
        "/internal/conversations",
        json={
            "conversation_id": "c1",
            "channel": "web",
            "persona_id": "atlas",
            "started_at": "2026-01-02T12:00:00Z",
        },
    )
    a_page = {"authorization": ""}
    response = agent.post("/api/token", json={"conversation_id": "c1"}, headers=a_page)
    assert response.status_code == 201
    assert response.json()["conversation_id"] == "c1"
    metadata = agent_metadata(response)
    assert (metadata["resume"], metadata["persona_id"]) == (True, "atlas")
    changed = {"conversation_id": "c1", "persona_id": "Pepper"}
    other = agent.post("/api/token", json=changed, headers=a_page)
    assert agent_metadata(other)["persona_id"] == "pepper"


def test_a_persona_can_be_chosen(client: TestClient) -> None:
    metadata = agent_metadata(client.post("/api/token", json={"persona_id": "Atlas"}))
    assert (metadata["resume"], metadata["persona_id"]) == (False, "atlas")


@pytest.mark.parametrize("field", ["conversation_id", "persona_id"])
def test_what_is_not_there_cannot_be_chosen(client: TestClient, field: str) -> None:
    response = client.post("/api/token", json={field: "nothing"})
    assert response.status_code == 404
    assert response.json()["error"]["param"] == field
    assert client.post("/api/token", json={field: 5}).json()["error"]["param"] == field
