"""Work that goes on beside the requests, for as long as the service lives."""

import asyncio
from abc import ABC, abstractmethod
from typing import Self


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
