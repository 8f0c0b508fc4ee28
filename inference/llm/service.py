"""The chat parts of a process: engine, queue, readiness, numbers."""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager

from chassis.health import Health
from chassis.metrics import Metrics
from chassis.weights.settings import ModelStoreSettings
from chassis.weights.store import ModelStore
from inference.llm.choice import Chooser
from inference.llm.engine import Chat, Completion, Delta, Embeddings, Engine, Finish
from inference.llm.settings import LlmSettings
from inference.service import watch_queue
from inference.serving import Serving
from inference.slots import NORMAL, SlotMeasures, Slots


class Llm:
    """Everything that answers chats. `async with llm.opened()`."""

    def __init__(
        self, settings: LlmSettings, store_settings: ModelStoreSettings, metrics: Metrics
    ) -> None:
        self.settings = settings
        store = ModelStore(store_settings)
        self._slots = Slots(settings.slots or 1, settings.queue_limit, SlotMeasures(metrics))
        self.serving: Serving[Engine] = Serving(
            settings,
            Chooser(settings, store),
            store=store,
            warm=_infer,
            infer=_infer,
            on_ready=lambda engine: self._slots.resize(engine.slots),
            metrics=metrics,
        )
        self._ttft = metrics.histogram("ttft_seconds", "request to the engine's first token")
        self._tokens = metrics.counter("tokens_total", "tokens read and written", ["kind"])

    def watched_by(self, health: Health) -> None:
        self.serving.watched_by(health)
        watch_queue(health, lambda: self._slots.full)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        async with self.serving.opened():
            try:
                yield
            finally:
                self._slots.close()

    async def awake(self) -> Engine:
        """The engine that is to answer. Raises Unavailable with the state."""
        return await self.serving.lifecycle.awake()

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
        async with self._turn(client, priority) as engine:
            return await engine.embed(texts)

    @asynccontextmanager
    async def _turn(self, client: str, priority: int) -> AsyncIterator[Engine]:
        """The engine, when it is `client`'s turn. Raises RateLimited, Unavailable."""
        within_s = self.settings.queue_wait_s
        async with (
            self.serving.lifecycle.lease() as engine,
            self._slots.slot(client=client, within_s=within_s, priority=priority),
        ):
            yield engine

    async def _answer(
        self, ask: Callable[[Engine], AsyncGenerator[Delta]], client: str, priority: int
    ) -> AsyncGenerator[Delta]:
        started_s = time.perf_counter()
        first = True
        async with self._turn(client, priority) as engine, aclosing(ask(engine)) as deltas:
            async for delta in deltas:
                if first:
                    self._ttft.observe(time.perf_counter() - started_s)
                    first = False
                if isinstance(delta, Finish):
                    self._tokens.labels("prompt").inc(delta.prompt_tokens)
                    self._tokens.labels("completion").inc(delta.completion_tokens)
                    self.serving.warm_up.passed()
                yield delta


async def _infer(engine: Engine) -> None:
    await engine.infer()
