"""A tiny model, its ONNX twin, and sounds to hear."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from inference.audio import RATE_HZ, Pcm
from inference.stt.export_onnx import export
from inference.stt.nemo_model import import_nemo
from tests.slow.stt import nemo_models


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Tiny models run fastest so."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A `.nemo` file."""
    import_nemo()
    return nemo_models.save(tmp_path_factory.mktemp("nemo") / "tiny.nemo")


@pytest.fixture(scope="session")
def onnx(tiny: Path) -> Path:
    """A folder for sherpa-onnx, in 8 bits, steps of 560 ms."""
    folder = tiny.parent / "onnx"
    export(tiny, folder, chunk_ms=560, report=quiet)
    return folder


@pytest.fixture(scope="session")
def sounds() -> list[Pcm]:
    """Each with its own rhythm, pitch and length."""
    return [sound(seed, 2.0 + 0.37 * seed) for seed in range(6)]


def quiet(line: str) -> None:
    """Progress that nobody reads."""


def sound(seed: int, length_s: float) -> Pcm:
    random = np.random.default_rng(seed)
    times = np.arange(int(length_s * RATE_HZ)) / RATE_HZ
    slow, fast = random.uniform(3, 9), random.uniform(10, 20)
    swell = (1 + np.sin(times * slow)) * (1 + np.sin(times * fast)) / 4
    pitch = random.uniform(150, 800) * (1 + 0.3 * np.sin(times * random.uniform(1, 4)))
    tone = np.sin(2 * np.pi * np.cumsum(pitch) / RATE_HZ)
    hiss = random.standard_normal(len(times))
    heard: Pcm = ((0.1 * hiss * swell + 0.2 * tone * swell[::-1]) * 32_767).astype(np.int16)
    return heard
