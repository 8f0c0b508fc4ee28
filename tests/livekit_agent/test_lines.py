"""The fixed sentences: all there, in every language, and rendered at build."""

import json
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from livekit_agent.lines import LINES, LineKey, clip_file, language_of_lines, line
from tests.processes import ROOT


@pytest.mark.parametrize("language", sorted(LINES))
def test_every_language_has_every_line(language: str) -> None:
    assert set(LINES[language]) == set(get_args(LineKey))
    assert all(text.endswith((".", "?")) for text in LINES[language].values())


@pytest.mark.parametrize(
    ("asked", "spoken"),
    [("en", "en"), ("en-GB", "en"), ("fr_CA", "fr"), ("FR", "fr"), ("de", "en"), ("", "en")],
)
def test_a_language_without_lines_gets_english(asked: str, spoken: str) -> None:
    assert language_of_lines(asked) == spoken
    assert line("one_moment", asked) == LINES[spoken]["one_moment"]


def test_a_reworded_line_gets_another_file(monkeypatch: pytest.MonkeyPatch) -> None:
    before = clip_file("searching", "en")
    monkeypatch.setitem(LINES["en"], "searching", "Looking.")
    assert clip_file("searching", "en") != before
    assert clip_file("searching", "en").parent == before.parent


def _renderer(lines: str, out: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "inference.tts.render_lines", "--out", str(out)],
        input=lines,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_build_renders_only_what_is_missing(tmp_path: Path) -> None:
    sound = tmp_path / "en" / "a.pcm"
    line_ = [{"file": "en/a.pcm", "language": "en", "text": "One moment, please."}]
    assert _renderer(json.dumps(line_), tmp_path).returncode == 0
    assert 48_000 < sound.stat().st_size < 96_000
    sound.write_bytes(b"kept")
    assert _renderer(json.dumps(line_), tmp_path).returncode == 0
    assert sound.read_bytes() == b"kept"
    assert [path.name for path in sound.parent.iterdir()] == ["a.pcm"]


@pytest.mark.parametrize("lines", ["", "{}", '[{"file": "a.pcm"}]'])
def test_the_build_says_what_is_wrong_with_its_input(tmp_path: Path, lines: str) -> None:
    done = _renderer(lines, tmp_path)
    assert done.returncode == 2
    assert "no list of lines" in done.stderr
