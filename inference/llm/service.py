"""The chat parts of a process: engine, readiness, numbers."""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

from chassis.errors import ParleyError
from chassis.health import Health, ProbeFailed
from chassis.metrics import Metrics
from inference.llm.engine import Chat, Delta, Engine, Finish, Message
from inference.service import WarmUp, watch_queue

# Uses the templates and the units: what loads slowly is loaded before the first caller asks.
WARM_UP_CHAT = Chat(messages=(Message(role="user", text="how many kilometers are in five miles"),))


class Llm:
    """Everything that answers chats."""

    def __init__(self, engine: Engine, metrics: Metrics) -> None:
        self.engine = engine
        self.warm_up = WarmUp(self._answer_something)
        self._ttft = metrics.histogram("ttft_seconds", "request to the engine's first token")
        self._tokens = metrics.counter("tokens_total", "tokens read and written", ["kind"])

    def watched_by(self, health: Health) -> None:
        self.warm_up.watched_by(health)
        watch_queue(health, lambda: self.engine.full)

    async def chat(self, chat: Chat) -> AsyncGenerator[Delta]:
        """The engine's deltas, measured. Closing this closes the engine's work."""
        started_s = time.perf_counter()
        first = True
        deltas = self.engine.chat(chat)
        async with aclosing(deltas):
            async for delta in deltas:
                if first:
                    self._ttft.observe(time.perf_counter() - started_s)
                    first = False
                if isinstance(delta, Finish):
                    self._tokens.labels("prompt").inc(delta.prompt_tokens)
                    self._tokens.labels("completion").inc(delta.completion_tokens)
                    self.warm_up.passed()
                yield delta

    async def _answer_something(self) -> None:
        try:
            deltas = [delta async for delta in self.engine.chat(WARM_UP_CHAT)]
        except ParleyError as exc:
            raise ProbeFailed(exc.message) from exc
        if len(deltas) <= 1:
            raise ProbeFailed("the engine wrote nothing")
