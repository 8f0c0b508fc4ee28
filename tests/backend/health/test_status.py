"""`GET /api/health`: who is told what, and what to do."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from backend.health.status import overall
from chassis.advice import FIXES
from chassis.health import Health
from chassis.metrics import Metrics
from chassis.version import VERSION
from tests.backend.apps import SERVICE_KEY, BuildApp, app_with

DEAD_NAMES = {"sfu", "stt", "llm", "tts", "embedded", "agent"}


def seen_unready(client: TestClient, **headers: str) -> dict[str, Any]:
    """The health once every poll has failed."""
    for _ in range(500):
        body: dict[str, Any] = client.get("/api/health", headers=headers).json()
        states = {s["name"]: s["state"] for s in body["services"]}
        if all(states[name] == "unready" for name in DEAD_NAMES):
            return body
    raise AssertionError(f"not all are seen unready: {states}")


@pytest.fixture
def unreachable(tmp_path: Path) -> Iterator[TestClient]:
    with TestClient(app_with(tmp_path)) as client:
        yield client


def test_every_service_that_is_away_has_a_reason_a_code_and_a_fix(
    unreachable: TestClient,
) -> None:
    body = seen_unready(unreachable)
    assert (body["status"], body["version"]) == ("unready", VERSION)
    services = {s["name"]: s for s in body["services"]}
    assert services.pop("database")["code"] is None
    assert set(services) == DEAD_NAMES
    assert services["sfu"]["code"] == "sfu_unreachable"
    for service in services.values():
        assert service["last_error"]
        assert service["fix"] == FIXES[service["code"]]
    assert unreachable.get("/health/ready").status_code == 503
    assert unreachable.get("/health/live").status_code == 200


def test_a_visitor_is_told_states_but_no_reasons(tmp_path: Path) -> None:
    with TestClient(app_with(tmp_path, auth="on")) as client:
        told = seen_unready(client)
        assert all(s["last_error"] is None and s["fix"] is None for s in told["services"])
        assert all(s["code"] for s in told["services"] if s["name"] != "database")
        wrong = seen_unready(client, authorization="Bearer nonsense")
        assert all(s["last_error"] is None for s in wrong["services"])
        doctor = seen_unready(client, authorization=f"Bearer {SERVICE_KEY}")
        assert all(s["last_error"] for s in doctor["services"] if s["name"] != "database")


def test_what_is_set_up_besides_is_watched_too(tmp_path: Path) -> None:
    app = app_with(
        tmp_path, images_url="http://127.0.0.1:9/v1", limits_url="async+redis://127.0.0.1:9"
    )
    with TestClient(app) as client:
        seen_unready(client)
        codes = {s["name"]: s["code"] for s in client.get("/api/health").json()["services"]}
    assert (codes["images"], codes["limits"]) == ("images_unreachable", "limits_unreachable")


def test_all_ready_is_ready(build_app: BuildApp) -> None:
    with TestClient(build_app()) as client:
        body = client.get("/api/health").json()
    assert body["status"] == "ready"
    assert all(s["code"] is None and s["latency_ms"] is not None for s in body["services"])


def test_degraded_means_calls_still_work() -> None:
    async def fine() -> None: ...

    health = Health("backend", Metrics("backend"))
    for name in ("sfu", "stt", "agent"):
        health.watch(name, fine, required=name == "sfu")
        health.dependencies[name].state = "ready"
    assert overall(health) == "ready"
    health.dependencies["stt"].state = "unready"
    assert overall(health) == "degraded"
    health.dependencies["agent"].state = "unready"
    assert overall(health) == "unready"


def test_strangers_are_not_told_why_it_is_not_ready(tmp_path: Path) -> None:
    with TestClient(app_with(tmp_path, auth="on")) as client:  # from elsewhere
        told = client.get("/health/ready")
        service = client.get("/health/ready", headers={"authorization": f"Bearer {SERVICE_KEY}"})
    assert told.status_code == service.status_code == 503
    assert {each["last_error"] for each in told.json()["dependencies"]} == {None}
    assert any(each["last_error"] for each in service.json()["dependencies"])
