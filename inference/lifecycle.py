"""A model's life in its server: fetched, loaded, warmed, served, switched, let go when idle."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Generic

from chassis.errors import NotFound, Unavailable
from chassis.logs import get_logger
from chassis.metrics import Metrics
from chassis.weights.errors import WeightsError
from chassis.weights.hub import Progress, pull
from chassis.weights.store import ModelStore
from inference.candidates import Candidate, E, Loaded, load
from inference.model_status import EngineFailed, Phase, Status, now

RETRY_AFTER_S = 2.0
WAKE_WITHIN_S = 15.0  # how long a request waits for a model that was let go when idle
FIRST_CHOICE_AGAIN_S = 60.0  # a hub that is down now may be there in a minute
IDLE_CHECK_S = 1.0
MAX_FAILURES = 16  # told of; clients may ask for any model there is
ON_ITS_WAY = (Phase.DOWNLOADING, Phase.LOADING, Phase.WARMING)

log = get_logger(__name__)


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
        self._is_asleep = False
        self._job: asyncio.Task[Any] | None = None
        self._waking: asyncio.Task[Any] | None = None
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

    @property
    def can_serve(self) -> bool:
        """Whether a request would be answered now, if only after the model was woken."""
        wakes = self._is_asleep and self._chosen.model not in self.failures
        return self._serving is not None or wakes

    @property
    def is_asleep(self) -> bool:
        """Let go for want of work: the next request brings it back."""
        return self._is_asleep

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
            self._start(self._chosen)
            self._waking = self._job
        if self._serving is None and self._waking:  # whoever comes meanwhile waits for the same
            await asyncio.wait([self._waking], timeout=WAKE_WITHIN_S)
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
        if self._serving and self._serving.model == candidate.model:
            self._stop_job()  # another was on its way: no more
            self._rest()
        elif self._status.model != candidate.model or self._status.phase not in ON_ITS_WAY:
            self._start(candidate)
        return self._status

    def unload(self, model: str) -> Status:
        """Stop serving it, or bringing it: its memory is free when its last request is done.

        Raises NotFound for a model that neither serves nor is to.
        """
        is_serving = self._serving is not None and self._serving.model == model
        if not is_serving and self._status.model != model:
            raise NotFound(f"{model[:100]!r} is not loaded", param="model", code="model_not_found")
        if is_serving:
            self._retire()
        if self._status.model == model:
            self._stop_job()
            if self._serving is None:
                self._is_asleep = False
                self._set(Phase.UNLOADED)
            self._rest()
        return self._status

    # --- on the way

    def _start(self, candidate: Candidate[E]) -> None:
        self._stop_job()
        self._set(Phase.LOADING, candidate.model)
        self._job = asyncio.create_task(self._bring(candidate))

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
        except Exception as exc:  # whatever an engine raises, the next must get its turn
            is_foreseen = isinstance(exc, (WeightsError, EngineFailed))
            reason = str(exc) if is_foreseen else f"{type(exc).__name__}: {exc}"
            log.error(
                "model_failed", model=candidate.model, reason=reason, exc_info=not is_foreseen
            )
            self._failed(candidate.model, reason)
            return False
        self.failures.pop(candidate.model, None)
        self._retire()
        self._serving, self._chosen, self._last = loaded, candidate, loaded.engine
        self._is_asleep = False
        self._used_at_s = time.monotonic()
        self._on_ready(loaded.engine)
        self._set(Phase.READY, candidate.model)
        return True

    def _failed(self, model: str, reason: str) -> None:
        self.failures.pop(model, None)
        self.failures[model] = reason
        while len(self.failures) > MAX_FAILURES:
            del self.failures[next(iter(self.failures))]
        self._set(Phase.FAILED, model, reason=reason)
        self._rest()

    def _rest(self) -> None:
        """Nothing is on its way any more: the state is that of what there is, if anything."""
        if self._serving:
            self._set(Phase.READY, self._serving.model)
        elif self._is_asleep:
            model = self._chosen.model
            self._set(Phase.IDLE, model, reason=self.failures.get(model))

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

        async def warm(engine: E) -> None:
            self._set(Phase.WARMING, candidate.model)
            await self._warm(engine)

        loaded = await load(candidate, warm)
        took_s = time.perf_counter() - started
        self._load_seconds.observe(took_s)
        log.info("model_loaded", model=candidate.model, seconds=round(took_s, 2))
        return loaded

    # --- on the way out

    def _retire(self) -> None:
        loaded, self._serving = self._serving, None
        if loaded:
            loaded.retired = True
            self._close_if_unused(loaded)

    def _close_if_unused(self, loaded: Loaded[E]) -> None:
        if loaded.retired and not loaded.users:
            closing = asyncio.create_task(asyncio.to_thread(loaded.close))
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)

    async def _let_go_when_idle(self) -> None:
        while self._idle_unload_s:
            await asyncio.sleep(IDLE_CHECK_S)
            quiet_s = time.monotonic() - self._used_at_s
            if self._serving and not self._serving.users and quiet_s >= self._idle_unload_s:
                log.info("model_idle", model=self._serving.model, quiet_s=round(quiet_s))
                self._retire()
                self._is_asleep = True
                if self._status.phase is Phase.READY:  # else another is on its way
                    self._rest()

    def _set(self, phase: Phase, model: str | None = None, reason: str | None = None) -> None:
        before = self._status
        self._phase.remove(before.model, before.phase.value)
        self._status = Status(model=model or before.model, phase=phase, since=now(), reason=reason)
        self._phase.labels(self._status.model, phase.value).set(1)
        log.info(
            "model_state", model=self._status.model, state=phase.value, before=before.phase.value
        )
