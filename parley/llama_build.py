"""Build llama-server from the source within the pinned llama-cpp-python, once for every checkout.

`python -m parley.llama_build` leaves `~/.cache/parley/llama.cpp-<version>/bin/llama-server`, and
beside it the shared libraries, which the Python package uses too.
"""

import asyncio
import os
import re
import shutil
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import typer

from parley.build_step import Say, SetupFailed, alone, run_step
from parley.environment import ROOT

PINS = ROOT / "requirements" / "llm-llama-cpp.txt"
PACKAGE = "llama-cpp-python"
TARGETS = ("llama-server", "mtmd")  # the Python package loads libmtmd whether it is used or not
PROGRESS_EVERY_S = 60.0
DOWNLOAD = ["-m", "pip", "download", "--disable-pip-version-check", "--no-deps"]
DOWNLOAD += ["--no-binary", PACKAGE, "--require-hashes"]  # what builds it may be a wheel
OPTIONS = (
    "CMAKE_BUILD_TYPE=Release",
    "GGML_NATIVE=OFF",  # one build for machines of a kind; what a CPU has is found when it runs
    "BUILD_SHARED_LIBS=ON",
    "CMAKE_BUILD_WITH_INSTALL_RPATH=ON",
    "CMAKE_INSTALL_RPATH=$ORIGIN",
    "LLAMA_BUILD_TESTS=OFF",
    "LLAMA_BUILD_EXAMPLES=OFF",
    "LLAMA_BUILD_UI=OFF",
    "LLAMA_USE_PREBUILT_UI=OFF",
    "LLAMA_OPENSSL=OFF",
)


def pinned(pins: str) -> tuple[str, str]:
    """Version and requirement line, with its hashes, of the package in a requirements file."""
    found = re.search(rf"^{PACKAGE}==(\S+)((?: \\\n +--hash=\S+)+)", pins, re.MULTILINE)
    if not found:
        raise SetupFailed(f"{PINS} does not pin {PACKAGE}")
    return found[1], found[0]


def built(version: str) -> Path:
    """Where the llama-server of this version is kept."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "parley" / f"llama.cpp-{version}" / "bin" / "llama-server"


async def obtain(say: Say) -> Path:
    """llama-server, built first where it is not there. Raises SetupFailed."""
    version, requirement = pinned(PINS.read_text())
    server = built(version)
    if server.is_file():
        return server
    _check_tools()
    kept = server.parent.parent.parent
    kept.mkdir(parents=True, exist_ok=True)
    async with alone(kept / "llama-build.lock", "building llama-server", say):
        if not server.is_file():  # whoever held the lock may have built it
            say(f"llama-server {version} is built once: minutes, half an hour on a small machine")
            for left in kept.glob("llama-build-*"):  # by a build that was killed
                shutil.rmtree(left, ignore_errors=True)
            with tempfile.TemporaryDirectory(dir=kept, prefix="llama-build-") as folder:
                await _build(Path(folder), requirement, server, _patient(say))
    return server


async def _build(folder: Path, requirement: str, server: Path, say: Say) -> None:
    log = server.parent.parent.parent / "llama-build.log"
    (folder / "pin.txt").write_text(requirement)
    await run_step(
        f"Fetching the source of {PACKAGE}",
        [sys.executable, *DOWNLOAD, "--dest", str(folder), "-r", str(folder / "pin.txt")],
        log=log,
        say=say,
    )
    source = await asyncio.to_thread(_unpacked, folder)
    build = folder / "build"
    generator = ["-G", "Ninja"] if shutil.which("ninja") else []
    options = [f"-D{option}" for option in OPTIONS]
    await run_step(
        "Configuring llama.cpp",
        ["cmake", *generator, "-S", str(source), "-B", str(build), *options],
        log=log,
        say=say,
    )
    jobs = str(os.cpu_count() or 1)
    await run_step(
        "Building llama-server",
        ["cmake", "--build", str(build), "--parallel", jobs, "--target", *TARGETS],
        log=log,
        say=say,
    )
    # The folder appears with everything in it, or not at all.
    whole = folder / "whole"
    whole.mkdir()
    os.replace(build / "bin", whole / "bin")
    shutil.rmtree(server.parent.parent, ignore_errors=True)
    os.replace(whole, server.parent.parent)


def _unpacked(folder: Path) -> Path:
    """llama.cpp within the package's source."""
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    (source,) = folder.glob("*/vendor/llama.cpp")
    return source


def _check_tools() -> None:
    missing = []
    if not shutil.which("cmake"):
        missing.append("cmake (Debian: cmake)")
    if not any(shutil.which(name) for name in ("c++", "g++", "clang++")):
        missing.append("a C++ compiler (Debian: g++)")
    if not (shutil.which("ninja") or shutil.which("make")):
        missing.append("ninja or make (Debian: ninja-build)")
    if missing:
        raise SetupFailed(
            f"To build llama-server {' and '.join(missing)} must be installed. Other ways: name a "
            "llama-server in LLM_LLAMA_SERVER_BIN, or put one on PATH"
        )


def _patient(say: Say) -> Callable[[str], None]:
    """Steps as they begin and end, and how long one takes no more often than once a minute."""
    said_at_s = time.monotonic()

    def tell(line: str) -> None:
        nonlocal said_at_s
        is_progress = re.search(r": \d+ s$", line) is not None
        if not is_progress or time.monotonic() - said_at_s >= PROGRESS_EVERY_S:
            said_at_s = time.monotonic()
            say(line)

    return tell


def main() -> None:
    """Build it, or say why it cannot be."""
    try:
        server = asyncio.run(obtain(typer.echo))
    except SetupFailed as exc:
        sys.exit(str(exc))
    typer.echo(f"llama-server is at {server}")


if __name__ == "__main__":
    main()
