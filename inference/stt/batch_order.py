"""Who is in the next batch: live sound first, then files, as far as they do not hold it up."""

from collections import deque
from enum import IntEnum
from typing import Generic, TypeVar

FILES_EVERY = 4  # batches: in one of so many a file gets a step, however much live sound waits
# Beside live streams, a batch that has files in it takes at most this share of a chunk's time:
# live sound that comes meanwhile has to wait for its end.
FILES_SHARE = 0.25

T = TypeVar("T")


class Priority(IntEnum):
    """Whose work goes first where both wait."""

    LIVE = 0
    FILE = 1


class BatchOrder(Generic[T]):
    """Two queues, first come first served, and what the steps taught of files beside live sound."""

    def __init__(self, max_batch: int) -> None:
        self._max_batch = max_batch
        self._live: deque[T] = deque()
        self._files: deque[T] = deque()
        self._since_file = 0  # batches
        self._room = 1  # in a batch with files in it, beside live streams

    def __len__(self) -> int:
        return len(self._live) + len(self._files)

    def add(self, priority: Priority, item: T) -> None:
        (self._live if priority is Priority.LIVE else self._files).append(item)

    def remove(self, item: T) -> None:
        for queue in (self._live, self._files):
            if item in queue:
                queue.remove(item)

    def take(self, *, beside_live: bool) -> list[T]:
        """The next batch. `beside_live`: live sound may come at any moment."""
        due = bool(self._files) and self._since_file + 1 >= FILES_EVERY
        count = min(len(self._live), self._max_batch - due)
        taken = [self._live.popleft() for _ in range(count)]
        room = self._room if beside_live else self._max_batch
        least = 1 if due or not taken else 0
        files = min(len(self._files), max(room - count, least))
        taken += [self._files.popleft() for _ in range(files)]
        self._since_file = 0 if files or not self._files else self._since_file + 1
        return taken

    def learn(self, *, streams: int, share: float) -> None:
        """A batch of so many, files among them, took `share` of a chunk's time.

        What fits is found out step by step, for any machine and model.
        """
        if share <= FILES_SHARE:
            self._room = min(self._max_batch, max(self._room, streams + 1))
        else:
            self._room = max(1, min(self._room, streams // 2))
