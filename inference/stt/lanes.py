"""Who works when: live utterances and files in lanes of their own, clients in turn, all bounded."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import ParamSpec, Protocol, TypeVar

from chassis.metrics import Metrics
from inference.slots import SlotMeasures, Slots
from inference.stt.settings import SttSettings

# A live step that waits longer comes too late for a conversation.
LIVE_WITHIN_S = 10.0
# Room for one more stream may come at any moment: utterances are short.
STREAM_WITHIN_S = 5.0
# Files that somebody waits for on the line, at once: beside the others, never behind them.
LIVE_FILES = 4
# Steps of files at once: each keeps a core busy.
FILE_STEPS = 2
FILE_NICE = 10  # weighs a tenth of live work against it, and is never starved

P = ParamSpec("P")
T = TypeVar("T")


class Step(Protocol):
    """A step of work in its turn among those of `client`'s kind."""

    async def __call__(
        self, client: str, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T: ...


class Lanes:
    """The queues before an engine.

    Files have threads of their own that the kernel gives less of the cores, so that neither kind
    can starve the other. A stream or a file is admitted first, and then never refused midway.
    """

    def __init__(self, settings: SttSettings, metrics: Metrics) -> None:
        measures = SlotMeasures(metrics)
        queue = settings.queue_limit
        self._file_wait_s = settings.queue_wait_s
        self._streams = Slots(settings.max_streams, queue, measures, lane="streams")
        self._files = Slots(settings.max_files, queue, measures, lane="files")
        self._live_files = Slots(LIVE_FILES, queue, measures, lane="live_files")
        self._live = Slots(1, settings.max_streams + LIVE_FILES, measures, lane="live_steps")
        self._file = Slots(1, settings.max_files, measures, lane="file_steps", nice=FILE_NICE)

    @property
    def full(self) -> bool:
        """Whether the next live utterance would be refused."""
        return self._streams.full

    def fit(self, concurrency: int) -> None:
        """To the engine that serves now."""
        self._live.resize(concurrency)
        self._file.resize(min(FILE_STEPS, concurrency))

    def stream(self, client: str) -> AbstractAsyncContextManager[None]:
        """Room for a live utterance. Raises RateLimited."""
        return self._streams.slot(client=client, within_s=STREAM_WITHIN_S)

    def file(self, client: str, *, is_live: bool) -> AbstractAsyncContextManager[None]:
        """Room for a file, from its first byte on. Raises RateLimited."""
        room = self._live_files if is_live else self._files
        return room.slot(client=client, within_s=self._file_wait_s)

    async def live_step(
        self, client: str, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        return await self._live.run_for(client, LIVE_WITHIN_S, work, *args, **kwargs)

    async def file_step(
        self, client: str, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        return await self._file.run_for(client, None, work, *args, **kwargs)

    def close(self) -> None:
        for slots in (self._streams, self._files, self._live_files, self._live, self._file):
            slots.close()
