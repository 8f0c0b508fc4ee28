"""The shipped compose files in a project of the tests: a fresh tree, ports and names of its own."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from tests.compose import bases
from tests.compose.engine import Engine
from tests.processes import LOGS, ROOT, clean_env, free_ports

FOLDER = LOGS / "compose"
NAME = "parley-tests"
IMAGES = "parley-tests"
PORTS = ("BACKEND_PORT", "LIVEKIT_PORT", "LIVEKIT_RTC_TCP_PORT", "LIVEKIT_UDP_PORT")
SHIPPED = "docker-compose.yml"
# Words that must not be found in any image: what lies about in a folder people build from.
LYING_ABOUT = "sesame-canary-4b1d6f"
LEFTOVERS = (
    ".env",
    ".parley/state/secrets.env",
    "backend/.env",
    "server.key",
    "test-logs/call.log",
)
COMMAND_WITHIN_S = 120.0
BUILD_WITHIN_S = 1500.0  # from nothing, every package fetched
CALL_ENDS_WITHIN_S = 5


@dataclass(frozen=True, slots=True)
class Container:
    """One container as the engine tells of it."""

    facts: dict[str, Any]

    @property
    def pid(self) -> int:
        """Of its first process, on this machine."""
        return int(self.facts["State"]["Pid"])

    @property
    def started(self) -> str:
        return str(self.facts["State"]["StartedAt"])

    @property
    def health(self) -> str:
        state = self.facts["State"]
        return str(state.get("Health", {}).get("Status") or state["Status"])

    @property
    def addresses(self) -> dict[str, str]:
        """By network, as the compose file names it."""
        networks = self.facts["NetworkSettings"]["Networks"]
        return {name.removeprefix(f"{NAME}_"): net["IPAddress"] for name, net in networks.items()}


@dataclass(frozen=True, slots=True)
class Project:
    """What `docker compose` is asked to do with the shipped files and the tests' stand-ins."""

    engine: Engine
    tree: Path
    settings: Mapping[str, str]
    overlays: tuple[str, ...] = ()
    name: str = NAME

    @property
    def url(self) -> str:
        return f"http://localhost:{self.settings['BACKEND_PORT']}"

    def compose(self, *words: str, within_s: float = COMMAND_WITHIN_S) -> str:
        """What it printed. Raises AssertionError with what it complained of."""
        done = self.attempt(*words, within_s=within_s)
        assert done.returncode == 0, f"docker compose {' '.join(words)}:\n{done.stderr[-6000:]}"
        return done.stdout

    def attempt(
        self, *words: str, within_s: float = COMMAND_WITHIN_S
    ) -> subprocess.CompletedProcess[str]:
        return self.try_docker("compose", *self._files(), *words, within_s=within_s)

    def shell(self, lines: str, within_s: float = COMMAND_WITHIN_S) -> None:
        """What a person types who has named these files in `.env`."""
        done = subprocess.run(
            ["sh", "-ec", lines],
            cwd=self.tree,
            env=self._environment()
            | {"COMPOSE_FILE": ":".join(self._names()), "COMPOSE_PROJECT_NAME": self.name},
            capture_output=True,
            text=True,
            timeout=within_s,
        )
        assert done.returncode == 0, f"{lines}\n{done.stderr[-6000:]}"

    def docker(self, *words: str, within_s: float = COMMAND_WITHIN_S) -> str:
        done = self.try_docker(*words, within_s=within_s)
        assert done.returncode == 0, f"docker {' '.join(words)}:\n{done.stderr[-3000:]}"
        return done.stdout

    def services(self) -> dict[str, Any]:
        """Every service of the files, as compose understands them."""
        files = [w for file in (SHIPPED, *self.overlays) for w in ("-f", file)]
        done = self.try_docker("compose", *files, "--profile", "*", "config", "--format", "json")
        assert done.returncode == 0, done.stderr
        services: dict[str, Any] = json.loads(done.stdout)["services"]
        return services

    def container(self, service: str) -> Container:
        (identifier,) = self.compose("ps", "--all", "--quiet", service).split()
        (facts,) = json.loads(self.docker("inspect", identifier))
        return Container(facts)

    def running(self) -> list[str]:
        """Services that have a container which runs."""
        return sorted(self.compose("ps", "--services", "--status", "running").split())

    def kill(self, service: str) -> None:
        """kill -9 from outside, which no process of the container outlives: as a crash is.

        `docker kill` would count as somebody's wish, and nothing would be started again.
        """
        os.kill(self.container(service).pid, signal.SIGKILL)

    def wait_replaced(self, service: str, before: Container, within_s: float) -> float:
        """Until it was started again and is healthy; how long that took."""
        began_s = time.monotonic()
        while True:
            now = self.container(service)
            if now.started != before.started and now.health in ("healthy", "running"):
                return time.monotonic() - began_s
            waited_s = time.monotonic() - began_s
            assert waited_s < within_s, f"{service} is {now.health} after {waited_s:.0f} s"
            time.sleep(0.1)  # between two looks of a deadline

    def up(self, within_s: float) -> float:
        """Start and wait until everything is healthy; how long that took.

        Not by `--wait`, which takes it for a failure that the first boot ends.
        """
        began_s = time.monotonic()
        done = self.attempt("up", "--detach", "--no-build", within_s=within_s)
        assert done.returncode == 0, done.stderr[-2000:] + self.logs()[-6000:]
        while ailing := self._ailing():
            waited_s = time.monotonic() - began_s
            assert waited_s < within_s, f"after {waited_s:.0f} s: {ailing}\n{self.logs()[-6000:]}"
            time.sleep(0.2)  # between two looks of a deadline
        return time.monotonic() - began_s

    def _ailing(self) -> list[str]:
        """Services that run and are not healthy, or should run and do not."""
        states = self.compose("ps", "--all", "--format", "{{.Service}} {{.State}} {{.Health}}")
        well = ("boot exited", "running healthy")
        return [line for line in states.splitlines() if not line.strip().endswith(well)]

    def health(self) -> dict[str, str]:
        """State by service, as the page shows it."""
        answer = httpx2.get(f"{self.url}/api/health", timeout=10, trust_env=False)
        return {service["name"]: service["state"] for service in answer.json()["services"]}

    def wait_ready(self, within_s: float) -> float:
        """Until the page calls every service ready."""
        began_s = time.monotonic()
        seen: object = None
        while time.monotonic() - began_s < within_s:
            try:
                seen = self.health()
                if all(state == "ready" for state in self.health().values()):
                    return time.monotonic() - began_s
            except httpx2.HTTPError as exc:
                seen = exc
            time.sleep(0.2)  # between two looks of a deadline
        raise AssertionError(f"not every service is ready after {within_s:g} s: {seen}")

    def secrets(self) -> dict[str, str]:
        """Those made at the first start, by variable."""
        code = "import json,os;print(json.dumps({n:open(n).read() for n in os.listdir()}))"
        image = self.services()["boot"]["image"]
        mount = ["--volume", f"{self.name}_secrets:/secrets:ro", "--workdir", "/secrets"]
        read: dict[str, str] = json.loads(
            self.docker("run", "--rm", "--network", "none", *mount, image, "python", "-c", code)
        )
        return read

    def logs(self, *services: str) -> str:
        return self.compose("logs", "--no-color", *services)

    def stand_in(self) -> None:
        """Have the images that cannot be fetched, and the override that names them."""
        services = self.services()
        bases.provide(wanted(services), self.engine)
        path = self.tree / "stand-ins.json"
        path.write_text(json.dumps(bases.override(services), indent=1))

    def _files(self) -> list[str]:
        files = (word for file in self._names() for word in ("-f", file))
        return ["--project-name", self.name, *files]

    def _names(self) -> tuple[str, ...]:
        return (SHIPPED, *self.overlays, "stand-ins.json")

    def _environment(self) -> dict[str, str]:
        environment = clean_env({**self.engine.variables, **self.settings})
        environment.pop("PARLEY_MODELS_DIR")
        return environment

    def try_docker(
        self, *words: str, within_s: float = COMMAND_WITHIN_S
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["docker", *words],
            cwd=self.tree,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=within_s,
        )


def wanted(services: Mapping[str, Any]) -> set[str]:
    """Published images of the services that start without a profile."""
    return bases.published({n: s for n, s in services.items() if not s.get("profiles")})


def fresh_tree() -> Path:
    """What a new clone has, changes not committed yet included; and leftovers nobody may ship."""
    tree = FOLDER / "tree"
    shutil.rmtree(tree, ignore_errors=True)
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    _copy((name for name in listed.stdout.split("\0") if name), tree)
    for name in LEFTOVERS:
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# {LYING_ABOUT}\n")
    return tree


def new_settings(**more: str) -> dict[str, str]:
    """The smallest stack on free ports, which asks nobody for weights."""
    ports = dict(zip(PORTS, map(str, free_ports(len(PORTS))), strict=True))
    return {
        **ports,
        "PARLEY_ENGINES": "embedded",
        "PARLEY_IMAGES": IMAGES,
        "PARLEY_GRACE": f"{CALL_ENDS_WITHIN_S}s",
        # Beside a stack in private mode that this machine may have.
        "PARLEY_PRIVATE_SUBNET": "172.31.252.0/24",
        "PARLEY_PRIVATE_GATEWAY": "172.31.252.254",
        "STT_DOWNLOAD": "off",
        "LLM_DOWNLOAD": "off",
        "TTS_DOWNLOAD": "off",
        **more,
    }


def _copy(names: Iterable[str], tree: Path) -> None:
    for name in names:
        source = ROOT / name
        if source.is_file():  # one deleted and not committed is still listed
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, tree / name)
