"""`house`: a client, at the backend's own machine, of a backend where people sign in."""

from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST
from fastapi.testclient import TestClient

from backend.accounts import passwords
from tests.backend.accounts.people import HERE, ORIGIN
from tests.backend.apps import BuildApp


@pytest.fixture
def build_app(build_app: BuildApp, monkeypatch: pytest.MonkeyPatch) -> BuildApp:
    """With passwords that are hashed in no time; `test_passwords.py` has the real ones."""
    monkeypatch.setattr(passwords, "PARAMETERS", CHEAPEST)
    nobodys = PasswordHasher.from_parameters(CHEAPEST).hash("nobody's")
    monkeypatch.setattr(passwords, "NOBODYS", nobodys)
    return build_app


@pytest.fixture
def house(build_app: BuildApp) -> Iterator[TestClient]:
    app = build_app(auth="on", signup="open")
    with TestClient(app, base_url=ORIGIN, client=HERE) as client:
        yield client
