"""Build the web app when what is built is older than its sources."""

import hashlib
import re
import shutil
import subprocess
from pathlib import Path

from parley.build_step import Say, SetupFailed, alone, run_step
from parley.environment import ROOT, WEB_DIR, StackSettings

FRONTEND = ROOT / "frontend"
LOCKFILE = FRONTEND / "package-lock.json"
INSTALLED = FRONTEND / "node_modules" / ".package-lock.json"  # npm writes it last
BUILT = WEB_DIR / ".built-from"  # digest of the sources built
NEEDS_NODE = (20, 19)
ASK_WITHIN_S = 10.0
NOT_SOURCES = ("node_modules", "dist", "coverage", "test")


async def build_if_stale(stack: StackSettings, say: Say) -> None:
    """Make `frontend/dist` match its sources. Raises SetupFailed when it cannot exist at all."""
    if not stack.builds_web_app or is_built():
        return
    problem = node_problem()
    if problem is not None:
        if (WEB_DIR / "index.html").is_file():
            say(f"The web app is served as it was built: its sources changed since, but {problem}")
            return
        raise SetupFailed(f"The web app is not built and cannot be: {problem}")
    async with alone(ROOT / ".parley" / "webapp.lock", "building the web app", say):
        if not is_built():  # whoever held the lock may have built it
            await install_packages(stack, say)
            await _build(stack, say)


async def install_packages(stack: StackSettings, say: Say) -> None:
    """What the lockfile says, when it changed since the last time."""
    if INSTALLED.is_file() and INSTALLED.stat().st_mtime >= LOCKFILE.stat().st_mtime:
        return
    await run_step(
        "Installing the web app's packages",
        ["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"],
        log=stack.logs_dir / "webapp-packages.log",
        say=say,
        cwd=FRONTEND,
    )
    INSTALLED.touch()


def is_built() -> bool:
    return (WEB_DIR / "index.html").is_file() and _read(BUILT) == _sources_digest()


def node_problem() -> str | None:
    """What is wrong with Node.js here, and the ways out."""
    needs = ".".join(map(str, NEEDS_NODE))
    ways_out = (
        f"install Node.js {needs} or newer with npm, name a built web app in BACKEND_WEB_DIR, or "
        "use `docker compose up`."
    )
    version = node_version()
    if version is None or shutil.which("npm") is None:
        return f"there is no Node.js with npm: {ways_out}"
    if version < NEEDS_NODE:
        return f"Node.js {'.'.join(map(str, version))} is too old: {ways_out}"
    return None


def node_version() -> tuple[int, ...] | None:
    try:
        done = subprocess.run(
            ["node", "--version"], capture_output=True, text=True, timeout=ASK_WITHIN_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.match(r"v(\d+)\.(\d+)", done.stdout)
    return tuple(int(part) for part in match.groups()) if match else None


async def _build(stack: StackSettings, say: Say) -> None:
    digest = _sources_digest()  # before: an edit made during the build must not look built
    await run_step(
        "Building the web app",
        ["npm", "run", "build"],
        log=stack.logs_dir / "webapp-build.log",
        say=say,
        cwd=FRONTEND,
    )
    BUILT.write_text(digest)


def _sources_digest() -> str:
    """Changes with any source's name, size or time of change: much quicker than its content."""
    digest = hashlib.sha256()
    for top in sorted(FRONTEND.iterdir()):
        if top.name in NOT_SOURCES or top.name.startswith("."):
            continue
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            if path.is_file() and ".test." not in path.name:
                stat = path.stat()
                digest.update(f"{path} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _read(path: Path) -> str | None:
    return path.read_text() if path.is_file() else None
