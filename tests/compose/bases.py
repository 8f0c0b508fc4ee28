"""Images that stand in for published ones, built from packages, and the override that uses them.

A shipped file names `python:3.11-slim-bookworm`; here it is given `parley.test/python:…`, so that
no image the machine has of that name is shadowed by one with this machine's certificates in it.
"""

import asyncio
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from parley.environment import StackSettings
from parley.llama_build import PINS, built, pinned
from parley.sfu import obtain_binary
from tests.compose.engine import Engine, EngineFailed, folder, mirror, start

HERE = Path(__file__).parent / "stand_ins"
PREFIX = "parley.test/"
BASE = f"{PREFIX}bookworm"
CERTIFICATES = Path("/usr/local/share/ca-certificates")
BUILD_WITHIN_S = 600.0
# What Debian's published slim image leaves out too: sizes are compared with limits.
LEFT_OUT = ("man", "doc", "locale", "info", "lintian")
NEEDLESS = ("perl", "perl-modules*", "libperl5*", "libgdbm*")
# Published name without its tag → the target of stand_ins/Dockerfile.
TARGETS = {
    "debian": "debian",
    "python": "python",
    "node": "node",
    "livekit/livekit-server": "livekit-server",
    "ghcr.io/ggml-org/llama.cpp": "llama",
    "redis": "redis",
    "postgres": "postgres",
    "caddy": "caddy",
}
NAMED_IMAGE = re.compile(r"(?:ARG \w+=|FROM |--from=)\"?([\w./-]+:[\w.-]+)")


def provide(images: Iterable[str], engine: Engine) -> None:
    """Have a stand-in for each of the published `images` that there is one for.

    Raises EngineFailed with the end of the build's output.
    """
    wanted = {image: target for image in images if (target := _target(image))}
    if not wanted:
        return
    if not _has(BASE, engine):
        _bootstrap(engine)
    with _context(set(wanted.values())) as context:
        for image, target in wanted.items():
            tag = ["--tag", PREFIX + image]
            _docker(engine, "build", "--quiet", "--target", target, *tag, str(context))


def override(services: dict[str, Any]) -> dict[str, Any]:
    """The compose file that gives builds and images of `services` their stand-ins.

    `services`: as `docker compose config --format json` tells them; all else of them stays.
    """
    changes: dict[str, Any] = {}
    for name, service in services.items():
        if build := service.get("build"):
            contexts = {i: f"docker-image://{PREFIX}{i}" for i in bases_of(build) if _target(i)}
            changes[name] = {"build": {"additional_contexts": contexts}}
        elif _target(service["image"]):
            changes[name] = {"image": PREFIX + service["image"], "pull_policy": "never"}
    return {"services": changes}


def bases_of(build: dict[str, Any]) -> set[str]:
    """The published images that a build may start from or copy from."""
    dockerfile = Path(build["context"]) / build.get("dockerfile", "Dockerfile")
    named = set(NAMED_IMAGE.findall(dockerfile.read_text()))
    return named | {value for value in (build.get("args") or {}).values() if _target(value or "")}


def published(services: dict[str, Any]) -> set[str]:
    """Every published image that `services` need, built upon or run as it is."""
    images: set[str] = set()
    for service in services.values():
        images |= bases_of(service["build"]) if service.get("build") else {service["image"]}
    return images


def _target(image: str) -> str | None:
    name, colon, _tag = image.rpartition(":")
    return TARGETS.get(name) if colon else None


def _bootstrap(engine: Engine) -> None:
    """The smallest Debian 12, from this machine's mirror, as an image."""
    excluded = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in LEFT_OUT]
    with tempfile.TemporaryDirectory(dir=_scratch()) as scratch:
        archive = Path(scratch) / "base.tar"
        command = ["mmdebstrap", "--quiet", "--variant=minbase", "--include=ca-certificates"]
        command += ["--aptopt=APT::Install-Recommends false", *excluded]
        purge = f'chroot "$1" apt-get purge -y -q --auto-remove {" ".join(NEEDLESS)}'
        command += [f"--customize-hook={purge}"]
        # The mirror may be a copy of some day; what it serves is signed all the same.
        command += ["--aptopt=Acquire::Check-Valid-Until false", "bookworm"]
        _run([*command, str(archive), mirror()], dict(os.environ))
        _docker(engine, "import", "--change", 'CMD ["bash"]', str(archive), BASE)


@contextmanager
def _context(targets: set[str]) -> Iterator[Path]:
    """What the builds copy: certificates this machine trusts, and programs built here."""
    with tempfile.TemporaryDirectory(dir=_scratch()) as scratch:
        context = Path(scratch)
        shutil.copytree(HERE, context, dirs_exist_ok=True)
        (context / "certificates").mkdir()
        for certificate in CERTIFICATES.rglob("*.crt"):
            shutil.copy(certificate, context / "certificates")
        if "livekit-server" in targets:
            binary = asyncio.run(obtain_binary(StackSettings(), _say))
            shutil.copy(binary, context / "livekit-server")
        if "llama" in targets:
            _add_llama(context / "llama")
        yield context


def _add_llama(into: Path) -> None:
    """llama-server as `make llama` built it; without it one that says so and ends."""
    server = built(pinned(PINS.read_text())[0])
    if server.is_file():
        shutil.copytree(server.parent, into, symlinks=True)
        return
    into.mkdir()
    (into / "llama-server").write_text("#!/bin/sh\necho 'make llama builds it' >&2\nexit 1\n")
    (into / "llama-server").chmod(0o755)


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def _scratch() -> Path:
    """Beside the engine: the same disk, and a rootfs is too big for a /tmp in memory."""
    folder().mkdir(parents=True, exist_ok=True)
    return folder()


def _has(image: str, engine: Engine) -> bool:
    command = ["docker", "image", "inspect", image]
    return subprocess.run(command, env=engine.environment(), capture_output=True).returncode == 0


def _docker(engine: Engine, *words: str) -> None:
    _run(["docker", *words], engine.environment())


def _run(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=BUILD_WITHIN_S
    )
    if done.returncode != 0:
        end = (done.stdout + done.stderr)[-3000:]
        raise EngineFailed(f"{' '.join(command[:2])} failed with {done.returncode}:\n{end}")


if __name__ == "__main__":
    provide(sys.argv[1:], start())
