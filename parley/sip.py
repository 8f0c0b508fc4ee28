"""Get hold of livekit-sip, which joins telephone calls to rooms: in the cache, else built."""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from parley.build_step import Say, SetupFailed, alone, run_step
from parley.environment import StackSettings
from parley.sfu import NEEDS_GO, go_version

VERSION = "1.8.0"
# The version's list is not served everywhere, which `go install` wants and this does not.
MODULE = f"github.com/livekit/sip@v{VERSION}"
LIBRARIES = ("opus", "opusfile", "soxr")
PACKAGES = "gcc libc6-dev libopus-dev libopusfile-dev libsoxr-dev pkg-config redis-server"
WAYS_OUT = (
    f"Ways out: install Go {NEEDS_GO[0]}.{NEEDS_GO[1]} or newer and, on Debian, {PACKAGES}; "
    "or leave the telephone out with PARLEY_PHONE=off"
)


def cached_binary() -> Path:
    """Where the built livekit-sip is kept, for every checkout of this user."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "parley" / f"livekit-sip-{VERSION}" / "livekit-sip"


async def obtain_binary(stack: StackSettings, say: Say) -> Path:
    """livekit-sip, built first when there is none. Raises SetupFailed with the ways out."""
    if redis_binary() is None:
        raise SetupFailed(f"The telephone needs redis-server, which is not here. {WAYS_OUT}")
    target = cached_binary()
    if target.is_file():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    async with alone(target.parent / "build.lock", "building livekit-sip", say):
        if not target.is_file():  # whoever held the lock may have built it
            await _build(target, stack, say)
    return target


def redis_binary() -> Path | None:
    """redis-server, which the SFU and livekit-sip talk through."""
    found = shutil.which("redis-server")
    return Path(found) if found else None


async def _build(target: Path, stack: StackSettings, say: Say) -> None:
    problem = _lacking()
    if problem is not None:
        raise SetupFailed(f"livekit-sip {VERSION} is not here and {problem}. {WAYS_OUT}")
    say(f"livekit-sip {VERSION} is not here: it is built once, minutes on a small machine")
    build = f"Building livekit-sip {VERSION}"
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        try:
            told = Path(folder) / "module.json"
            await run_step(
                f"Fetching livekit-sip {VERSION}",
                ["go", "mod", "download", "-json", MODULE],
                log=told,
                say=say,
            )
            source = json.loads(told.read_text())["Dir"]
            flags = ["-trimpath", "-ldflags=-s -w", "-o", f"{folder}/livekit-sip"]
            await run_step(
                build,
                ["nice", "-n", "5", "go", "build", "-C", source, *flags, "./cmd/livekit-sip"],
                log=stack.logs_dir / "livekit-sip-build.log",
                say=say,
            )
        except (SetupFailed, ValueError, KeyError) as exc:
            raise SetupFailed(f"{exc}\n{WAYS_OUT}") from exc
        os.replace(Path(folder) / "livekit-sip", target)


def _lacking() -> str | None:
    """What the build would fail for, in words."""
    version = go_version()
    if version is None or version < NEEDS_GO:
        return f"Go {NEEDS_GO[0]}.{NEEDS_GO[1]} is not installed"
    if shutil.which("gcc") is None:
        return "there is no C compiler"
    try:
        found = subprocess.run(["pkg-config", "--exists", *LIBRARIES], check=False)
    except OSError:
        return "pkg-config is not installed"
    return None if found.returncode == 0 else f"the libraries {', '.join(LIBRARIES)} are missing"
