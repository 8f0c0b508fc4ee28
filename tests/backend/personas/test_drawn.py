"""Pictures drawn by a generator, and what it can do wrong."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.backend.apps import app_with
from tests.backend.personas.pictures import picture_file
from tests.backend.personas.servers import Answers, serving

PATH = "/v1/images/generations"
URL = "/api/personas/atlas/image/generate"
WISH = {"description": "an old globe"}


def drawn(data: bytes) -> dict[str, Any]:
    return {"created": 1, "data": [{"b64_json": base64.b64encode(data).decode()}]}


@pytest.fixture
def generator() -> Iterator[Answers]:
    with serving(Answers()) as answers:
        answers.by_path[PATH] = (200, drawn(picture_file((1024, 1024))))
        yield answers


@pytest.fixture
def client(generator: Answers, tmp_path: Path) -> Iterator[TestClient]:
    app = app_with(
        tmp_path,
        images_url=f"{generator.url}/v1",
        images_api_key="the-key",
        images_model="flux",
    )
    with TestClient(app) as client:
        yield client


def test_a_description_becomes_the_personas_picture(client: TestClient, generator: Answers) -> None:
    assert client.get("/api/personas/options").json()["image_generation"] is True
    shown = client.post(URL, json=WISH).json()
    assert client.get(shown["image_url"]).headers["content-type"] == "image/webp"
    ((headers, body),) = [(h, b) for path, h, b in generator.asked if path == PATH]
    assert headers["authorization"] == "Bearer the-key"
    assert (body["model"], body["n"], body["response_format"]) == ("flux", 1, "b64_json")
    assert body["prompt"].endswith("an old globe")


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        ((400, {"error": {"message": "not that"}}), 400, "image_refused"),
        ((401, {}), 503, "image_generator_failed"),
        ((500, b"oh"), 503, "image_generator_failed"),
        ((200, {"data": []}), 503, "image_generator_failed"),
        ((200, {"data": [{"url": "https://else.example/x.png"}]}), 503, "image_generator_failed"),
        ((200, {"data": [{"b64_json": "!!"}]}), 503, "image_generator_failed"),
        ((200, drawn(b"no picture")), 400, "image_refused"),
    ],
)
def test_what_a_generator_does_wrong_has_a_code(
    client: TestClient, generator: Answers, answer: Any, status: int, code: str
) -> None:
    generator.by_path[PATH] = answer
    refused = client.post(URL, json=WISH)
    assert (refused.status_code, refused.json()["error"]["code"]) == (status, code)
    assert client.get("/api/personas/atlas").json()["image_url"] is None


def test_a_description_is_needed(client: TestClient) -> None:
    for body in ({}, {"description": " "}, {"description": "x" * 1_001}):
        refused = client.post(URL, json=body)
        assert (refused.status_code, refused.json()["error"]["param"]) == (400, "description")


def test_without_a_generator_there_is_none(tmp_path: Path) -> None:
    with TestClient(app_with(tmp_path)) as client:
        assert client.get("/api/personas/options").json()["image_generation"] is False
        refused = client.post(URL, json=WISH)
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "image_generation_off")
