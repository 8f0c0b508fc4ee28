"""A tiny Kokoro in the files that its makers publish."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from inference.tts.kokoro import Kokoro
from tests.fakes.kokoro_torch_model import make_kokoro, tiny


@pytest.fixture(scope="session", autouse=True)
def small_decoders() -> Iterator[None]:
    with tiny():
        yield


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kokoro")
    make_kokoro(folder)
    return folder


@pytest.fixture(scope="session")
def engine(folder: Path) -> Iterator[Kokoro]:
    with Kokoro(model="kokoro-82m", folder=folder, device="cpu", threads=2) as engine:
        yield engine
