"""Getting hold of livekit-server and of the web app, with small stand-ins for go, node and npm."""

import asyncio
import os
from pathlib import Path

import psutil
import pytest

from parley import sfu, webapp
from parley.build_step import SetupFailed, run_step
from parley.environment import StackSettings


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of commands that comes first, with only the system's own after it."""
    folder = tmp_path / "tools"
    folder.mkdir()
    for name in ("LIVEKIT_SERVER_BIN", "LIVEKIT_URL", "BACKEND_WEB_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PARLEY_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    return folder


def _tool(path: Path, script: str) -> Path:
    path.write_text(f"#!/bin/sh\nPATH=/bin:/usr/bin\n{script}\n")
    path.chmod(0o755)
    return path


GO = """\
test "$1" = env && echo go1.26.8 && exit
echo built >> builds
sleep 0.2
cp {binary} $GOBIN/server"""


def test_the_one_named_in_settings_is_used(tools: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = _tool(tools / "mine", "echo livekit-server version 1.14.0")
    monkeypatch.setenv("LIVEKIT_SERVER_BIN", str(named))
    assert sfu.find_binary(StackSettings()) == named


def test_one_named_that_does_not_run_is_an_error(
    tools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIVEKIT_SERVER_BIN", str(tools / "nothing"))
    with pytest.raises(SetupFailed, match="LIVEKIT_SERVER_BIN"):
        sfu.find_binary(StackSettings())


@pytest.mark.parametrize(("version", "is_taken"), [("1.13.5", True), ("1.8.0", False)])
def test_one_on_path_is_taken_unless_too_old(tools: Path, version: str, is_taken: bool) -> None:
    _tool(tools / "livekit-server", f"echo livekit-server version {version}")
    assert (sfu.find_binary(StackSettings()) is not None) == is_taken


@pytest.mark.parametrize(
    ("script", "cause"),
    [
        (None, "neither is Go"),
        ("echo go1.19.1", "Go 1.19 is too old"),
        ('test "$1" = env && echo go1.26.0 && exit; echo no network; exit 1', "no network"),
    ],
)
async def test_what_hinders_a_build_is_told_with_the_ways_out(
    tools: Path, script: str | None, cause: str
) -> None:
    if script is not None:
        _tool(tools / "go", script)
    with pytest.raises(SetupFailed, match=cause) as caught:
        await sfu.obtain_binary(StackSettings(), print)
    assert "LIVEKIT_SERVER_BIN" in str(caught.value)
    assert not sfu.cached_binary().exists()


async def test_two_builds_at_once_build_once(tools: Path) -> None:
    binary = _tool(tools / "template", "echo livekit-server version 1.13.5")
    _tool(tools / "go", GO.format(binary=binary))
    said: list[str] = []
    stack = StackSettings()
    first, second = await asyncio.gather(
        sfu.obtain_binary(stack, said.append), sfu.obtain_binary(stack, said.append)
    )
    assert first == second == sfu.cached_binary()
    assert sfu.version_of(first) == (1, 13, 5)
    assert (tools.parent / "builds").read_text() == "built\n"  # tiny
    assert any("waiting for it" in line for line in said)
    assert set(os.listdir(first.parent)) <= {"livekit-server", "build.lock"}


async def test_a_cancelled_step_leaves_no_process(tools: Path) -> None:
    script = _tool(tools / "slow", "sleep 600 & echo begun; wait")
    mine = psutil.Process()
    others = set(mine.children(recursive=True))
    step = asyncio.create_task(
        run_step("Building", [str(script)], log=tools / "log", say=lambda _: None)
    )
    async with asyncio.timeout(10):
        while len(family := set(mine.children(recursive=True)) - others) < 2:  # noqa: ASYNC110  # no event to set
            await asyncio.sleep(0.01)  # the script cannot set an event
    step.cancel()
    await asyncio.gather(step, return_exceptions=True)
    _, alive = psutil.wait_procs(list(family), timeout=2)
    assert alive == []


@pytest.fixture
def frontend(tools: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A web app's folder whose `npm` notes what it is asked to do."""
    root = tools.parent
    folder = root / "frontend"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "main.ts").write_text("1")
    (folder / "package-lock.json").write_text("{}")
    for module_name, value in {
        "ROOT": root,
        "FRONTEND": folder,
        "WEB_DIR": folder / "dist",
        "LOCKFILE": folder / "package-lock.json",
        "INSTALLED": folder / "node_modules" / ".package-lock.json",
        "BUILT": folder / "dist" / ".built-from",
    }.items():
        monkeypatch.setattr(webapp, module_name, value)
    _tool(tools / "node", "echo v20.19.0")
    _tool(
        tools / "npm",
        f"echo $1 >> {root}/npm-calls; mkdir -p node_modules dist; "
        "touch node_modules/.package-lock.json; echo page > dist/index.html",
    )
    return folder


def _npm_calls(frontend: Path) -> list[str]:
    calls = frontend.parent / "npm-calls"
    return calls.read_text().split() if calls.exists() else []


async def test_the_web_app_is_built_once_and_again_when_a_source_changes(frontend: Path) -> None:
    stack = StackSettings()
    await webapp.build_if_stale(stack, print)
    await webapp.build_if_stale(stack, print)
    assert _npm_calls(frontend) == ["ci", "run"]
    (frontend / "src" / "main.ts").write_text("22")
    await webapp.build_if_stale(stack, print)
    assert _npm_calls(frontend) == ["ci", "run", "run"]
    (frontend / "src" / "main.ts").unlink()
    await webapp.build_if_stale(stack, print)
    assert _npm_calls(frontend) == ["ci", "run", "run", "run"]


async def test_without_node_a_built_web_app_is_served_as_it_is(frontend: Path, tools: Path) -> None:
    said: list[str] = []
    await webapp.build_if_stale(StackSettings(), said.append)
    (frontend / "src" / "main.ts").write_text("22")
    (tools / "node").unlink()
    await webapp.build_if_stale(StackSettings(), said.append)
    assert "there is no Node.js" in said[-1]


async def test_an_old_node_that_must_build_is_an_error(frontend: Path, tools: Path) -> None:
    _tool(tools / "node", "echo v18.1.0")
    with pytest.raises(SetupFailed, match=r"Node\.js 18\.1 is too old: install"):
        await webapp.build_if_stale(StackSettings(), print)
    assert _npm_calls(frontend) == []
