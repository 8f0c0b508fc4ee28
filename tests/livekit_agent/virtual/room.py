"""The room of a call: one person, their screen, and its events."""

import json
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

from livekit.agents.voice import io

from tests.fakes.openai_backend import Json


class Captions(io.TextOutput):
    """Where the words go that are shown while they are heard."""

    def __init__(self) -> None:
        super().__init__(label="captions", next_in_chain=None)

    async def capture_text(self, text: str) -> None:
        pass

    def flush(self) -> None:
        pass


class FakeRoom:
    """A room with one person in it, who can press what is on their screen."""

    def __init__(self) -> None:
        self.local_participant = self
        self.remote_participants: dict[str, Any] = {"ann": SimpleNamespace(identity="ann", kind=0)}
        self.events: list[Json] = []
        self.methods: dict[str, Callable[[Any], Awaitable[str]]] = {}
        self.handlers: dict[str, list[Callable[..., None]]] = {}

    def on(self, name: str, handler: Callable[..., None]) -> None:
        self.handlers.setdefault(name, []).append(handler)

    def off(self, name: str, handler: Callable[..., None]) -> None:
        self.handlers[name].remove(handler)

    def emit(self, name: str, *args: object) -> None:
        for handler in list(self.handlers.get(name, [])):
            handler(*args)

    async def send_text(self, text: str, *, topic: str) -> None:
        self.events.append(json.loads(text))

    def register_rpc_method(self, name: str, handler: Callable[[Any], Awaitable[str]]) -> None:
        self.methods[name] = handler

    def unregister_rpc_method(self, name: str) -> None:
        del self.methods[name]

    async def press(self, method: str, **fields: object) -> None:
        """Ask the agent for something."""
        call = SimpleNamespace(caller_identity="ann", payload=json.dumps(fields))
        await self.methods[f"parley.{method}"](call)
