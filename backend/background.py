"""Work that goes on beside the requests, for as long as the service lives."""

import asyncio
from abc import ABC, abstractmethod
from typing import ClassVar, Protocol, Self

from chassis.logs import get_logger

log = get_logger(__name__)


class Background(ABC):
    """Enter it and `_run` begins; leave it and that is cancelled, and waited for."""

    _task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    @abstractmethod
    async def _run(self) -> None:
        """Goes on until it is cancelled."""


class Rounds(Background):
    """`_round` again and again, with a rest of `EVERY_S` between."""

    EVERY_S: ClassVar[float]

    async def _run(self) -> None:
        while True:
            try:
                await self._round()
            except Exception:  # a fault of ours must not end the rounds for good
                log.exception("round_failed", of=type(self).__name__)
            await asyncio.sleep(self.EVERY_S)

    @abstractmethod
    async def _round(self) -> None:
        """What may fail for want of others is its own to tell."""


class Leads(Protocol):
    """Says whether this backend is the one of several that does what is to be done once."""

    @property
    def leads(self) -> bool: ...
