"""A second model beside the chat model, that makes embeddings and nothing else."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Any, cast

from chassis.metrics import Metrics
from chassis.weights.store import ModelStore
from inference.candidates import Candidate
from inference.lifecycle import Lifecycle
from inference.llm.engine import Embeddings, Engine
from inference.llm.watchdog import Watchdog, Watched
from inference.model_status import EngineFailed
from inference.slots import NORMAL, SlotMeasures, Slots

LANE = "embeddings"
PROOF = ("Hi",)


class Embedder:
    """`async with embedder.opened()`. The chat model does not wait for it, nor it for the chats."""

    def __init__(
        self,
        candidate: Candidate[Engine],
        *,
        store: ModelStore,
        idle_unload_s: float,
        queue_limit: int,
        queue_wait_s: float,
        measures: SlotMeasures,
    ) -> None:
        # Names of its own: those of the chat model's life are taken.
        metrics = Metrics("llm_embeddings")
        self._queue_wait_s = queue_wait_s
        self._slots = Slots(1, queue_limit, measures, lane=LANE)
        self._watchdog = Watchdog(revive=self._revive, passed=lambda: None, metrics=metrics)
        self._lifecycle: Lifecycle[Engine] = Lifecycle(
            [candidate],
            store=store,
            warm=_embed_something,
            on_ready=self._began,
            idle_unload_s=idle_unload_s,
            metrics=metrics,
        )

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        async with self._lifecycle.opened():
            try:
                yield
            finally:
                await self._watchdog.close()
                self._slots.close()

    def report(self) -> dict[str, Any]:
        """For `/health/ready`: of its state, on which the chats' does not depend."""
        return self._lifecycle.report()

    async def awake(self) -> Engine:
        """Raises Unavailable with the state."""
        return await self._lifecycle.awake()

    async def embed(
        self, texts: Sequence[str], *, client: str, priority: int = NORMAL
    ) -> Embeddings:
        """Raises RateLimited, Unavailable, and what an Engine's `embed` raises."""
        return await embed_in_turn(
            partial(self._turn, client, priority), self._watchdog, texts, lambda: None
        )

    @asynccontextmanager
    async def _turn(self, client: str, priority: int) -> AsyncIterator[Engine]:
        async with (
            self._lifecycle.lease() as engine,
            self._slots.slot(client=client, within_s=self._queue_wait_s, priority=priority),
        ):
            yield engine

    def _began(self, engine: Engine) -> None:
        self._slots.resize(engine.slots)
        self._watchdog.begin(engine)

    def _revive(self, engine: Watched, reason: str) -> None:
        self._lifecycle.revive(cast(Engine, engine), reason)


async def embed_in_turn(
    turn: Callable[[], AbstractAsyncContextManager[Engine]],
    watchdog: Watchdog,
    texts: Sequence[str],
    on_retry: Callable[[], None],
) -> Embeddings:
    """Asked again, once, where the engine died."""
    for is_last in (False, True):
        async with turn() as engine:
            try:
                return await engine.embed(texts)
            except EngineFailed:
                if is_last or not await watchdog.is_dead(engine):
                    raise
        on_retry()
    raise AssertionError("the last one returns or raises")


async def _embed_something(engine: Engine) -> None:
    await engine.embed(PROOF)
