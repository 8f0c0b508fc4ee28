"""What serves in a model server: how it is chosen, its life, its memory, whether it answers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol

from chassis.errors import ParleyError
from chassis.health import Health, ProbeFailed
from chassis.metrics import Metrics
from chassis.settings import SettingsError, exit_bad_settings
from chassis.weights.store import ModelStore
from inference.candidates import Candidate, E
from inference.lifecycle import Lifecycle
from inference.memory import MemoryWatch
from inference.model_status import EngineFailed, Status
from inference.service import SwitchedServerSettings, WarmUp


@dataclass(frozen=True, slots=True)
class Choice(Generic[E]):
    """Engines in the order in which they are tried, and why that order."""

    candidates: list[Candidate[E]]
    reasons: list[str]
    wanted: Candidate[E] | None = None  # to be fetched while they serve, and then instead of them


def fetched_meanwhile(choice: Choice[E], store: ModelStore) -> Choice[E]:
    """The first of several, where its weights are not here, comes while the others serve. Looks at
    the disk."""
    first, *others = choice.candidates
    if not others or first.weights is None or store.present(first.weights):
        return choice
    return replace(choice, candidates=others, wanted=first)


class Chooser(Protocol[E]):
    """Makes candidates of model ids. Touches no weights: an engine loads itself."""

    def choose(self) -> Choice[E]:
        """By the settings; the embedded engine is always the last resort. Raises SettingsError."""

    def candidate(self, model_id: str) -> Candidate[E]:
        """Raises NotFound for an id that nothing here can run."""

    def ids(self) -> list[str]:
        """Models that could be loaded with what is here now; looks at the disk."""


class Serving(Generic[E]):
    """`async with serving.opened()`; then `serving.lifecycle.lease()` is the engine."""

    def __init__(
        self,
        settings: SwitchedServerSettings,
        chooser: Chooser[E],
        *,
        store: ModelStore,
        warm: Callable[[E], Awaitable[None]],
        infer: Callable[[E], Awaitable[None]],
        on_ready: Callable[[E], None],
        metrics: Metrics,
        own_max_rss_bytes: int | None = None,
    ) -> None:
        """`warm`: the first inference, which nobody queues for; `infer`: one beside real work.
        Both raise EngineFailed or a ParleyError. `on_ready` is told each engine that begins to
        serve. `own_max_rss_bytes`: this process's, where the setting caps another that the engine
        runs. Ends the process (78) where a setting names what is not there."""
        self._chooser = chooser
        self._offers_others = settings.offers_others
        self._infer = infer
        self._on_ready = on_ready
        self.memory = MemoryWatch(
            max_rss_bytes=(
                settings.max_rss_bytes if own_max_rss_bytes is None else own_max_rss_bytes
            ),
            max_vram_bytes=settings.max_vram_bytes,
            metrics=metrics,
        )
        try:
            choice = chooser.choose()
        except SettingsError as exc:
            exit_bad_settings(exc.problems)
        self.choice = fetched_meanwhile(choice, store) if settings.download == "auto" else choice
        self.lifecycle: Lifecycle[E] = Lifecycle(
            self.choice.candidates,
            store=store,
            warm=warm,
            on_ready=self._began,
            idle_unload_s=settings.idle_unload_s,
            metrics=metrics,
            wanted=self.choice.wanted,
        )
        self.warm_up = WarmUp(self._probe_engine)

    def watched_by(self, health: Health) -> None:
        health.watch("model", self._probe_model, fresh_s=0.0)
        self.warm_up.watched_by(health)
        health.watch("memory", self._probe_memory)
        health.describe("model", self._report)
        health.describe("coming", self._coming)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        async with self.lifecycle.opened():
            yield

    @property
    def known(self) -> E:
        """The engine that serves, or served last. Raises Unavailable before the first."""
        return self.lifecycle.known

    def model_ids(self) -> list[str]:
        """What could be loaded with what is here, and what is; looks at the disk."""
        if not self._offers_others:
            return [candidate.model for candidate in self.choice.candidates]
        ids = self._chooser.ids()
        serving = self.lifecycle.report()["serving"]
        return ids if serving is None or serving in ids else [serving, *ids]

    async def load(self, model: str) -> Status:
        """Begin to bring another model. Raises NotFound."""
        candidate = await asyncio.to_thread(self._chooser.candidate, model)
        return self.lifecycle.load(candidate)

    def unload(self, model: str) -> Status:
        """Stop serving with it, or stop bringing it. Raises NotFound."""
        return self.lifecycle.unload(model)

    def _began(self, engine: E) -> None:
        self.warm_up.passed()  # nothing serves that was not warmed by an inference
        self._on_ready(engine)

    def _report(self) -> dict[str, Any]:
        return self.lifecycle.report() | {"choice": self.choice.reasons}

    def _coming(self) -> dict[str, Any] | None:
        coming = self.lifecycle.coming
        return coming.model_dump(mode="json") if coming else None

    async def _probe_model(self) -> None:
        # Not left to the engine's probe: that one passes for a while after it passed.
        if not self.lifecycle.can_serve:
            raise ProbeFailed(str(self.lifecycle.status))

    async def _probe_engine(self) -> None:
        if self.lifecycle.is_asleep:
            return  # the next request brings it back
        try:
            async with self.lifecycle.lease(probing=True) as engine:
                await self._infer(engine)
        except (ParleyError, EngineFailed) as exc:
            raise ProbeFailed(str(exc)) from exc

    async def _probe_memory(self) -> None:
        if problem := self.memory.problem():
            raise ProbeFailed(problem)
