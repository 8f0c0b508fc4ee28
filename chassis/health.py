"""Liveness and readiness: every dependency watched, with its state, latency and last error."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, Self

from chassis.http import AsyncClient, HTTPError, Response
from chassis.logs import get_logger
from chassis.metrics import Metrics

State = Literal["unknown", "ready", "unready"]
Probe = Callable[
    [], Awaitable[None]
]  # returns when fine, raises ProbeFailed with the reason when not
READY_INTERVAL_S = 2.0
UNREADY_INTERVAL_S = 0.25
PROBE_TIMEOUT_S = 2.0
REFRESH_WITHIN_S = 1.0  # a big model's inference may take longer on a busy machine
FRESH_S = 0.1  # a crashed SFU is back within half a second, its worker is not

log = get_logger(__name__)


class ProbeFailed(Exception):
    """Why a dependency cannot serve now, in words an operator can act on."""


@dataclass(slots=True)
class Dependency:
    """One thing a service needs, as last seen."""

    name: str
    probe: Probe
    required: bool
    interval_s: float
    timeout_s: float
    fresh_s: float
    state: State = "unknown"
    latency_ms: float | None = None
    last_error: str | None = None
    since: str = field(default_factory=lambda: _now())
    checked_at_s: float = float("-inf")  # on time.monotonic

    def report(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "state": self.state,
            "required": self.required,
            "latency_ms": self.latency_ms,
            "last_error": self.last_error,
            "since": self.since,
        }


class Health:
    """Readiness of one service. Enter it in the service's lifespan: it polls until left.

    Polled, so that `ready` can be asked at any time; refreshed, when someone asks over HTTP.
    """

    def __init__(self, service: str, metrics: Metrics) -> None:
        self.service = service
        self.dependencies: dict[str, Dependency] = {}
        self._details: dict[str, Callable[[], Any]] = {}
        self._metrics = metrics
        self._polls: list[asyncio.Task[None]] = []

    def watch(
        self,
        name: str,
        probe: Probe,
        *,
        required: bool = True,
        interval_s: float = READY_INTERVAL_S,
        timeout_s: float = PROBE_TIMEOUT_S,
        fresh_s: float = FRESH_S,
    ) -> None:
        """Add a dependency. `required`: without it this service is not ready. Who asks over HTTP
        is told what was seen `fresh_s` ago at most: 0 for what costs nothing to look at."""
        self.dependencies[name] = Dependency(name, probe, required, interval_s, timeout_s, fresh_s)

    def describe(self, name: str, detail: Callable[[], Any]) -> None:
        """Add something to the report that is no dependency: how far a download is, say."""
        self._details[name] = detail

    @property
    def ready(self) -> bool:
        return all(d.state == "ready" for d in self.dependencies.values() if d.required)

    def report(self) -> dict[str, Any]:
        """The JSON of `GET /health/ready`."""
        return {
            "service": self.service,
            "ready": self.ready,
            "dependencies": [d.report() for d in self.dependencies.values()],
        } | {name: detail() for name, detail in self._details.items()}

    async def refresh(self, *names: str) -> None:
        """Probe again what was last seen a while ago: an answer must not be a memory. `names`: of
        the dependencies asked about; none: all."""
        now_s = time.monotonic()
        asked = [self.dependencies[name] for name in names] or self.dependencies.values()
        stale = [d for d in asked if d.checked_at_s + d.fresh_s <= now_s or d.state == "unknown"]
        if not stale:
            return
        try:
            async with asyncio.timeout(REFRESH_WITHIN_S):
                await asyncio.gather(*(self.check(dependency) for dependency in stale))
        except TimeoutError:
            return  # what was seen last, then: the poll goes on, and says so when it fails

    async def __aenter__(self) -> Self:
        for dependency in self.dependencies.values():
            self._polls.append(asyncio.create_task(self._poll(dependency)))
        return self

    async def __aexit__(self, *_: object) -> None:
        for poll in self._polls:
            poll.cancel()
        await asyncio.gather(*self._polls, return_exceptions=True)
        self._polls.clear()

    async def _poll(self, dependency: Dependency) -> None:
        while True:
            await self.check(dependency)
            ready = dependency.state == "ready"
            await asyncio.sleep(dependency.interval_s if ready else UNREADY_INTERVAL_S)

    async def check(self, dependency: Dependency) -> None:
        """Probe once and record what was seen."""
        dependency.checked_at_s = time.monotonic()
        started = time.perf_counter()
        try:
            async with asyncio.timeout(dependency.timeout_s):
                await dependency.probe()
        except TimeoutError:
            self._record(dependency, "unready", f"no answer within {dependency.timeout_s:g} s")
        except (ProbeFailed, HTTPError, OSError) as exc:
            self._record(dependency, "unready", str(exc) or type(exc).__name__)
        else:
            latency_s = time.perf_counter() - started
            dependency.latency_ms = round(latency_s * 1000, 1)
            self._metrics.dependency_latency_seconds.labels(dependency.name).set(latency_s)
            self._record(dependency, "ready", None)

    def _record(self, dependency: Dependency, state: State, error: str | None) -> None:
        self._metrics.dependency_ready.labels(dependency.name).set(state == "ready")
        dependency.last_error = error or dependency.last_error
        if state == dependency.state:
            return
        if dependency.state != "unknown" or state == "unready":
            level = log.info if state == "ready" else log.warning
            level("dependency_changed", dependency=dependency.name, state=state, reason=error)
        dependency.state = state
        dependency.since = _now()


def ready_probe(
    client: AsyncClient, url: str, seen: Callable[[Response], None] = lambda _: None
) -> Probe:
    """A probe of a peer that says of itself whether it can serve: `url` must answer 200. `seen` is
    given every answer, for what else it tells."""

    async def probe() -> None:
        response = await client.get(url)
        seen(response)
        if response.status_code != 200:
            raise ProbeFailed(f"{url} answered {response.status_code}: {_reason(response.text)}")

    return probe


def _reason(text: str) -> str:
    return text[:200]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
