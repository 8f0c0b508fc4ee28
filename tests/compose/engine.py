"""Get hold of a Docker engine with compose: the machine's own, else one from Debian's packages.

`python -m tests.compose.engine start` prints what a shell exports to use it; `stop` ends the one
that was started here. What it is made of stays in ~/.cache/parley, for every checkout.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

# Debian 12's own is four years old: no start_interval, and a compose that rejects our files.
VERSION = "26.1.5"
# tini is what `init: true` runs.
PACKAGES = ("docker.io", "docker-cli", "containerd", "docker-compose", "docker-buildx", "tini")
# These from the machine's own release: the newer runc wants a newer libc than Debian 12 has.
OWN_PACKAGES = {"runc": "runc", "iptables": "iptables", "mmdebstrap": "mmdebstrap"}
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
SOURCES = ("sources.list.d/debian.sources", "sources.list")
RUN = Path("/run/parley-docker")
SOCKET = RUN / "docker.sock"
PIDFILE = RUN / "dockerd.pid"
FETCH_WITHIN_S = 300.0
UP_WITHIN_S = 60.0
DOWN_WITHIN_S = 30.0
ASK_WITHIN_S = 10.0
OLDEST = (25, 0)  # the first with start_interval


class EngineFailed(Exception):
    """Why there is no engine, with the end of the log that says so."""


@dataclass(frozen=True, slots=True)
class Engine:
    """What a process needs in its environment to use the engine; empty for the machine's own."""

    variables: dict[str, str]

    def environment(self) -> dict[str, str]:
        return {**os.environ, **self.variables}

    def exports(self) -> str:
        return "".join(f'export {name}="{value}"\n' for name, value in self.variables.items())


def folder() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "parley" / f"docker-{VERSION}"


def running() -> Engine | None:
    """The one that answers already: the machine's own, else ours."""
    return next((engine for engine in (Engine({}), _ours()) if _answers(engine)), None)


def start() -> Engine:
    """An engine that answers: one that runs already, else ours started now.

    Raises EngineFailed when none can be had.
    """
    if (found := running()) is not None:
        return found
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise EngineFailed(
            "no Docker engine with compose v2 answers here, and only root on Debian can start one"
        )
    _install()
    if not (folder() / "root").is_dir():
        _extract()
    ours = _ours()
    _run_dockerd(ours)
    return ours


def stop() -> None:
    """End the engine that `start` started, and with it every container; keeps its data."""
    if not PIDFILE.is_file():
        return
    pid = int(PIDFILE.read_text())
    if "dockerd" not in _command_line(pid):
        return
    try:
        dockerd = psutil.Process(pid)
        dockerd.terminate()
        dockerd.wait(DOWN_WITHIN_S)  # also where it is a child of ours, which stays until then
    except psutil.NoSuchProcess:
        pass
    except psutil.TimeoutExpired as exc:
        raise EngineFailed(f"dockerd ({pid}) did not end within {DOWN_WITHIN_S:g} s") from exc
    shutil.rmtree(RUN, ignore_errors=True)


def _ours() -> Engine:
    binaries = folder() / "root" / "usr"
    path = f"{binaries}/bin:{binaries}/sbin:{os.environ.get('PATH', '')}"
    return Engine(
        {
            "DOCKER_HOST": f"unix://{SOCKET}",
            "DOCKER_CONFIG": str(folder() / "config"),
            "PATH": path,
        }
    )


def _answers(engine: Engine) -> bool:
    """Whether it runs, is new enough and has compose."""
    version = _ask(engine, "docker", "version", "--format", "{{.Server.Version}}")
    number = re.match(r"(\d+)\.(\d+)", version)
    if number is None or (int(number[1]), int(number[2])) < OLDEST:
        return False
    return _ask(engine, "docker", "compose", "version", "--short").lstrip("v").startswith("2")


def _ask(engine: Engine, *command: str) -> str:
    environment = engine.environment()
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=ASK_WITHIN_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _install() -> None:
    missing = [name for tool, name in OWN_PACKAGES.items() if shutil.which(tool) is None]
    if missing:
        _apt("apt-get", "update", "-qq")
        _apt("apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing)


def _extract() -> None:
    """Fetch the packages through the machine's own mirror and unpack them, nothing installed."""
    folder().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder(), prefix="fetch-") as scratch:
        work = Path(scratch)
        for name in ("lists/partial", "cache/archives/partial", "debs", "root"):
            (work / name).mkdir(parents=True)
        source = work / "trixie.list"
        source.write_text(f"deb [signed-by={KEYRING}] {mirror()} trixie main\n")
        options = {
            "Dir::Etc::sourcelist": source,
            "Dir::Etc::sourceparts": "-",
            "Dir::State::lists": work / "lists",
            "Dir::Cache": work / "cache",
            "APT::Sandbox::User": "root",
        }
        apt = ["apt-get", "-qq", *(w for k, v in options.items() for w in ("-o", f"{k}={v}"))]
        _apt(*apt, "update")
        _apt(*apt, "download", *(f"{name}/trixie" for name in PACKAGES), cwd=work / "debs")
        for package in (work / "debs").glob("*.deb"):
            _apt("dpkg-deb", "-x", str(package), str(work / "root"))
        (work / "root").rename(folder() / "root")
    plugins = folder() / "config" / "cli-plugins"
    plugins.mkdir(parents=True, exist_ok=True)
    for plugin in (folder() / "root/usr/libexec/docker/cli-plugins").iterdir():
        link = plugins / plugin.name
        link.unlink(missing_ok=True)
        link.symlink_to(plugin)


def mirror() -> str:
    """Where this machine gets Debian from. Raises EngineFailed when it does not say."""
    for name in SOURCES:
        path = Path("/etc/apt") / name
        text = path.read_text() if path.is_file() else ""
        found = re.search(r"^(?:URIs:|deb(?: \[[^]]*\])?)\s+(\S+)", text, re.MULTILINE)
        if found:
            return found[1]
    raise EngineFailed("no Debian mirror in /etc/apt: which one to fetch from is not known")


def _run_dockerd(engine: Engine) -> None:
    RUN.mkdir(parents=True, exist_ok=True)
    if not PIDFILE.is_file() or "dockerd" not in _command_line(int(PIDFILE.read_text())):
        PIDFILE.unlink(missing_ok=True)
    log = folder() / "dockerd.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                "dockerd",
                f"--data-root={folder() / 'data'}",
                f"--exec-root={RUN / 'exec'}",
                f"--pidfile={PIDFILE}",
                f"--host=unix://{SOCKET}",
            ],
            env=engine.environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    deadline = time.monotonic() + UP_WITHIN_S
    while not _answers(engine):
        if process.poll() is not None or time.monotonic() > deadline:
            raise EngineFailed(f"dockerd does not answer; from {log}:\n{_end_of(log)}")
        time.sleep(0.2)  # between two asks of a deadline


def _apt(*command: str, cwd: Path | None = None) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        command, env=environment, cwd=cwd, capture_output=True, text=True, timeout=FETCH_WITHIN_S
    )
    if done.returncode != 0:
        raise EngineFailed(
            f"{' '.join(command[:2])} failed:\n{(done.stdout + done.stderr)[-2000:]}"
        )


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def _end_of(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-12:])


def main(action: str) -> None:
    match action:
        case "start":
            sys.stdout.write(start().exports())
        case "stop":
            stop()
        case "env":
            sys.stdout.write("" if _answers(Engine({})) else _ours().exports())
        case _:
            sys.exit("python -m tests.compose.engine start|stop|env")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) == 2 else "")
