"""llama-server is built from what requirements/ pins, and kept where every checkout finds it."""

from pathlib import Path

import pytest

from parley import llama_build
from parley.build_step import SetupFailed

PINNED = "other==1.0 \\\n    --hash=sha256:aa\nllama-cpp-python==0.3.36 \\\n    --hash=sha256:bb\n"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


def quiet(line: str) -> None:
    """Progress that nobody reads."""


def test_the_version_and_its_hashes_are_those_of_the_requirements() -> None:
    version, line = llama_build.pinned(PINNED)
    assert (version, line) == ("0.3.36", "llama-cpp-python==0.3.36 \\\n    --hash=sha256:bb")
    assert llama_build.pinned(llama_build.PINS.read_text())
    with pytest.raises(SetupFailed, match="does not pin"):
        llama_build.pinned("other==1.0 \\\n    --hash=sha256:aa\n")


async def test_what_was_built_is_not_built_again(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")  # with what?
    version, _ = llama_build.pinned(llama_build.PINS.read_text())
    server = cache / "parley" / f"llama.cpp-{version}" / "bin" / "llama-server"
    server.parent.mkdir(parents=True)
    server.touch()
    assert await llama_build.obtain(quiet) == server


async def test_what_is_missing_to_build_it_is_named(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SetupFailed) as refused:
        await llama_build.obtain(quiet)
    for word in ("cmake", "g++", "ninja-build", "LLM_LLAMA_SERVER_BIN"):
        assert word in str(refused.value)


def test_progress_is_told_no_more_often_than_once_a_minute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[str] = []
    tell = llama_build._patient(said.append)
    tell("Building llama-server (log: here)")
    for seconds in (10, 20):
        tell(f"Building llama-server: {seconds} s")
    tell("Building llama-server: done in 25 s")
    assert said == ["Building llama-server (log: here)", "Building llama-server: done in 25 s"]
    monkeypatch.setattr(llama_build, "PROGRESS_EVERY_S", 0.0)
    tell("Building llama-server: 60 s")
    assert len(said) == 3
