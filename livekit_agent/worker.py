"""The worker: registers with the SFU, keeps warm processes, reports its state, drains."""

import asyncio
import contextlib
import importlib
import signal
from collections.abc import Iterator

import uvicorn
from fastapi import FastAPI
from livekit.agents import AgentServer, JobProcess, JobRequest

from chassis.health import Health, Probe, ProbeFailed, ready_probe
from chassis.http import AsyncClient, pooled_client, tls_context
from chassis.logs import configure_logs, get_logger
from chassis.metrics import Metrics
from chassis.service import create_app
from chassis.settings import InternalSettings, LiveKitSettings, load_settings
from livekit_agent.call_metrics import CallMetrics
from livekit_agent.clip_maker import ClipMaker
from livekit_agent.clips import Clips
from livekit_agent.conversation import answer_call
from livekit_agent.delivery import delivered_records
from livekit_agent.engines import load_turn_model, load_vad
from livekit_agent.settings import AgentSettings
from livekit_agent.worker_parts import JobParts

MAX_LOAD = 0.99  # at 1 the SFU does not even ask; `_on_request` says no for itself
INITIALIZE_TIMEOUT_S = 30.0  # the SDK's 10 s kills a slow machine's processes again and again
EXIT_GAVE_UP = 1  # the SDK ends with 0 when it cannot reach the SFU: nothing would restart it

log = get_logger(__name__)


def prewarm(process: JobProcess) -> None:
    """What each job process has ready before its call."""
    settings = load_settings(AgentSettings)
    configure_logs("agent", level=settings.log_level, log_format=settings.log_format)
    process.userdata["parts"] = JobParts(
        settings=settings,
        service_key=load_settings(InternalSettings).key,
        metrics=CallMetrics(Metrics("agent")),
        vad=load_vad(settings),
        turn_model=load_turn_model(settings),
    )
    # Else done by the first request, on the loop that greets the caller.
    tls_context()
    importlib.import_module("anyio._backends._asyncio")


class Worker:
    """The SDK's server and our health beside it, as one thing that runs and stops."""

    def __init__(self, settings: AgentSettings, livekit: LiveKitSettings) -> None:
        self._settings = settings
        self._metrics = Metrics("agent")
        self._calls = self._metrics.gauge("calls", "calls this worker is in")
        self._refused = self._metrics.counter("calls_refused_total", "calls refused", ["reason"])
        self.health = Health("agent", self._metrics)
        self._client = pooled_client(metrics=self._metrics)
        self._clip_maker = ClipMaker(Clips(settings), self._client, settings)
        self._server = AgentServer(
            ws_url=livekit.url,
            api_key=livekit.api_key,
            api_secret=livekit.api_secret.get_secret_value(),
            host="127.0.0.1",
            port=settings.sdk_port,
            setup_fnc=prewarm,
            load_fnc=self._load,
            # Refusals are ours (`_on_request`): the SDK's threshold also counts reserved slots and
            # turned down a second caller in the same instant.
            load_threshold=float("inf"),
            num_idle_processes=settings.idle_processes,
            drain_timeout=settings.drain_s,
            initialize_process_timeout=INITIALIZE_TIMEOUT_S,
            job_memory_limit_mb=settings.job_memory_mb,
        )
        self._server.rtc_session(answer_call, agent_name=settings.name, on_request=self._on_request)
        self._registered = False
        self._server.on("worker_registered", self._on_registered)
        self._watch(livekit)

    def _watch(self, livekit: LiveKitSettings) -> None:
        self.health.watch("sfu", self._sfu_probe(livekit))
        for name, url in (
            ("stt", self._settings.stt_url),
            ("llm", self._settings.llm_url),
            ("tts", self._settings.tts_url),
        ):
            self.health.watch(name, engine_probe(self._client, url))

    def _sfu_probe(self, livekit: LiveKitSettings) -> Probe:
        reachable = ready_probe(self._client, livekit.http_url)

        async def probe() -> None:
            await reachable()
            # The SDK has no public word for "registered now"; `_connecting` is its own.
            if not self._registered or self._server._connecting:
                raise ProbeFailed("not registered with the SFU yet")

        return probe

    def _on_registered(self, *_: object) -> None:
        self._registered = True
        log.info("worker_registered")

    def _load(self) -> float:
        """Share of the calls this worker takes. Never the host's CPU: an engine may be using it.

        Nor readiness: the SFU skips a worker at 1 and hears of a change up to 2.5 s late, so a call
        right after recovery would find no agent. A call is refused before it starts, by its token.
        """
        active = len(self._server.active_jobs)
        self._calls.set(active)
        return min(MAX_LOAD, active / self._settings.max_calls)

    async def _on_request(self, request: JobRequest) -> None:
        if len(self._server.active_jobs) >= self._settings.max_calls:
            self._refused.labels("full").inc()
            log.warning("call_refused", reason="full")
            await request.reject()
        else:
            await request.accept(name="Parley")

    async def run(self) -> int:
        """Serve until a signal, drain, stop. Returns the exit status."""
        stop = asyncio.Event()
        with on_stop_signals(stop):
            key = load_settings(InternalSettings).key
            records = delivered_records(self._settings, key, self._metrics)
            async with self._client, self._clip_maker, records, asyncio.TaskGroup() as tasks:
                self._clip_maker.want(self._settings.tts_voice, self._settings.language)
                health = uvicorn.Server(self._health_config())
                health_task = tasks.create_task(_serve(health))
                server_task = tasks.create_task(self._server.run())
                stop_task = tasks.create_task(stop.wait())
                done, _ = await asyncio.wait(
                    {server_task, stop_task}, return_when=asyncio.FIRST_COMPLETED
                )
                stop_task.cancel()
                await self._stop(server_task)
                health.should_exit = True
                await health_task
                return EXIT_GAVE_UP if server_task in done else 0

    async def _stop(self, server_task: asyncio.Task[None]) -> None:
        log.info("worker_draining", calls=len(self._server.active_jobs))
        with contextlib.suppress(TimeoutError):
            await self._server.drain()
        await self._server.aclose()
        await asyncio.gather(server_task, return_exceptions=True)

    def _health_config(self) -> uvicorn.Config:
        app: FastAPI = create_app("agent", metrics=self._metrics, health=self.health)
        return uvicorn.Config(
            app,
            host=self._settings.host,
            port=self._settings.port,
            log_config=None,
            access_log=False,
        )


def engine_probe(client: AsyncClient, base_url: str) -> Probe:
    """Parley's engines say in `/health/ready` whether they can answer; others list their models."""

    async def probe() -> None:
        response = await client.get(f"{base_url.removesuffix('/v1')}/health/ready")
        if response.status_code == 404:
            response = await client.get(f"{base_url}/models")
        if response.status_code >= 500:
            raise ProbeFailed(f"{response.url} answered {response.status_code}")

    return probe


async def _serve(server: uvicorn.Server) -> None:
    # Signals are the worker's: uvicorn's own handlers would end the health server before the drain.
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
    await server.serve()


@contextlib.contextmanager
def on_stop_signals(stop: asyncio.Event) -> Iterator[None]:
    """The first SIGTERM or SIGINT sets `stop`; the next ends the process at once."""
    loop = asyncio.get_running_loop()

    def first() -> None:
        stop.set()
        for signum in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(signum)
            signal.signal(signum, signal.SIG_DFL)

    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, first)
    yield
