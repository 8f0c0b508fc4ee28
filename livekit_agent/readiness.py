"""Whether a call would work now: of each stage the main engine answers, or the standby."""

import asyncio
import math
import time
from typing import Any, get_args

from chassis.health import Health, Probe, ProbeFailed, State
from chassis.http import AsyncClient, HTTPError
from chassis.logs import get_logger
from chassis.metrics import Metrics
from livekit_agent.endpoints import endpoints_of
from livekit_agent.settings import AgentSettings
from livekit_agent.stages import PROBE_TIMEOUT_S, Endpoint, StageName, ask_ready

STAGES: tuple[StageName, ...] = get_args(StageName)
FRESH_S = 0.1  # three stages ask for the standby at the same time
# A stage waits for the standby another stage is looking at, then for its own two engines.
STAGE_WITHIN_S = 2 * PROBE_TIMEOUT_S + 0.5

log = get_logger(__name__)


class Engine:
    """One engine as last looked at. `queued`: requests that wait in it, where it tells."""

    def __init__(self, name: str, endpoint: Endpoint, client: AsyncClient) -> None:
        self.name = name
        self.state: State = "unknown"
        self.queued = 0
        self.last_error: str | None = None
        self._endpoint = endpoint
        self._client = client
        self._latency_ms: float | None = None
        self._looked_at_s = float("-inf")
        self._one_at_a_time = asyncio.Lock()

    async def look(self) -> None:
        """Ask it, unless somebody just did. Never raises for a failed engine."""
        async with self._one_at_a_time:
            if time.monotonic() - self._looked_at_s < FRESH_S:
                return
            started = time.perf_counter()
            try:
                async with asyncio.timeout(PROBE_TIMEOUT_S):
                    await self._ask()
            except TimeoutError:
                self._saw("unready", f"no answer within {PROBE_TIMEOUT_S:g} s")
            except (ProbeFailed, HTTPError, OSError) as exc:
                self._saw("unready", str(exc) or type(exc).__name__)
            else:
                self._latency_ms = round((time.perf_counter() - started) * 1000, 1)
                self._saw("ready", None)
            self._looked_at_s = time.monotonic()

    def is_ready(self) -> bool:
        return self.state == "ready"

    def report(self) -> dict[str, Any]:
        return {
            "state": self.state,
            "url": self._endpoint.base_url,
            "latency_ms": self._latency_ms,
            "queued": self.queued,
            "last_error": self.last_error,
        }

    async def _ask(self) -> None:
        """Whether it can answer; Parley's engines also tell who waits."""
        if await ask_ready(self._client, self._endpoint):
            root = self._endpoint.base_url.removesuffix("/v1")
            self.queued = waiting_in((await self._client.get(f"{root}/metrics")).text)

    def _saw(self, state: State, error: str | None) -> None:
        if state != "ready":
            self.queued = 0
        if state != self.state and (self.state != "unknown" or state == "unready"):
            level = log.info if state == "ready" else log.warning
            level("engine_changed", engine=self.name, state=state, reason=error)
        self.state = state
        self.last_error = error or self.last_error


class EngineWatch:
    """The engines of all stages, as dependencies `stt`, `llm` and `tts` of the worker's health."""

    def __init__(
        self, settings: AgentSettings, client: AsyncClient, health: Health, metrics: Metrics
    ) -> None:
        endpoints = {stage: endpoints_of(settings, stage) for stage in STAGES}
        self.standby = Engine("standby", endpoints["stt"][1], client)
        self.main = {stage: Engine(stage, endpoints[stage][0], client) for stage in STAGES}
        for stage in STAGES:
            health.watch(stage, self._probe(stage), timeout_s=STAGE_WITHIN_S)
        health.describe("degraded", self.degraded)
        health.describe("engines", self._report)
        ready = metrics.gauge("engine_ready", "1 when the engine answers", ["engine"])
        for engine in (*self.main.values(), self.standby):
            ready.labels(engine.name).set_function(engine.is_ready)

    def silent_stages(self) -> list[StageName]:
        """Those that nothing answers, as last seen."""
        if self.standby.state != "unready":
            return []
        return [stage for stage in STAGES if self.main[stage].state == "unready"]

    def degraded(self) -> list[StageName]:
        """Those whose main engine is down: calls are answered by the standby, if by any."""
        return [stage for stage in STAGES if self.main[stage].state == "unready"]

    def queued(self) -> int:
        """Requests that wait in the main engine with most of them."""
        return max(engine.queued for engine in self.main.values())

    def _probe(self, stage: StageName) -> Probe:
        main, standby = self.main[stage], self.standby

        async def probe() -> None:
            await asyncio.gather(main.look(), standby.look())
            if not main.is_ready() and not standby.is_ready():
                raise ProbeFailed(f"main: {main.last_error}; standby: {standby.last_error}")

        return probe

    def _report(self) -> dict[str, Any]:
        standby = self.standby.report()
        return {s: {"main": self.main[s].report(), "standby": standby} for s in STAGES}


def waiting_in(metrics: str) -> int:
    """Requests that wait, from the metrics of one of Parley's engines."""
    rows = (line.rpartition(" ") for line in metrics.splitlines() if line.startswith("parley_"))
    depths = [float(value) for name, _, value in rows if "_queue_depth" in name]
    return int(sum(depth for depth in depths if math.isfinite(depth)))
