"""What a persona can be made of, whichever servers answer."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from chassis.tools import TOOLS
from tests.backend.apps import DEAD, app_with
from tests.backend.personas.servers import Answers, serving

VOICES = {"voices": [{"id": "gina", "name": "Gina", "language": "it-it"}]}
MODELS = {"object": "list", "data": [{"id": "qwen3", "object": "model"}]}
NEW = {"name": "Nova", "prompt": "You are Nova."}


@pytest.fixture
def servers() -> Iterator[Answers]:
    with serving(Answers()) as answers:
        answers.by_path |= {"/v1/audio/voices": (200, VOICES), "/v1/models": (200, MODELS)}
        yield answers


def test_voices_and_models_are_those_of_the_servers(servers: Answers, tmp_path: Path) -> None:
    with TestClient(app_with(tmp_path, servers.url, tts_api_key="the-key")) as client:
        told = client.get("/api/personas/options").json()
    (headers,) = [headers for path, headers, _ in servers.asked if path == "/v1/audio/voices"]
    assert headers["authorization"] == "Bearer the-key"
    assert told.pop("tools") == [{"name": n, "description": text} for n, text in TOOLS.items()]
    assert told == {
        "voices": VOICES["voices"],
        "languages": ["it-it"],
        "models": ["qwen3"],
        "image_generation": False,
        "missing": [],
    }


@pytest.mark.parametrize("answer", [(500, {}), (200, b"<html>"), (200, {"voices": "many"})])
def test_a_server_that_fails_leaves_its_part_empty(
    servers: Answers, tmp_path: Path, answer: tuple[int, object]
) -> None:
    servers.by_path["/v1/audio/voices"] = answer
    with TestClient(app_with(tmp_path, servers.url)) as client:
        told = client.get("/api/personas/options").json()
    assert (told["voices"], told["models"], told["missing"]) == ([], ["qwen3"], ["tts"])


def test_without_any_server_there_are_still_the_tools(tmp_path: Path) -> None:
    with TestClient(app_with(tmp_path, DEAD)) as client:
        told = client.get("/api/personas/options").json()
        assert (told["missing"], len(told["tools"])) == (["tts", "llm"], len(TOOLS))
        # Nobody can tell whether there is such a voice.
        made = client.post("/api/personas", json=NEW | {"voice": "someone"})
    assert made.status_code == 201


def test_a_voice_that_is_not_there_is_refused_for_persona_and_call(
    servers: Answers, tmp_path: Path
) -> None:
    with TestClient(app_with(tmp_path, servers.url)) as client:
        for path, body in (("/api/personas", NEW), ("/api/token", {})):
            refused = client.post(path, json=body | {"voice": "someone"})
            assert refused.status_code == 400
            assert refused.json()["error"]["param"] == "voice"
            assert refused.json()["error"]["code"] == "voice_not_found"
        made = client.post("/api/personas", json=NEW | {"voice": "gina"}).json()
        servers.by_path["/v1/audio/voices"] = (200, {"voices": []})
        url = f"/api/personas/{made['id']}"
        assert client.patch(url, json={"name": "Vega", "voice": "gina"}).status_code == 200
        assert client.patch(url, json={"voice": "nova"}).status_code == 200


def test_many_who_ask_are_one_question(servers: Answers, tmp_path: Path) -> None:
    with TestClient(app_with(tmp_path, servers.url)) as client:
        for _ in range(5):
            client.get("/api/personas/options")
    assert [path for path, _, _ in servers.asked].count("/v1/audio/voices") == 1
