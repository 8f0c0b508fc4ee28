"""A model's life in its server: fetched, loaded, warmed, served, switched, let go when idle."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Generic

from chassis.coming import Coming
from chassis.errors import NotFound
from chassis.logs import get_logger
from chassis.metrics import Metrics
from chassis.weights.errors import WeightsError
from chassis.weights.store import ModelStore
from inference.bringing import Bringer
from inference.candidates import Candidate, E, Loaded
from inference.model_status import EngineFailed, Phase, Status
from inference.status_board import StatusBoard, code_of
from inference.succession import LOOP, Deaths, bring_back, bring_better, bring_first

WAKE_WITHIN_S = 15.0  # how long a request waits for a model that was let go when idle
IDLE_CHECK_S = 1.0

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
        wanted: Candidate[E] | None = None,
    ) -> None:
        """The first of `candidates` that can be had serves, until `wanted` was fetched. `warm`
        infers once, or raises EngineFailed; `on_ready` is told each engine that begins to serve."""
        self._candidates = candidates
        self._wanted = wanted
        self._store = store
        self._on_ready = on_ready
        self._idle_unload_s = idle_unload_s
        self._serving: Loaded[E] | None = None
        self._last: E | None = None
        self._chosen = candidates[0]
        self._used_at_s = time.monotonic()
        self._is_asleep = False
        self._job: asyncio.Task[Any] | None = None
        self._waking: asyncio.Task[Any] | None = None
        self._served = asyncio.Event()
        self._asked: Candidate[E] | None = None  # by the latest load
        self._deaths = Deaths()
        self._closing: set[asyncio.Task[Any]] = set()
        self._board = StatusBoard(candidates[0].model, metrics)
        self._bringer = Bringer(store, self._board, warm, metrics)

    @property
    def status(self) -> Status:
        """Of the model that serves or is to; while another is on its way, of that one."""
        return self._board.status

    @property
    def failures(self) -> dict[str, str]:
        """By model: why it does not serve."""
        return self._board.failures

    @property
    def known(self) -> E:
        """The engine that serves, or served last: what it says of itself still holds.

        Raises Unavailable where there was none yet.
        """
        if self._last is None:
            raise self._board.unavailable()
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
        return self._board.status.told() | {"serving": self._serves, "failed": self.failures}

    @property
    def coming(self) -> Coming | None:
        """What is to serve soon, instead of what does now; None: nothing."""
        return self._board.coming(self._serves)

    @property
    def _serves(self) -> str | None:
        return self._serving.model if self._serving else None

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        self._job = asyncio.create_task(self._bring_all())
        idle = asyncio.create_task(self._let_go_when_idle())
        try:
            yield
        finally:
            for task in (self._job, idle):
                task.cancel()
            await asyncio.gather(self._job, idle, return_exceptions=True)
            self._retire()
            for end in await asyncio.gather(*self._closing, return_exceptions=True):
                if isinstance(end, Exception):  # the others were waited for all the same
                    log.error("model_not_let_go", reason=repr(end))

    async def awake(self) -> E:
        """The engine, loaded again where it was let go. Raises Unavailable with the state."""
        if self._serving is None and self._board.status.phase is Phase.IDLE:
            self._start(self._chosen)
            self._waking = self._job
        if self._serving is None and self._waking:  # whoever comes meanwhile waits for the same
            await self._until_it_serves(self._waking)
        if self._serving is None:
            raise self._board.unavailable()
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
            raise self._board.unavailable()
        loaded.users += 1
        try:
            yield loaded.engine
        finally:
            loaded.users -= 1
            if not probing:
                self._used_at_s = time.monotonic()
            self._close_if_unused(loaded)

    async def _until_it_serves(self, job: asyncio.Task[Any]) -> None:
        serving = asyncio.create_task(self._served.wait())
        try:
            await asyncio.wait(
                {job, serving}, timeout=WAKE_WITHIN_S, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            serving.cancel()

    def load(self, candidate: Candidate[E]) -> Status:
        """Begin to bring this model; what serves goes on until it is ready."""
        if self._serving and self._serving.model == candidate.model:
            self._stop_job()  # another was on its way: no more
            self._board.nothing_put_off()
            self._rest()
        elif not self._board.is_coming(candidate.model):
            self._start(candidate)
        return self._board.status

    def unload(self, model: str) -> Status:
        """Stop serving it, or bringing it: its memory is free when its last request is done.

        Raises NotFound for a model that neither serves nor is to.
        """
        is_serving = self._serving is not None and self._serving.model == model
        if not is_serving and self._board.status.model != model:
            raise NotFound(f"{model[:100]!r} is not loaded", param="model", code="model_not_found")
        if is_serving:
            self._retire()
        if self._board.status.model == model:
            self._stop_job()
            self._board.nothing_put_off()
            if self._serving is None:
                self._is_asleep = False
                self._board.set(Phase.UNLOADED)
            self._rest()
        return self._board.status

    def revive(self, engine: E, reason: str) -> None:
        """`engine` died under its users: bring its model again at once; who comes meanwhile waits.

        One that keeps dying is left for a minute to the next candidate. Nothing is done for an
        engine that does not serve any more.
        """
        if self._serving is None or self._serving.engine is not engine:
            return
        model = self._serving.model
        log.error("model_died", model=model, reason=reason)
        self._retire()
        asked = self._asked  # comes after: it may take long
        coming = asked if asked and self._board.is_coming(asked.model) else None
        self._stop_job()
        self._board.set(Phase.LOADING, model, reason=reason)
        if self._deaths.loops(model):
            self._failed(model, f"it died {LOOP} times within a minute, at last so: {reason}")
        back = bring_back(self._chosen, self._candidates, self._bring, self.failures, coming=coming)
        self._job = self._waking = asyncio.create_task(back)

    # --- on the way

    def _start(self, candidate: Candidate[E]) -> None:
        self._stop_job()
        self._board.nothing_put_off()
        self._board.set(Phase.LOADING, candidate.model)
        self._asked = candidate
        self._job = asyncio.create_task(self._bring(candidate))

    def _stop_job(self) -> None:
        if self._job and not self._job.done():
            self._job.cancel()
            self._closing.add(self._job)
            self._job.add_done_callback(self._closing.discard)

    def _is_away(self, candidate: Candidate[E]) -> bool:
        """Whether it failed for want of its weights, or of the server that it is."""
        if candidate.model not in self.failures:
            return False
        if candidate.comes_and_goes or not candidate.weights:
            return candidate.comes_and_goes
        return not self._store.present(candidate.weights)

    async def _bring_all(self) -> None:
        await bring_first(self._candidates, self._bring, self._is_away, self._board)
        if self._wanted:
            await bring_better(self._wanted, self._bring, self._board, self._store.settings)

    async def _bring(self, candidate: Candidate[E]) -> bool:
        """Whether it serves now. If not, what served before still does."""
        try:
            loaded = await self._bringer.bring(candidate)
        except Exception as exc:  # whatever an engine raises, the next must get its turn
            is_foreseen = isinstance(exc, (WeightsError, EngineFailed))
            reason = str(exc) if is_foreseen else f"{type(exc).__name__}: {exc}"
            log.error(
                "model_failed", model=candidate.model, reason=reason, exc_info=not is_foreseen
            )
            self._failed(candidate.model, reason, code_of(exc))
            return False
        self.failures.pop(candidate.model, None)
        self._board.nothing_put_off()
        self._retire()
        self._serving, self._chosen, self._last = loaded, candidate, loaded.engine
        self._served.set()
        self._is_asleep = False
        self._used_at_s = time.monotonic()
        self._on_ready(loaded.engine)
        self._board.set(Phase.READY, candidate.model)
        return True

    def _failed(self, model: str, reason: str, code: str = "model_failed") -> None:
        self._board.failed(model, reason, code)
        self._rest()

    def _rest(self) -> None:
        """Nothing is on its way any more: the state is that of what there is, if anything."""
        if self._serving:
            self._board.set(Phase.READY, self._serving.model)
        elif self._is_asleep:
            model = self._chosen.model
            self._board.set(Phase.IDLE, model, reason=self.failures.get(model))

    # --- on the way out

    def _retire(self) -> None:
        loaded, self._serving = self._serving, None
        self._served.clear()
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
            if self._job and not self._job.done():
                continue  # another is on its way: until then there must be one
            if self._serving and not self._serving.users and quiet_s >= self._idle_unload_s:
                log.info("model_idle", model=self._serving.model, quiet_s=round(quiet_s))
                self._retire()
                self._is_asleep = True
                self._rest()
