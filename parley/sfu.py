"""Get hold of livekit-server: named in settings, on PATH, in the cache, else built from source."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from parley.build_step import Say, SetupFailed, alone, run_step
from parley.environment import StackSettings

VERSION = "1.13.5"
OLDEST = (1, 13, 5)
NEWEST_BEFORE = (2, 0, 0)
# From 1.13.6 on its go.mod has replace directives, which `go install` refuses.
MODULE = f"github.com/livekit/livekit-server/cmd/server@v{VERSION}"
NEEDS_GO = (1, 26)
ASK_WITHIN_S = 10.0
WAYS_OUT = (
    f"Ways out: install Go {NEEDS_GO[0]}.{NEEDS_GO[1]} or newer and run this again, put "
    f"livekit-server {VERSION} on PATH, name one in LIVEKIT_SERVER_BIN, or use `docker compose up`."
)


def cached_binary() -> Path:
    """Where a built livekit-server is kept, for every checkout of this user."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "parley" / f"livekit-server-{VERSION}" / "livekit-server"


def find_binary(stack: StackSettings) -> Path | None:
    """livekit-server without building it. Raises SetupFailed when the one named is unusable."""
    named = stack.livekit_server_bin
    if named is not None:
        if version_of(named) is None:
            raise SetupFailed(f"LIVEKIT_SERVER_BIN={named} is not a livekit-server that runs here")
        return named.absolute()
    if cached_binary().is_file():
        return cached_binary()
    on_path = shutil.which("livekit-server")
    if on_path is not None:
        version = version_of(Path(on_path))
        if version is not None and OLDEST <= version < NEWEST_BEFORE:
            return Path(on_path)
    return None


async def obtain_binary(stack: StackSettings, say: Say) -> Path:
    """livekit-server, built first when there is none. Raises SetupFailed with the ways out."""
    found = find_binary(stack)
    if found is not None:
        return found
    target = cached_binary()
    target.parent.mkdir(parents=True, exist_ok=True)
    async with alone(target.parent / "build.lock", "building livekit-server", say):
        if not target.is_file():  # whoever held the lock may have built it
            await _build(target, stack, say)
    return target


def version_of(binary: Path) -> tuple[int, ...] | None:
    """The version a livekit-server says it is."""
    return _version([str(binary), "--version"], r"(\d+)\.(\d+)\.(\d+)")


def go_version() -> tuple[int, ...] | None:
    return _version(["go", "env", "GOVERSION"], r"go(\d+)\.(\d+)")


async def _build(target: Path, stack: StackSettings, say: Say) -> None:
    version = go_version()
    if version is None:
        raise SetupFailed(f"livekit-server {VERSION} is not here and neither is Go. {WAYS_OUT}")
    if version < NEEDS_GO:
        have = ".".join(map(str, version))
        raise SetupFailed(
            f"livekit-server {VERSION} is not here and Go {have} is too old. {WAYS_OUT}"
        )
    say(f"livekit-server {VERSION} is not here: it is built once, minutes on a small machine")
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        try:
            await run_step(
                f"Building livekit-server {VERSION}",
                ["go", "install", "-trimpath", "-ldflags=-s -w", MODULE],
                log=stack.logs_dir / "livekit-build.log",
                say=say,
                environment={**os.environ, "GOBIN": folder, "CGO_ENABLED": "0"},
            )
        except SetupFailed as exc:
            raise SetupFailed(f"{exc}\n{WAYS_OUT}") from exc
        os.replace(Path(folder) / "server", target)


def _version(command: list[str], pattern: str) -> tuple[int, ...] | None:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=ASK_WITHIN_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.search(pattern, done.stdout)
    return tuple(int(part) for part in match.groups()) if match else None
