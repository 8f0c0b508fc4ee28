"""The worker: registers with the SFU, keeps warm processes, reports its state, drains."""

import asyncio
import contextlib
import signal
from collections.abc import Iterator
from contextlib import AsyncExitStack
from functools import partial
from typing import get_args

import uvicorn
from fastapi import FastAPI
from livekit.agents import AgentServer, JobRequest

from chassis.health import Health, Probe, ProbeFailed, ready_probe
from chassis.http import pooled_client
from chassis.logs import get_logger
from chassis.metrics import Metrics
from chassis.room_names import kept_name
from chassis.service import create_app
from chassis.settings import InternalSettings, LiveKitSettings, load_settings
from livekit_agent.call_metadata import BUSY_MARK, CallMetadata
from livekit_agent.call_metrics import CallMetrics
from livekit_agent.call_numbers import CallNumbers
from livekit_agent.clip_maker import ClipMaker
from livekit_agent.clips import Clips
from livekit_agent.delivery import delivered_records
from livekit_agent.entry import answer_call, call_over, prewarm
from livekit_agent.load import LoopLag, Refusal, load_of, refusal_of
from livekit_agent.readiness import EngineWatch
from livekit_agent.recording_upload import uploaded_recordings
from livekit_agent.settings import AgentSettings
from livekit_agent.turn_scorer import TurnScorer

INITIALIZE_TIMEOUT_S = 30.0  # the SDK's 10 s kills a slow machine's processes again and again
EXIT_GAVE_UP = 1  # the SDK ends with 0 when it cannot reach the SFU: nothing would restart it

log = get_logger(__name__)


class Worker:
    """The SDK's server and our health beside it, as one thing that runs and stops."""

    def __init__(self, settings: AgentSettings, livekit: LiveKitSettings) -> None:
        self._settings = settings
        self._metrics = Metrics("agent")
        self._metrics.gauge("calls", "calls this worker is in").set_function(self._calls_now)
        self._metrics.gauge("calls_limit", "calls it takes at once").set(settings.max_calls)
        self._metrics.watch_disk("records", settings.data_dir)
        self._refused = self._metrics.counter(
            "calls_refused_total", "calls refused", {"reason": get_args(Refusal)}
        )
        self.health = Health("agent", self._metrics)
        self._client = pooled_client(metrics=self._metrics)
        self._engines = EngineWatch(settings, self._client, self.health, self._metrics)
        self._lag = LoopLag()
        counted = Metrics("agent")
        CallMetrics(counted)
        self._numbers = CallNumbers(self._metrics, [counted.registry])
        self._accepted: set[str] = set()  # jobs that may have no process yet
        self._turned_away: set[str] = set()  # jobs that only say that all lines are busy
        self._turn_scorer = TurnScorer()
        self._clip_maker = ClipMaker(Clips(settings), self._client, settings, follows=True)
        self._server = AgentServer(
            ws_url=livekit.url,
            api_key=livekit.api_key,
            api_secret=livekit.api_secret.get_secret_value(),
            host="127.0.0.1",
            port=settings.sdk_port,
            setup_fnc=partial(prewarm, self._numbers.address, self._turn_scorer.socket),
            load_fnc=self._load,
            # Refusals are ours (`_on_request`): the SDK's threshold also counts reserved slots and
            # turned down a second caller in the same instant.
            load_threshold=float("inf"),
            num_idle_processes=settings.idle_processes,
            initialize_process_timeout=INITIALIZE_TIMEOUT_S,
            job_memory_limit_mb=settings.job_memory_mb,
        )
        self._server.rtc_session(
            answer_call,
            agent_name=settings.name,
            on_request=self._on_request,
            on_session_end=call_over,
        )
        self._registered = False
        self._server.on("worker_registered", self._on_registered)
        self.health.watch("sfu", self._sfu_probe(livekit))
        self.health.watch("lines", self._line_probe, fresh_s=0)
        self.health.describe(
            "calls", lambda: {"active": self._calls_now(), "most": settings.max_calls}
        )
        self._metrics.gauge("load", "how busy it tells the SFU it is, 0 to 1").set_function(
            self._load
        )
        self._metrics.gauge("event_loop_lag_seconds", "how late the worker is").set_function(
            lambda: self._lag.seconds
        )

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

    async def _line_probe(self) -> None:
        if self._server.draining:
            raise ProbeFailed("leaving: it takes no more calls")
        if self._calls_now() >= self._settings.max_calls:
            raise ProbeFailed(f"all {self._settings.max_calls} lines are busy")

    def _calls_now(self) -> int:
        return len(self._jobs() - self._turned_away)

    def _jobs(self) -> set[str]:
        return {info.job.id for info in self._server.active_jobs} | self._accepted

    def _load(self) -> float:
        """Asked from a thread, every half second and before each call."""
        most = self._settings.max_calls
        return load_of(self._calls_now(), most, self._engines.queued() / most, self._lag.seconds)

    def _refusal(self) -> Refusal | None:
        return refusal_of(
            calls=self._calls_now(),
            max_calls=self._settings.max_calls,
            is_draining=self._server.draining,
            silent_stages=self._engines.silent_stages(),
            lag_s=self._lag.seconds,
        )

    async def _on_request(self, request: JobRequest) -> None:
        refusal = self._refusal()
        self._turned_away &= self._jobs()
        if refusal == "full" and self._may_turn_away(request):
            await self._turn_away(request)
        elif refusal is not None:
            self._refused.labels(refusal).inc()
            log.warning("call_refused", reason=refusal, room=kept_name(request.room.name))
            await request.reject(terminate=False)  # another worker may have a line
        else:
            await self._take(request)

    async def _take(self, request: JobRequest) -> None:
        self._accepted.add(request.id)  # else all who ask before its process runs would be taken
        try:
            if self._settings.turn_detector == "v1-mini":
                await self._turn_scorer.wanted()
            await request.accept(name="Parley")
        finally:
            self._accepted.discard(request.id)

    def _may_turn_away(self, request: JobRequest) -> bool:
        """Who calls by telephone sees no page that says so: they are told, a few at a time. Not
        whom we call, nor who was spoken with already."""
        told = CallMetadata.of(request.job.metadata, request.room.name)
        calls_us = told.channel == "sip" and told.direction == "inbound" and not told.resume
        return calls_us and len(self._turned_away) < self._settings.busy_lines

    async def _turn_away(self, request: JobRequest) -> None:
        self._refused.labels("full").inc()
        self._turned_away.add(request.id)
        self._accepted.add(request.id)
        try:
            await request.accept(name="Parley", attributes={BUSY_MARK: "1"})
        finally:
            self._accepted.discard(request.id)

    async def run(self) -> int:
        """Serve until a signal, drain, stop. Returns the exit status."""
        stop = asyncio.Event()
        with on_stop_signals(stop):
            key = load_settings(InternalSettings).key
            records = delivered_records(self._settings, key, self._metrics)
            recordings = uploaded_recordings(self._settings, key, self._metrics)
            async with AsyncExitStack() as stack:
                for part in (
                    self._client,
                    self._clip_maker,
                    records,
                    recordings,
                    self._numbers,
                    self._lag,
                    self._turn_scorer,
                ):
                    await stack.enter_async_context(part)
                tasks = await stack.enter_async_context(asyncio.TaskGroup())
                self._clip_maker.want(self._settings.tts_voice, self._settings.language)
                health = uvicorn.Server(self._health_config())
                health_task = tasks.create_task(_serve(health))
                # Not of the group: when it gives up, its calls may still end in peace.
                server_task = asyncio.create_task(self._server.run())
                stop_task = tasks.create_task(stop.wait())
                done, _ = await asyncio.wait(
                    {server_task, stop_task}, return_when=asyncio.FIRST_COMPLETED
                )
                stop_task.cancel()
                gave_up = server_task in done
                if gave_up:
                    log.error("worker_gave_up", reason=repr(server_task.exception()))
                await self._stop(server_task)
                health.should_exit = True
                await health_task
                return EXIT_GAVE_UP if gave_up else 0

    async def _stop(self, server_task: asyncio.Task[None]) -> None:
        log.info("worker_draining", calls=len(self._server.active_jobs))
        with contextlib.suppress(TimeoutError):
            # The SDK waits for ever when told not to wait at all.
            await self._server.drain(timeout=max(1, self._settings.drain_s))
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
