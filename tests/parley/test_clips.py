"""Rendering the agent's lines: by the real commands, once, and never a reason not to start."""

from pathlib import Path

import pytest

from parley import clips
from parley.environment import StackSettings


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "state" / "clips"
    monkeypatch.setattr(clips, "CLIPS_DIR", folder)
    monkeypatch.setattr(clips, "BUILT", folder / ".built-from")
    monkeypatch.setenv("PARLEY_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.delenv("TTS_PYTHON", raising=False)
    return folder


def _languages(folder: Path) -> set[str]:
    return {path.parent.name for path in folder.glob("*/*.pcm")}


async def test_lines_are_rendered_once(folder: Path) -> None:
    said: list[str] = []
    await clips.render_if_stale(StackSettings(), said.append)
    assert _languages(folder) == {"en", "fr"}
    assert said[-1].startswith("Rendering the agent's lines: done")
    said.clear()
    await clips.render_if_stale(StackSettings(), said.append)
    assert not said


async def test_lines_that_changed_are_rendered_again(folder: Path) -> None:
    await clips.render_if_stale(StackSettings(), lambda _: None)
    clips.BUILT.write_text("of other sources")
    said: list[str] = []
    await clips.render_if_stale(StackSettings(), said.append)
    assert said
    assert clips.is_built()


async def test_a_renderer_that_fails_is_told_and_stops_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TTS_PYTHON", "/nowhere/python")
    said: list[str] = []
    await clips.render_if_stale(StackSettings(), said.append)
    assert "chime" in said[-1]
    assert not clips.is_built()
