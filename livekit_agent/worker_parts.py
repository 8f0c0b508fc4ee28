"""What a process gives the calls it holds: settings, models, numbers, the way to the backend."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from livekit.agents import vad
from pydantic import SecretStr

from chassis.metrics import Metrics
from livekit_agent.backend_client import BackendClient, backend_http
from livekit_agent.call_metrics import CallMetrics
from livekit_agent.outbox import Outbox
from livekit_agent.settings import AgentSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class JobParts:
    """`service_key` None: this worker has no backend. `client_metrics`: of the calls' requests."""

    settings: AgentSettings
    service_key: SecretStr | None
    metrics: CallMetrics
    vad: vad.VAD
    turn_socket: Path | None  # of the turn scorer; None: words alone tell the end of a turn
    client_metrics: Metrics = field(default_factory=partial(Metrics, "agent_call"))

    @asynccontextmanager
    async def open_backend(self) -> AsyncIterator[tuple[BackendClient, Outbox | None]]:
        """The backend and what waits for it, for one call."""
        if self.service_key is None:
            yield BackendClient(None), None
            return
        http = backend_http(self.settings.backend_url, self.service_key, self.client_metrics)
        async with http, Outbox(self.settings.data_dir) as outbox:
            yield BackendClient(http, memory=self.settings.memory_policy != "off"), outbox
