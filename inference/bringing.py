"""Bring one model: its weights in their turn, its engine into memory, one inference through it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic

from chassis.logs import get_logger
from chassis.metrics import Metrics
from chassis.weights.catalogue import Model
from chassis.weights.hub import pull
from chassis.weights.line import Turn, turn_to_fetch
from chassis.weights.store import ModelStore
from inference.candidates import Candidate, E, Loaded, load
from inference.model_status import Phase
from inference.status_board import StatusBoard

log = get_logger(__name__)


class Bringer(Generic[E]):
    """Tells `board` of each step."""

    def __init__(
        self,
        store: ModelStore,
        board: StatusBoard,
        warm: Callable[[E], Awaitable[None]],
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._board = board
        self._warm = warm
        self._load_seconds = metrics.histogram("model_load_seconds", "to load and warm a model")

    async def bring(self, candidate: Candidate[E]) -> Loaded[E]:
        """In memory and warmed. Raises WeightsError, EngineFailed, whatever an engine raises."""
        weights = candidate.weights
        if weights and not await asyncio.to_thread(self._store.present, weights):
            await self._fetch(weights)
        return await self._loaded(candidate)

    async def _fetch(self, weights: Model) -> None:
        if self._store.settings.offline:  # no turn is needed to be told so
            await pull(self._store, weights, on_progress=self._board.progressed)
            return
        is_here = False
        while not is_here:
            self._board.fetching(Phase.WAITING, weights)
            async with turn_to_fetch(self._store, weights) as turn:
                self._board.fetching(Phase.DOWNLOADING, weights)
                is_here = await self._fetched_in(turn, weights)

    async def _fetched_in(self, turn: Turn, weights: Model) -> bool:
        """Whether all came before somebody who goes first asked for the turn: what came is kept."""
        pulling = asyncio.create_task(
            pull(self._store, weights, on_progress=self._board.progressed)
        )
        given_up = asyncio.create_task(turn.given_up())
        try:
            await asyncio.wait({pulling, given_up}, return_when=asyncio.FIRST_COMPLETED)
            if pulling.done():
                await pulling
                return True
            log.info("download_gives_way", model=weights.id)
            return False
        finally:
            for task in (pulling, given_up):
                task.cancel()
            await asyncio.gather(pulling, given_up, return_exceptions=True)

    async def _loaded(self, candidate: Candidate[E]) -> Loaded[E]:
        self._board.set(Phase.LOADING, candidate.model)
        started = time.perf_counter()

        async def warm(engine: E) -> None:
            self._board.set(Phase.WARMING, candidate.model)
            await self._warm(engine)

        loaded = await load(candidate, warm)
        took_s = time.perf_counter() - started
        self._load_seconds.observe(took_s)
        log.info("model_loaded", model=candidate.model, seconds=round(took_s, 2))
        return loaded
