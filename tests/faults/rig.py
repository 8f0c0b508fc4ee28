"""One SFU, worker, backend and standby, real; the main engines scripted, behind fault proxies."""

import asyncio
import json
import shutil
import sys
import threading
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import httpx2
from livekit import api

from parley.environment import SFU_CONFIG
from parley.sfu import cached_binary
from tests.fakes.fault_proxy import HOST, FaultProxy
from tests.fakes.faults import Fault
from tests.fakes.scripted_engines import ScriptedEngines
from tests.faults.processes import Service
from tests.processes import ROOT, free_ports, own_folder

Engine = Literal["stt", "llm", "tts", "standby"]
ENGINES: tuple[Engine, ...] = ("stt", "llm", "tts", "standby")
PORTS = ("sfu", "tcp", "udp", "agent", "sdk", "backend", "embedded")
SILENCE_S = 20.0  # longer than any test keeps a caller waiting
JOB_MB = 500
SWITCH_WITHIN_S = 5.0
GREETING = "Hello."
KEY, SECRET = "APIfaults", "s" * 43
T = TypeVar("T")


class EngineLoop:
    """The thread that engines and proxies run in, so that tests may block."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(SWITCH_WITHIN_S)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(SWITCH_WITHIN_S)
        self._loop.close()


@dataclass(frozen=True, slots=True)
class Rig:
    """What the tests break. Everything is healthy again after each test."""

    folder: Path
    ports: dict[str, int]
    loop: EngineLoop
    main: ScriptedEngines
    main_port: int
    proxies: dict[Engine, FaultProxy]
    sfu: Service
    standby: Service
    backend: Service
    worker: Service

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.ports['backend']}"

    @property
    def database(self) -> Path:
        return self.folder / "parley.db"

    def rooms(self) -> set[str]:
        """Names of the rooms the SFU has."""

        async def names() -> set[str]:
            async with api.LiveKitAPI(f"http://{HOST}:{self.ports['sfu']}", KEY, SECRET) as sfu:
                found = await sfu.room.list_rooms(api.ListRoomsRequest())
                return {room.name for room in found.rooms}

        return self.loop.run(names())

    @property
    def services(self) -> tuple[Service, ...]:
        return (self.sfu, self.standby, self.backend, self.worker)

    def inject(self, engine: Engine, fault: Fault, *, only: str = "") -> None:
        self.loop.run(self.proxies[engine].inject(fault, only=only))

    def clear(self, engine: Engine) -> None:
        self.loop.run(self.proxies[engine].clear())

    @contextmanager
    def broken(self, engine: Engine, fault: Fault, *, only: str = "") -> Iterator[FaultProxy]:
        """`engine` has `fault` until the block ends."""
        self.inject(engine, fault, only=only)
        try:
            yield self.proxies[engine]
        finally:
            self.clear(engine)

    def heal(self) -> None:
        """Undo what a test did to the engines."""
        for engine in ENGINES:
            self.proxies[engine].upstream = self._upstream(engine)
            self.clear(engine)
        self.main.usual()

    def ready(self) -> None:
        """Every service runs and says it is ready; those a test ended are started."""
        for service in self.services:
            if service.process is None or service.process.poll() is not None:
                service.start()
        for service in self.services:
            service.wait_ready()

    def token(self) -> httpx2.Response:
        """What someone who wants to call is told."""
        return httpx2.post(f"{self.url}/api/token", json={}, timeout=10, trust_env=False)

    def states(self) -> dict[str, str]:
        """What the page says of each service."""
        found = httpx2.get(f"{self.url}/api/health", timeout=10, trust_env=False).json()["services"]
        return {service["name"]: service["state"] for service in found}

    def _upstream(self, engine: Engine) -> int:
        return self.ports["embedded"] if engine == "standby" else self.main_port


@contextmanager
def running_rig(name: str) -> Iterator[Rig]:
    """A rig in `test-logs/<name>`, ready for calls, until the block ends."""
    folder = own_folder(name)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
    loop, main, stack = EngineLoop(), ScriptedEngines(), AsyncExitStack()
    main_port = loop.run(stack.enter_async_context(main.serving()))
    proxies = {
        engine: loop.run(
            stack.enter_async_context(
                FaultProxy(ports["embedded"] if engine == "standby" else main_port)
            )
        )
        for engine in ENGINES
    }
    services = _services(folder, ports, proxies)
    rig = Rig(folder, ports, loop, main, main_port, proxies, *services)
    try:
        rig.ready()
        yield rig
    finally:
        for service in reversed(rig.services):
            service.stop()
        loop.run(stack.aclose())
        loop.stop()


def _services(
    folder: Path, ports: dict[str, int], proxies: dict[Engine, FaultProxy]
) -> tuple[Service, Service, Service, Service]:
    shared = {
        "PYTHONPATH": str(ROOT),
        "LIVEKIT_URL": f"ws://{HOST}:{ports['sfu']}",
        "LIVEKIT_API_KEY": KEY,
        "LIVEKIT_API_SECRET": SECRET,
        "LIVEKIT_KEYS": f"{json.dumps(KEY)}: {json.dumps(SECRET)}",
        "PARLEY_SERVICE_KEY": "k" * 43,
    }

    def service(name: str, command: list[str], env: dict[str, str]) -> Service:
        ready = "/" if name == "sfu" else "/health/ready"
        url = f"http://{HOST}:{ports[name]}{ready}"
        return Service(command, shared | env, folder, folder / f"{name}.log", url)

    def python(*module: str) -> list[str]:
        return [sys.executable, "-m", *module]

    sfu = [
        str(cached_binary()),
        f"--config={SFU_CONFIG}",
        f"--port={ports['sfu']}",
        f"--rtc.tcp_port={ports['tcp']}",
        f"--udp-port={ports['udp']}",
    ]
    return (
        service("sfu", sfu, {}),
        service("embedded", python("inference.embedded"), _embedded_env(ports)),
        service("backend", python("backend"), _backend_env(folder, ports, proxies)),
        service("agent", python("livekit_agent", "start"), _agent_env(folder, ports, proxies)),
    )


def _embedded_env(ports: dict[str, int]) -> dict[str, str]:
    return {"EMBEDDED_PORT": str(ports["embedded"])}


def _backend_env(
    folder: Path, ports: dict[str, int], proxies: dict[Engine, FaultProxy]
) -> dict[str, str]:
    return {
        "BACKEND_PORT": str(ports["backend"]),
        "BACKEND_TOKENS_PER_MINUTE": "600",
        "BACKEND_DATABASE_URL": f"sqlite+aiosqlite:///{folder}/parley.db",
        "BACKEND_STT_URL": proxies["stt"].url,
        "BACKEND_LLM_URL": proxies["llm"].url,
        "BACKEND_TTS_URL": proxies["tts"].url,
        "BACKEND_AGENT_URL": f"http://{HOST}:{ports['agent']}",
    }


def _agent_env(
    folder: Path, ports: dict[str, int], proxies: dict[Engine, FaultProxy]
) -> dict[str, str]:
    env = {
        "AGENT_PORT": str(ports["agent"]),
        "AGENT_SDK_PORT": str(ports["sdk"]),
        "AGENT_DATA_DIR": str(folder / "agent"),
        "AGENT_STT_URL": f"{proxies['stt'].url}/v1",
        "AGENT_LLM_URL": f"{proxies['llm'].url}/v1",
        "AGENT_TTS_URL": f"{proxies['tts'].url}/v1",
        "AGENT_STANDBY_URL": f"{proxies['standby'].url}/v1",
        "AGENT_BACKEND_URL": f"http://{HOST}:{ports['backend']}",
        "AGENT_GREETING": GREETING,
        "AGENT_MAX_CALLS": "8",  # those of the test before may still be ending
        "AGENT_SILENCE_PROMPT_S": str(SILENCE_S),
        "AGENT_SILENCE_HANGUP_S": "3",
        "AGENT_JOB_MEMORY_MB": str(JOB_MB),
    }
    breakable = {"PYTHONPATH": f"{ROOT / 'tests' / 'faults' / 'inside'}:{ROOT}"}
    return breakable | env
