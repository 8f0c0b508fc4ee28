"""Events of the SFU: only what it signed makes the watcher look sooner."""

import base64
import hashlib
import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from backend.rooms.webhooks import webhook_routes
from chassis.health import Health
from chassis.metrics import Metrics
from chassis.service import create_app
from chassis.settings import LiveKitSettings

SECRET = "0123456789abcdef0123456789abcdef"
BODY = b'{"event":"participant_left","room":{"name":"call-x"}}'
PATH = "/internal/livekit/webhook"


class Looks:
    count = 0

    def __call__(self) -> None:
        self.count += 1


@pytest.fixture
def looks() -> Looks:
    return Looks()


@pytest.fixture
def client(looks: Looks) -> Iterator[TestClient]:
    livekit = LiveKitSettings(url="ws://x", api_key="APItest", api_secret=SecretStr(SECRET))
    metrics = Metrics("backend")
    app = create_app("backend", metrics=metrics, health=Health("backend", metrics))
    app.include_router(webhook_routes(lambda: [livekit], looks))
    with TestClient(app) as client:
        yield client


def signed(body: bytes = BODY, secret: str = SECRET, **claims: Any) -> str:
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    whole = {"iss": "APItest", "exp": time.time() + 300, "sha256": digest} | claims
    return jwt.encode({k: v for k, v in whole.items() if v is not None}, secret, "HS256")


def test_what_the_sfu_signed_makes_it_look(client: TestClient, looks: Looks) -> None:
    response = client.post(PATH, content=BODY, headers={"authorization": signed()})
    assert response.status_code == 204
    assert looks.count == 1


@pytest.mark.parametrize(
    ("token", "body"),
    [
        ("", BODY),
        ("Bearer x", BODY),
        ("not.a.token", BODY),
        ("\xff\xfe", BODY),
        (signed(secret="another secret of enough characters"), BODY),
        (signed(), BODY + b" "),
        (signed(), b""),
        (signed(sha256=None), BODY),
        (signed(sha256="é"), BODY),
        (signed(iss="APIother"), BODY),
        (signed(exp=time.time() - 600), BODY),
        (signed(exp=None), BODY),
        (jwt.encode({"iss": "APItest", "exp": time.time() + 300}, "", "none"), BODY),
    ],
    ids=[
        "no token",
        "a bearer key",
        "no JWT",
        "no text",
        "another secret",
        "an altered body",
        "no body",
        "no hash",
        "a hash that is none",
        "another issuer",
        "old",
        "without an end",
        "unsigned",
    ],
)
def test_anything_else_is_refused(
    client: TestClient, looks: Looks, token: str, body: bytes
) -> None:
    response = client.post(PATH, content=body, headers={b"authorization": token.encode("latin-1")})
    assert response.status_code == 401
    assert response.json()["error"]["param"] == "Authorization"
    assert looks.count == 0
