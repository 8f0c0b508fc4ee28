"""SFU, idle agents and backends as processes that a test may kill one by one; no speech."""

import asyncio
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
import psutil
from livekit import api, rtc
from livekit.protocol.models import ParticipantInfo

from parley.sfu import cached_binary
from tests.processes import LOGS, ROOT, clean_env, free_ports, wait_ready

KEY, SECRET = "APIhouse", "0123456789abcdef0123456789abcdef"
SEEN_EVERY_S = 0.1


class House:
    """Ports and processes of one small installation. Processes are started by the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        names = ("sfu", "tcp", "udp", "agent", "sdk", "backend", "second")
        self.ports = dict(zip(names, free_ports(len(names)), strict=True))
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def sfu_url(self) -> str:
        return f"ws://127.0.0.1:{self.ports['sfu']}"

    def start_sfu(self) -> None:
        ports = self.ports
        self._start(
            "sfu",
            [
                str(cached_binary()),
                f"--config={ROOT / 'livekit.yaml'}",
                f"--port={ports['sfu']}",
                f"--rtc.tcp_port={ports['tcp']}",
                f"--udp-port={ports['udp']}",
            ],
            {"LIVEKIT_KEYS": f"{KEY}: {SECRET}"},
        )
        wait_ready(f"http://127.0.0.1:{ports['sfu']}/", self._running["sfu"])

    def start_worker(self, *, wait: bool = True) -> None:
        self._start(
            "worker",
            [sys.executable, "-m", "tests.fakes.idle_agent"],
            {
                "AGENT_PORT": str(self.ports["agent"]),
                "AGENT_SDK_PORT": str(self.ports["sdk"]),
                "LIVEKIT_AGENTS_PRELOAD_LOCAL_INFERENCE": "0",
            },
        )
        if wait:
            wait_ready(f"http://127.0.0.1:{self.ports['agent']}/", self._running["worker"])

    def start_backend(self, name: str = "backend", *, wait: bool = True) -> None:
        """`second`: another one beside it, with the same database."""
        self._start(
            name,
            [sys.executable, "-m", "backend"],
            {
                "BACKEND_PORT": str(self.ports[name]),
                "BACKEND_AGENT_URL": f"http://127.0.0.1:{self.ports['agent']}",
                "BACKEND_TOKENS_PER_MINUTE": "600",
            },
        )
        if wait:
            wait_ready(f"http://127.0.0.1:{self.ports[name]}/health/ready", self._running[name])

    def kill(self, name: str) -> None:
        """kill -9 of the process and all it started."""
        os.killpg(self._running[name].pid, signal.SIGKILL)
        self._running.pop(name).wait()

    def stop(self, name: str) -> None:
        self._running[name].terminate()
        self._running.pop(name).wait()

    def stop_all(self) -> None:
        for process in self._running.values():
            family = psutil.Process(process.pid).children(recursive=True)
            process.kill()
            for child in family:
                child.kill()
            process.wait()

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

    def __init__(self, house: House) -> None:
        self._house = house
        self.room = rtc.Room()
        self.conversation_id = ""
        self.name = ""
        self._admin: api.LiveKitAPI | None = None

    async def __aenter__(self) -> "Guest":
        self._admin = api.LiveKitAPI(self._house.sfu_url, KEY, SECRET, failover=False)
        answer = await self._token()
        self.conversation_id = answer["conversation_id"]
        await self.room.connect(answer["server_url"], answer["participant_token"])
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
        except (api.TwirpError, OSError, TimeoutError):
            return []
        return [p for p in answer.participants if p.kind == ParticipantInfo.Kind.AGENT]

    async def until(
        self, holds: Callable[[list[ParticipantInfo]], Any], within_s: float, what: str
    ) -> float:
        """How long it took until the agents in the room were so."""
        began_s = time.monotonic()
        agents: list[ParticipantInfo] = []
        while time.monotonic() - began_s < within_s:
            agents = await self.agents()
            if holds(agents):
                return time.monotonic() - began_s
            await asyncio.sleep(SEEN_EVERY_S)  # between two polls of a deadline
        raise AssertionError(f"{what}: not within {within_s:g} s; agents {agents}")

    async def agent(self, within_s: float = 20.0, *, other_than: str = "") -> ParticipantInfo:
        """The one agent of the room, once it has said what it was dispatched with."""

        def settled(agents: list[ParticipantInfo]) -> bool:
            return (
                len(agents) == 1
                and agents[0].identity != other_than
                and "dispatched" in agents[0].attributes
            )

        await self.until(settled, within_s, "one agent")
        return (await self.agents())[0]

    async def _token(self) -> dict[str, Any]:
        url = f"http://127.0.0.1:{self._house.ports['backend']}/api/token"
        async with httpx2.AsyncClient(trust_env=False) as client:
            response = await client.post(url, json={})
            response.raise_for_status()
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
