"""The chat parts of a process: engine, queue, readiness, numbers."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager, nullcontext
from functools import partial
from typing import Any, cast

from chassis.health import Health
from chassis.metrics import Metrics
from chassis.settings import SettingsError, exit_bad_settings
from chassis.weights.settings import ModelStoreSettings
from chassis.weights.store import ModelStore
from inference.llm.choice import Chooser
from inference.llm.embedder import Embedder, embed_in_turn
from inference.llm.engine import Chat, Completion, Delta, Embeddings, Engine, Finish
from inference.llm.settings import LlmSettings
from inference.llm.watchdog import Watchdog, Watched
from inference.model_status import EngineFailed
from inference.service import watch_queue
from inference.serving import Serving
from inference.slots import NORMAL, SlotMeasures, Slots

# A fast model's tokens arrive by the hundred: after so many, others on the event loop have a turn.
TURN_DELTAS = 8


class Llm:
    """Everything that answers chats. `async with llm.opened()`."""

    def __init__(
        self, settings: LlmSettings, store_settings: ModelStoreSettings, metrics: Metrics
    ) -> None:
        self.settings = settings
        store = ModelStore(store_settings)
        metrics.watch_disk("models", store.root)
        chooser = Chooser(settings, store, metrics)
        self._details = chooser.details
        measures = SlotMeasures(metrics)
        self._slots = Slots(settings.slots or 1, settings.queue_limit, measures)
        self._embedder = _embedder(settings, chooser, store, measures)
        self.serving: Serving[Engine] = Serving(
            settings,
            chooser,
            store=store,
            warm=_infer,
            infer=_infer,
            on_ready=self._began,
            metrics=metrics,
            own_max_rss_bytes=0,  # the setting is about the engine's process
        )
        self._watchdog = Watchdog(
            revive=self._revive,
            passed=self.serving.warm_up.passed,
            metrics=metrics,
        )
        self._ttft = metrics.histogram("ttft_seconds", "request to the engine's first token")
        self._tokens = metrics.counter(
            "tokens_total", "tokens read and written", {"kind": ("prompt", "completion")}
        )
        self._retried = metrics.counter(
            "requests_retried_total", "requests asked again because their engine had died"
        )

    def watched_by(self, health: Health) -> None:
        self.serving.watched_by(health)
        watch_queue(health, lambda: self._slots.full)
        if self._embedder:  # told of, not waited for: chats do without
            health.describe("embeddings", self._embedder.report)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        async with (
            self.serving.opened(),
            self._embedder.opened() if self._embedder else nullcontext(),
        ):
            try:
                yield
            finally:
                await self._watchdog.close()
                self._slots.close()

    def model_details(self, model: str) -> dict[str, Any]:
        """What `GET /v1/models` tells of one model beyond OpenAI's fields; looks at the disk."""
        told = self._details(model)
        if model != self.serving.lifecycle.report()["serving"]:
            return told | {"loaded": False}
        engine = self.serving.known
        context = {"context": engine.abilities.context_tokens, "slots": engine.slots}
        return told | {"loaded": True} | context

    async def awake(self) -> Engine:
        """The engine that is to answer. Raises Unavailable with the state."""
        return await self.serving.lifecycle.awake()

    async def awake_embedder(self) -> Engine:
        """LLM_EMBEDDINGS_MODEL's engine, else the chats'. Raises Unavailable with the state."""
        return await (self._embedder.awake() if self._embedder else self.awake())

    def chat(self, chat: Chat, *, client: str, priority: int = NORMAL) -> AsyncGenerator[Delta]:
        """The next message, measured. Closing this cancels the engine's work."""
        return self._answer(lambda engine: engine.chat(chat), client, priority)

    def complete(
        self, completion: Completion, *, client: str, priority: int = NORMAL
    ) -> AsyncGenerator[Delta]:
        return self._answer(lambda engine: engine.complete(completion), client, priority)

    async def embed(
        self, texts: Sequence[str], *, client: str, priority: int = NORMAL
    ) -> Embeddings:
        if self._embedder:
            return await self._embedder.embed(texts, client=client, priority=priority)
        turn = partial(self._turn, client, priority)
        return await embed_in_turn(turn, self._watchdog, texts, self._retried.inc)

    @asynccontextmanager
    async def _turn(self, client: str, priority: int) -> AsyncIterator[Engine]:
        """The engine, when it is `client`'s turn. Raises RateLimited, Unavailable."""
        self.serving.memory.check()
        within_s = self.settings.queue_wait_s
        async with (
            self.serving.lifecycle.lease() as engine,
            self._slots.slot(client=client, within_s=within_s, priority=priority),
        ):
            yield engine

    async def _answer(
        self, ask: Callable[[Engine], AsyncGenerator[Delta]], client: str, priority: int
    ) -> AsyncGenerator[Delta]:
        """Asked again, once, where the engine dies before it has written anything."""
        started_s = time.perf_counter()
        for is_last in (False, True):
            has_begun, count = False, 0
            async with self._turn(client, priority) as engine:
                try:
                    async with aclosing(ask(engine)) as deltas:
                        async for delta in deltas:
                            if not has_begun:
                                self._ttft.observe(time.perf_counter() - started_s)
                            has_begun = True
                            count += 1
                            if count % TURN_DELTAS == 0:
                                await asyncio.sleep(0)
                            self._count(delta)
                            yield delta
                    return
                except EngineFailed:
                    if is_last or has_begun or not await self._watchdog.is_dead(engine):
                        raise
            self._retried.inc()

    def _began(self, engine: Engine) -> None:
        self._slots.resize(engine.slots)
        self._watchdog.begin(engine)

    def _revive(self, engine: Watched, reason: str) -> None:
        self.serving.lifecycle.revive(cast(Engine, engine), reason)

    def _count(self, delta: Delta) -> None:
        self.serving.warm_up.passed()  # also where all slots write long replies
        if isinstance(delta, Finish):
            self._tokens.labels("prompt").inc(delta.prompt_tokens)
            self._tokens.labels("completion").inc(delta.completion_tokens)


def _embedder(
    settings: LlmSettings, chooser: Chooser, store: ModelStore, measures: SlotMeasures
) -> Embedder | None:
    """Ends the process (78) where the setting names what is not there."""
    if settings.embeddings_model is None:
        return None
    try:
        candidate = chooser.embedder(settings.embeddings_model)
    except SettingsError as exc:
        exit_bad_settings(exc.problems)
    return Embedder(
        candidate,
        store=store,
        idle_unload_s=settings.idle_unload_s,
        queue_limit=settings.queue_limit,
        queue_wait_s=settings.queue_wait_s,
        measures=measures,
    )


async def _infer(engine: Engine) -> None:
    await engine.infer()
