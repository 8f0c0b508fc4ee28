"""SFU, idle agents and backends as processes that a test may kill one by one; no speech."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
from aiohttp import ClientError
from livekit import api, rtc
from livekit.protocol.models import ParticipantInfo

from parley.sfu import cached_binary
from tests.processes import LOGS, ROOT, clean_env, free_ports, wait_ready

KEY, SECRET = "APIhouse", "0123456789abcdef0123456789abcdef"
SEEN_EVERY_S = 0.1
READY_WITHIN_S = 120.0  # on a machine that others load


class House:
    """Ports and processes of one small installation. Processes are started by the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        names = ("sfu", "tcp", "udp", "worker", "sdk", "backend", "second")
        self.ports = dict(zip(names, free_ports(len(names)), strict=True))
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def sfu_url(self) -> str:
        return f"ws://127.0.0.1:{self.ports['sfu']}"

    def make_whole(self) -> None:
        """SFU, worker and one backend run and are ready."""
        if "second" in self._running:
            self.kill("second")
        for name, start in (
            ("sfu", self.start_sfu),
            ("worker", self.start_worker),
            ("backend", self.start_backend),
        ):
            if name not in self._running:
                start(wait=False)
        self.wait_ready("sfu", "worker", "backend")

    def wait_ready(self, *names: str) -> None:
        paths = {"sfu": "/", "worker": "/"}
        for name in names:
            path = paths.get(name, "/health/ready")
            url = f"http://127.0.0.1:{self.ports[name]}{path}"
            wait_ready(url, self._running[name], READY_WITHIN_S)

    def start_sfu(self, *, wait: bool = True) -> None:
        ports = self.ports
        webhook = f"http://127.0.0.1:{ports['backend']}/internal/livekit/webhook"
        self._start(
            "sfu",
            [
                str(cached_binary()),
                f"--port={ports['sfu']}",
                f"--rtc.tcp_port={ports['tcp']}",
                f"--udp-port={ports['udp']}",
            ],
            {
                "LIVEKIT_KEYS": f"{KEY}: {SECRET}",
                "LIVEKIT_CONFIG": (ROOT / "livekit.yaml").read_text()
                + f"\nwebhook: {{api_key: {KEY}, urls: [{webhook}]}}\n",
            },
        )
        if wait:
            self.wait_ready("sfu")

    def start_worker(self, *, wait: bool = True) -> None:
        self._start(
            "worker",
            [sys.executable, "-m", "tests.fakes.idle_agent"],
            {
                "AGENT_PORT": str(self.ports["worker"]),
                "AGENT_SDK_PORT": str(self.ports["sdk"]),
                "LIVEKIT_AGENTS_PRELOAD_LOCAL_INFERENCE": "0",
            },
        )
        if wait:
            self.wait_ready("worker")

    def start_backend(self, name: str = "backend", *, wait: bool = True) -> None:
        """`second`: another one beside it, with the same database."""
        self._start(
            name,
            [sys.executable, "-m", "backend"],
            {
                "BACKEND_PORT": str(self.ports[name]),
                "BACKEND_AGENT_URL": f"http://127.0.0.1:{self.ports['worker']}",
                "BACKEND_TOKENS_PER_MINUTE": "600",
            },
        )
        if wait:
            self.wait_ready(name)

    def kill(self, name: str) -> None:
        """kill -9 of the process and all it started."""
        process = self._running.pop(name)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop_all(self) -> None:
        for name in list(self._running):
            self.kill(name)

    def metric(self, name: str, backend: str = "backend") -> float:
        """The sum of a metric's samples."""
        url = f"http://127.0.0.1:{self.ports[backend]}/metrics"
        lines = httpx2.get(url, trust_env=False).text.splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))

    def _start(self, name: str, command: list[str], env: dict[str, str]) -> None:
        shared = {
            "LIVEKIT_URL": self.sfu_url,
            "LIVEKIT_API_KEY": KEY,
            "LIVEKIT_API_SECRET": SECRET,
            "PYTHONPATH": str(ROOT),
        }
        environment = clean_env(env if name == "sfu" else shared | env)
        with (self.folder / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                command,
                env=environment,
                cwd=self.folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )


class Guest:
    """A person in a room of their own. `async with Guest(house) as guest:` calls and hangs up."""

    def __init__(self, house: House, token: dict[str, Any] | None = None) -> None:
        """`token`: the backend's answer when it was asked earlier."""
        self._house = house
        self._token = token or ask_for_token(house)
        self.conversation_id: str = self._token["conversation_id"]
        self.room = rtc.Room()
        self.name = ""
        self._admin: api.LiveKitAPI | None = None

    async def __aenter__(self) -> "Guest":
        self._admin = api.LiveKitAPI(self._house.sfu_url, KEY, SECRET, failover=False)
        await self.room.connect(self._token["server_url"], self._token["participant_token"])
        self.name = self.room.name
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.room.disconnect()
        assert self._admin is not None
        await self._admin.aclose()

    @property
    def admin(self) -> api.LiveKitAPI:
        assert self._admin is not None
        return self._admin

    async def agents(self) -> list[ParticipantInfo]:
        """The agents as the SFU tells them; none while it is down."""
        try:
            answer = await self.admin.room.list_participants(
                api.ListParticipantsRequest(room=self.name)
            )
        except (api.TwirpError, ClientError, TimeoutError):
            return []
        return [p for p in answer.participants if p.kind == ParticipantInfo.Kind.AGENT]

    async def until(
        self, holds: Callable[[list[ParticipantInfo]], Any], within_s: float, what: str
    ) -> list[ParticipantInfo]:
        """The agents in the room as soon as they are so."""
        began_s = time.monotonic()
        agents: list[ParticipantInfo] = []
        while time.monotonic() - began_s < within_s:
            agents = await self.agents()
            if holds(agents):
                return agents
            await asyncio.sleep(SEEN_EVERY_S)  # between two polls of a deadline
        raise AssertionError(f"{what}: not within {within_s:g} s; agents {agents}")

    async def agent(self, within_s: float = 60.0, *, other_than: str = "") -> ParticipantInfo:
        """The one agent of the room, once it has said what it was dispatched with."""

        def settled(agents: list[ParticipantInfo]) -> bool:
            return (
                len(agents) == 1
                and agents[0].identity != other_than
                and "dispatched" in agents[0].attributes
            )

        (agent,) = await self.until(settled, within_s, "one agent")
        return agent

    async def send_for_another(self) -> None:
        """As nobody should: an agent is there already."""
        order = api.CreateAgentDispatchRequest(agent_name="parley", room=self.name, metadata="{}")
        await self.admin.agent_dispatch.create_dispatch(order)


def ask_for_token(house: House) -> dict[str, Any]:
    url = f"http://127.0.0.1:{house.ports['backend']}/api/token"
    response = httpx2.post(url, json={}, trust_env=False).raise_for_status()
    answer: dict[str, Any] = response.json()
    return answer


def dispatched(agent: ParticipantInfo) -> dict[str, Any]:
    """What an idle agent was told."""
    told: dict[str, Any] = json.loads(agent.attributes["dispatched"])
    return told


@contextmanager
def open_house(name: str) -> Iterator[House]:
    """Logs and state in `test-logs/<name>`; whatever still runs is killed at the end."""
    folder = LOGS / f"{name}-{time.time_ns()}"
    folder.mkdir(parents=True)
    house = House(folder)
    try:
        yield house
    finally:
        house.stop_all()
