"""A hub on loopback with one small model, and an empty models folder."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from chassis.weights.catalogue import Model
from chassis.weights.listing import RETRY_AFTER_S
from chassis.weights.settings import ModelStoreSettings
from chassis.weights.store import ModelStore
from tests.fakes.hub import FakeHub, fake_hub

REPO = "acme/tiny-ears"
MODEL = Model(
    id="tiny-ears",
    kind="stt",
    repo=REPO,
    files=("config.json", "model.bin", "vocabulary.*"),
    optional=("preprocessor_config.json",),
)
CONTENT = {
    "config.json": b'{"layers": 2}',
    "model.bin": random.Random(0).randbytes(1_000_000),
    "vocabulary.txt": b"one\ntwo\n",
    "README.md": b"not asked for",
}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many tries as ever, sooner one after another."""
    sooner = tuple(wait_s / 20 for wait_s in RETRY_AFTER_S)
    monkeypatch.setattr("chassis.weights.listing.RETRY_AFTER_S", sooner)


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with fake_hub() as hub:
        hub.repos[REPO] = dict(CONTENT)
        yield hub


@pytest.fixture
def store(hub: FakeHub, tmp_path: Path) -> ModelStore:
    return ModelStore(ModelStoreSettings(models_dir=tmp_path / "models", models_url=hub.url))
