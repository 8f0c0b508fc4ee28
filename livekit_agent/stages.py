"""Which engine serves a stage of a call: the main one, or the standby while that is down."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, Self

from pydantic import SecretStr

from chassis.health import ProbeFailed
from chassis.http import AsyncClient, HTTPError
from chassis.logs import get_logger

StageName = Literal["stt", "llm", "tts"]
StageState = Literal["down", "fallback", "recovered"]
# A breaker: half-open after this long, twice as long each time it fails again.
FIRST_PROBE_S = 2.0
LONGEST_PROBE_S = 30.0
LONGEST_REST_S = 300.0  # whatever an engine asks for: a call may last for hours
PROBE_TIMEOUT_S = 1.5
WRONG_KEY = (401, 403)

log = get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One engine as a stage reaches it. `base_url` ends in /v1."""

    name: Literal["main", "standby"]
    base_url: str
    model: str
    api_key: SecretStr


@dataclass(frozen=True, slots=True, kw_only=True)
class StageChange:
    """A stage fell back to another engine, has none left, or is whole again."""

    stage: StageName
    state: StageState
    engine: str
    reason: str = ""


class EngineFailure(Exception):
    """An engine did not do its work. `retry_after_s`: what it asked for, None if nothing."""

    def __init__(self, reason: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after_s = retry_after_s


Probe = Callable[[Endpoint], Awaitable[bool]]


class Stage:
    """The engines of one stage in one call. Enter it for the length of the call.

    `keeps_fallback`: once on the standby, stay there: a voice must not change back and forth.
    """

    def __init__(
        self,
        name: StageName,
        endpoints: list[Endpoint],
        *,
        probe: Probe,
        on_change: Callable[[StageChange], None],
        keeps_fallback: bool = False,
    ) -> None:
        self.name = name
        self._endpoints = endpoints
        self._probe = probe
        self._on_change = on_change
        self._keeps_fallback = keeps_fallback
        self._current = endpoints[0]
        self._failed: set[str] = set()
        self._state: StageState = "recovered"
        self._probe_s = FIRST_PROBE_S
        self._probing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._probing is not None:
            self._probing.cancel()
            await asyncio.gather(self._probing, return_exceptions=True)

    @property
    def current(self) -> Endpoint:
        return self._current

    @property
    def state(self) -> StageState:
        return self._state

    def order(self) -> list[Endpoint]:
        """Engines to try, the one on duty first."""
        return [self._current, *(e for e in self._endpoints if e is not self._current)]

    def failed(self, endpoint: Endpoint, failure: EngineFailure) -> None:
        """`endpoint` did not answer a request: the next one goes on duty."""
        log.warning(
            "engine_failed", stage=self.name, engine=endpoint.name, reason=failure.reason[:300]
        )
        self._failed.add(endpoint.name)
        if endpoint.name == "main" and not self._is_probing:
            rest_s = min(failure.retry_after_s or 0.0, LONGEST_REST_S)
            wait_s = max(self._probe_s, rest_s)
            self._probe_s = min(self._probe_s * 2, LONGEST_PROBE_S)
            self._probing = asyncio.create_task(self._watch_main(wait_s))
        others = [e for e in self._endpoints if e.name not in self._failed]
        if not others:
            # All start anew, the next one first: one that failed long ago may be well by now.
            self._failed = {endpoint.name}
            self._current = next((e for e in self._endpoints if e is not endpoint), endpoint)
            self._change("down", endpoint, failure.reason)
        elif endpoint is self._current:
            self._current = others[0]
            self._change("fallback", self._current, failure.reason)

    def worked(self, endpoint: Endpoint) -> None:
        """`endpoint` did its work."""
        self._failed.discard(endpoint.name)
        if endpoint is not self._current and self._current.name in self._failed:
            self._current = endpoint
        if endpoint.name == "main" and endpoint is self._current:
            self._change("recovered", endpoint)
        elif self._state == "down":
            self._change("fallback", endpoint)

    @property
    def _is_probing(self) -> bool:
        return self._probing is not None and not self._probing.done()

    async def _watch_main(self, wait_s: float) -> None:
        main = self._endpoints[0]
        while True:
            await asyncio.sleep(wait_s)
            if await self._probe(main):
                break
            wait_s = min(wait_s * 2, LONGEST_PROBE_S)
        self._failed.discard(main.name)
        if self._keeps_fallback and self._current is not main and not self._failed:
            return
        self._failed.clear()  # the standby too is worth another try by the time it is needed
        self._current = main
        self._change("recovered", main)

    def _change(self, state: StageState, endpoint: Endpoint, reason: str = "") -> None:
        if state == self._state:
            return
        self._state = state
        self._on_change(
            StageChange(stage=self.name, state=state, engine=endpoint.name, reason=reason)
        )


async def ask_ready(client: AsyncClient, endpoint: Endpoint) -> bool:
    """Whether an engine that says it can answer is one of Parley's, which tell their readiness;
    others list their models. Raises ProbeFailed, HTTPError."""
    headers = {"authorization": f"Bearer {endpoint.api_key.get_secret_value()}"}
    root = endpoint.base_url.removesuffix("/v1")
    response = await client.get(f"{root}/health/ready", headers=headers)
    is_ours = response.status_code != 404
    if not is_ours:
        response = await client.get(f"{endpoint.base_url}/models", headers=headers)
    if response.status_code >= 500 or response.status_code in WRONG_KEY:
        raise ProbeFailed(f"{response.url} answered {response.status_code}")
    return is_ours


def http_probe(client: AsyncClient) -> Probe:
    """Whether an engine says that it can answer, within PROBE_TIMEOUT_S."""

    async def probe(endpoint: Endpoint) -> bool:
        try:
            async with asyncio.timeout(PROBE_TIMEOUT_S):
                await ask_ready(client, endpoint)
        except (ProbeFailed, HTTPError, TimeoutError):
            return False
        return True

    return probe
