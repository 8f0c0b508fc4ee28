"""An SFU and scripted engines, both real processes or servers, and as many workers as wanted."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from livekit import api, rtc
from livekit.protocol.agent_dispatch import RoomAgentDispatch
from livekit.protocol.room import RoomConfiguration

from parley.environment import SFU_CONFIG
from parley.sfu import cached_binary
from tests.fakes.fault_proxy import HOST, FaultProxy
from tests.fakes.scripted_engines import ScriptedEngines
from tests.faults.processes import Service
from tests.faults.rig import EngineLoop
from tests.processes import ROOT, free_port, free_ports, until

KEY, SECRET = "APIworkers", "w" * 43
JOINED_WITHIN_S = 30.0
READY_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker process."""

    service: Service
    url: str

    def ready(self) -> dict[str, Any]:
        found: dict[str, Any] = httpx2.get(f"{self.url}/health/ready", trust_env=False).json()
        return found

    def metric(self, name: str, **labels: str) -> float:
        """The samples of that name whose labels hold `labels`, summed; 0 if there is none."""
        text = httpx2.get(f"{self.url}/metrics", trust_env=False).text
        total = 0.0
        for line in text.splitlines():
            series, _, value = line.rpartition(" ")
            wanted = all(f'{key}="{told}"' in series for key, told in labels.items())
            if series.partition("{")[0] == name and wanted:
                total += float(value)
        return total

    def calls(self) -> int:
        return int(self.metric("parley_agent_calls"))


@dataclass(frozen=True, slots=True)
class WorkerBed:
    """What workers register with and ask. `main`, `standby`: in front of the same engines."""

    folder: Path
    sfu_port: int
    loop: EngineLoop
    engines: ScriptedEngines
    main: FaultProxy
    standby: FaultProxy

    @contextmanager
    def worker(self, **settings: object) -> Iterator[Worker]:
        """A worker that is ready, until the block ends. `settings` without AGENT_."""
        port, sdk_port = free_ports(2)
        env = {
            "PYTHONPATH": str(ROOT),
            "LIVEKIT_URL": f"ws://{HOST}:{self.sfu_port}",
            "LIVEKIT_API_KEY": KEY,
            "LIVEKIT_API_SECRET": SECRET,
            "AGENT_PORT": str(port),
            "AGENT_SDK_PORT": str(sdk_port),
            "AGENT_DATA_DIR": str(self.folder / f"data-{port}"),
            "AGENT_STT_URL": f"{self.main.url}/v1",
            "AGENT_LLM_URL": f"{self.main.url}/v1",
            "AGENT_TTS_URL": f"{self.main.url}/v1",
            "AGENT_STANDBY_URL": f"{self.standby.url}/v1",
        } | {f"AGENT_{name.upper()}": str(value) for name, value in settings.items()}
        url = f"http://{HOST}:{port}"
        service = Service(
            [sys.executable, "-m", "livekit_agent", "start"],
            env,
            self.folder,
            self.folder / f"agent-{port}.log",
            f"{url}/health/ready",
        )
        service.start()
        try:
            service.wait_ready(READY_WITHIN_S)
            yield Worker(service, url)
        finally:
            service.stop()

    @asynccontextmanager
    async def call(self, room: str) -> AsyncIterator[rtc.Room]:
        """Somebody in `room`, with whom an agent is, until the block ends."""
        dispatch = RoomAgentDispatch(
            agent_name="parley", metadata=json.dumps({"conversation_id": room, "channel": "web"})
        )
        token = (
            api.AccessToken(KEY, SECRET)
            .with_identity("user-1")
            .with_grants(api.VideoGrants(room_join=True, room=room))
            .with_room_config(RoomConfiguration(agents=[dispatch]))
        )
        caller, joined = rtc.Room(), asyncio.Event()
        caller.on("track_subscribed", lambda *_: joined.set())
        try:
            await caller.connect(f"ws://{HOST}:{self.sfu_port}", token.to_jwt())
            async with asyncio.timeout(JOINED_WITHIN_S):
                await joined.wait()
            yield caller
        finally:
            await caller.disconnect()


@contextmanager
def running_worker_bed(folder: Path) -> Iterator[WorkerBed]:
    """SFU and engines until the block ends."""
    loop, engines, stack = EngineLoop(), ScriptedEngines(), AsyncExitStack()
    port = loop.run(stack.enter_async_context(engines.serving()))
    main = loop.run(stack.enter_async_context(FaultProxy(port)))
    standby = loop.run(stack.enter_async_context(FaultProxy(port)))
    sfu_port = free_port()
    sfu = Service(
        [
            str(cached_binary()),
            f"--config={SFU_CONFIG}",
            f"--port={sfu_port}",
            f"--rtc.tcp_port={free_port()}",
            f"--udp-port={free_port()}",
        ],
        {"LIVEKIT_KEYS": f"{json.dumps(KEY)}: {json.dumps(SECRET)}"},
        folder,
        folder / "sfu.log",
        f"http://{HOST}:{sfu_port}",
    )
    sfu.start()
    try:
        sfu.wait_ready()
        yield WorkerBed(folder, sfu_port, loop, engines, main, standby)
    finally:
        sfu.stop()
        loop.run(stack.aclose())
        loop.stop()


async def eventually(holds: Any, within_s: float = 20.0) -> None:
    """Until `holds()`."""
    await asyncio.to_thread(until, holds, within_s)
