"""A model's life in its server: fetched, loaded, warmed, served, switched, let go when idle."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from chassis.errors import Unavailable
from chassis.logs import get_logger
from chassis.metrics import Metrics
from chassis.weights.catalogue import Model
from chassis.weights.errors import WeightsError
from chassis.weights.hub import Progress, pull
from chassis.weights.store import ModelStore
from inference.model_status import EngineFailed, Phase, Status, now

RETRY_AFTER_S = 2.0
WAKE_WITHIN_S = 15.0  # how long a request waits for a model that was let go when idle
FIRST_CHOICE_AGAIN_S = 60.0  # a hub that is down now may be there in a minute
IDLE_CHECK_S = 1.0

log = get_logger(__name__)


E = TypeVar("E", bound=AbstractContextManager[Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate(Generic[E]):
    """A model that could serve: how to make its engine, and what it must be made from."""

    model: str
    build: Callable[[], E]  # no I/O: loading is the engine's `__enter__`
    weights: Model | None = None  # fetched first, where they are not here


@dataclass(slots=True, eq=False)
class Loaded(Generic[E]):
    """An engine in memory, with those who use it. A retired one goes when the last is done."""

    model: str
    engine: E
    users: int = 0
    retired: bool = False


class Lifecycle(Generic[E]):
    """The model that serves, and the way to another. `async with lifecycle.opened()`."""

    def __init__(
        self,
        candidates: Sequence[Candidate[E]],
        *,
        store: ModelStore,
        warm: Callable[[E], Awaitable[None]],
        on_ready: Callable[[E], None],
        idle_unload_s: float,
        metrics: Metrics,
    ) -> None:
        """The first of `candidates` that can be had serves. `warm` infers once, or raises
        EngineFailed; `on_ready` is told each engine that begins to serve."""
        self._candidates = candidates
        self._store = store
        self._warm = warm
        self._on_ready = on_ready
        self._idle_unload_s = idle_unload_s
        self._serving: Loaded[E] | None = None
        self._last: E | None = None
        self._chosen = candidates[0]
        self._used_at_s = time.monotonic()
        self._job: asyncio.Task[Any] | None = None
        self._closing: set[asyncio.Task[Any]] = set()
        self.failures: dict[str, str] = {}  # model: why it does not serve
        self._phase = metrics.gauge("engine_state", "1 for the state there is", ["model", "state"])
        self._load_seconds = metrics.histogram("model_load_seconds", "to load and warm a model")
        self._status = Status(model=candidates[0].model, phase=Phase.ABSENT, since=now())

    @property
    def status(self) -> Status:
        """Of the model that serves or is to; while another is on its way, of that one."""
        return self._status

    @property
    def known(self) -> E:
        """The engine that serves, or served last: what it says of itself still holds.

        Raises Unavailable where there was none yet.
        """
        if self._last is None:
            raise self.unavailable()
        return self._last

    def report(self) -> dict[str, Any]:
        """For `/health/ready`."""
        serving = self._serving.model if self._serving else None
        return self._status.told() | {"serving": serving, "failed": self.failures}

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        self._job = asyncio.create_task(self._bring_first())
        idle = asyncio.create_task(self._let_go_when_idle())
        try:
            yield
        finally:
            for task in (self._job, idle):
                task.cancel()
            await asyncio.gather(self._job, idle, return_exceptions=True)
            self._retire()
            await asyncio.gather(*self._closing)

    async def awake(self) -> E:
        """The engine, loaded again where it was let go. Raises Unavailable with the state."""
        if self._serving is None and self._status.phase is Phase.IDLE:
            self._start(self._bring(self._chosen))
            await self._woken()
        if self._serving is None:
            raise self.unavailable()
        return self._serving.engine

    @asynccontextmanager
    async def lease(self, *, probing: bool = False) -> AsyncIterator[E]:
        """The engine, for the block: it stays loaded until then, also when another takes over.

        `probing`: not a use that keeps an idle model loaded. Raises Unavailable with the state.
        """
        if not probing:
            await self.awake()
        loaded = self._serving
        if loaded is None:
            raise self.unavailable()
        loaded.users += 1
        try:
            yield loaded.engine
        finally:
            loaded.users -= 1
            if not probing:
                self._used_at_s = time.monotonic()
            self._close_if_unused(loaded)

    def unavailable(self) -> Unavailable:
        """The error for a request that came before the model."""
        return Unavailable(
            f"the model cannot answer yet: {self._status}",
            code=f"model_{self._status.phase.value}",
            retry_after_s=RETRY_AFTER_S,
        )

    def load(self, candidate: Candidate[E]) -> Status:
        """Begin to bring this model; what serves goes on until it is ready."""
        if self._serving is None or self._serving.model != candidate.model:
            self._start(self._bring(candidate))
        return self._status

    def unload(self) -> Status:
        """Stop serving: the memory is free when the last running request is done."""
        self._stop_job()
        self._retire()
        self._set(Phase.UNLOADED)
        return self._status

    # --- on the way

    def _start(self, work: Any) -> None:
        self._stop_job()
        self._job = asyncio.create_task(work)

    def _stop_job(self) -> None:
        if self._job and not self._job.done():
            self._job.cancel()
            self._closing.add(self._job)
            self._job.add_done_callback(self._closing.discard)

    async def _bring_first(self) -> None:
        """The best of the candidates; a better one again later, if only the hub was away."""
        for candidate in self._candidates:
            if await self._bring(candidate):
                break
        first = self._candidates[0]
        while (
            first.model in self.failures
            and first.weights
            and not self._store.present(first.weights)
        ):
            await asyncio.sleep(FIRST_CHOICE_AGAIN_S)
            await self._bring(first)

    async def _bring(self, candidate: Candidate[E]) -> bool:
        """Whether it serves now. If not, what served before still does."""
        try:
            await self._fetch(candidate)
            loaded = await self._loaded(candidate)
        except (WeightsError, EngineFailed) as exc:
            reason = exc.message if isinstance(exc, WeightsError) else str(exc)
            log.error("model_failed", model=candidate.model, reason=reason)
            self.failures[candidate.model] = reason
            self._set(Phase.FAILED, candidate.model, reason=reason)
            if self._serving:
                self._set(Phase.READY, self._serving.model)
            return False
        self.failures.pop(candidate.model, None)
        self._retire()
        self._serving, self._chosen, self._last = loaded, candidate, loaded.engine
        self._used_at_s = time.monotonic()
        self._on_ready(loaded.engine)
        self._set(Phase.READY, candidate.model)
        return True

    async def _fetch(self, candidate: Candidate[E]) -> None:
        weights = candidate.weights
        if weights is None or await asyncio.to_thread(self._store.present, weights):
            return
        self._set(Phase.DOWNLOADING, candidate.model)

        def on_progress(progress: Progress) -> None:
            self._status = replace(
                self._status, done_bytes=progress.done_bytes, total_bytes=progress.total_bytes
            )

        await pull(self._store, weights, on_progress=on_progress)

    async def _loaded(self, candidate: Candidate[E]) -> Loaded[E]:
        self._set(Phase.LOADING, candidate.model)
        started = time.perf_counter()
        engine = candidate.build()
        entering = asyncio.ensure_future(asyncio.to_thread(engine.__enter__))
        try:
            await asyncio.shield(entering)
            self._set(Phase.WARMING, candidate.model)
            await self._warm(engine)
        except BaseException:  # cancelled or failed: what came into memory must go
            await asyncio.wait([entering])
            if entering.exception() is None:
                await asyncio.to_thread(engine.__exit__, None, None, None)
            raise
        self._load_seconds.observe(time.perf_counter() - started)
        log.info(
            "model_loaded", model=candidate.model, seconds=round(time.perf_counter() - started, 2)
        )
        return Loaded(candidate.model, engine)

    # --- on the way out

    def _retire(self) -> None:
        loaded, self._serving = self._serving, None
        if loaded:
            loaded.retired = True
            self._close_if_unused(loaded)

    def _close_if_unused(self, loaded: Loaded[E]) -> None:
        if loaded.retired and not loaded.users:
            closing = asyncio.create_task(
                asyncio.to_thread(loaded.engine.__exit__, None, None, None)
            )
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)

    async def _let_go_when_idle(self) -> None:
        while self._idle_unload_s:
            await asyncio.sleep(IDLE_CHECK_S)
            quiet_s = time.monotonic() - self._used_at_s
            if self._serving and not self._serving.users and quiet_s >= self._idle_unload_s:
                log.info("model_idle", model=self._serving.model, quiet_s=round(quiet_s))
                self._retire()
                self._set(Phase.IDLE)

    async def _woken(self) -> None:
        """Until the model serves again, failed to, or takes too long."""
        if self._job:
            await asyncio.wait([self._job], timeout=WAKE_WITHIN_S)

    def _set(self, phase: Phase, model: str | None = None, reason: str | None = None) -> None:
        before = self._status
        self._phase.labels(before.model, before.phase.value).set(0)
        self._status = Status(model=model or before.model, phase=phase, since=now(), reason=reason)
        self._phase.labels(self._status.model, phase.value).set(1)
        log.info(
            "model_state", model=self._status.model, state=phase.value, before=before.phase.value
        )
