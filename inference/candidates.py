"""Engines that could serve, and one in memory that counts its users."""

import asyncio
import importlib.util
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

from chassis.weights.catalogue import Model
from inference.memory import give_back
from inference.slots import seen_through

E = TypeVar("E", bound=AbstractContextManager[Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate(Generic[E]):
    """A model that could serve: how to make its engine, and what it must be made from."""

    model: str
    build: Callable[[], E]  # looks at its files; loading is the engine's `__enter__`
    weights: Model | None = None  # fetched first, where they are not here
    comes_and_goes: bool = False  # another's server: after a failure it is looked for again


@dataclass(slots=True, eq=False)
class Loaded(Generic[E]):
    """An engine in memory, with those who use it. A retired one goes when the last is done."""

    model: str
    engine: E
    users: int = 0
    retired: bool = False

    def close(self) -> None:
        """Out of memory with it. Blocks."""
        self.engine.__exit__(None, None, None)
        give_back()


@runtime_checkable
class Abandonable(Protocol):
    """An engine whose loading can be ended midway."""

    def abandon(self) -> None:
        """From another thread: what blocks in `__enter__` raises soon."""


async def load(candidate: Candidate[E], warm: Callable[[E], Awaitable[None]]) -> Loaded[E]:
    """The engine, in memory and warmed by `warm`. Raises what either does."""
    engine = await asyncio.to_thread(candidate.build)
    entering = asyncio.ensure_future(asyncio.to_thread(engine.__enter__))
    try:
        await asyncio.shield(entering)
        await warm(engine)
    except BaseException:  # cancelled or failed: what came into memory must go
        if isinstance(engine, Abandonable):
            engine.abandon()
        await seen_through(asyncio.ensure_future(_let_go(engine, entering)))
        raise
    return Loaded(candidate.model, engine)


async def _let_go(engine: AbstractContextManager[Any], entering: asyncio.Future[Any]) -> None:
    await asyncio.wait([entering])
    if entering.exception() is None:
        await asyncio.to_thread(engine.__exit__, None, None, None)


def has_package(name: str) -> bool:
    """Whether it is installed; importing it may take a minute."""
    return importlib.util.find_spec(name) is not None
