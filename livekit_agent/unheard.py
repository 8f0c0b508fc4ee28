"""Sound that no engine has turned into a final transcript yet: what its successor is given."""

from collections import deque
from dataclasses import dataclass

BYTES_PER_S = 48_000  # 24 kHz mono s16le
MAX_S = 60.0  # a minute of speech without a pause: the oldest goes


@dataclass(frozen=True, slots=True)
class EndOfUtterance:
    """The speaker paused here: a transcript is wanted."""


Entry = bytes | EndOfUtterance


class Unheard:
    """A queue that several readers, one after another, may read from its start.

    Places in it are absolute, so that a reader's place stays right when the front is dropped.
    """

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque()
        self._first = 0
        self._bytes = 0

    @property
    def first(self) -> int:
        """Place of the oldest entry."""
        return self._first

    @property
    def end(self) -> int:
        """Place after the newest entry."""
        return self._first + len(self._entries)

    @property
    def seconds(self) -> float:
        return self._bytes / BYTES_PER_S

    def at(self, place: int) -> Entry:
        """The entry at `place`; the oldest where that one is gone."""
        return self._entries[max(place - self._first, 0)]

    def add(self, pcm: bytes) -> None:
        self._entries.append(pcm)
        self._bytes += len(pcm)
        while self.seconds > MAX_S:
            self._drop_first()

    def end_utterance(self) -> None:
        self._entries.append(EndOfUtterance())

    def utterance_heard(self) -> None:
        """The oldest utterance has its transcript."""
        while self._entries:
            if isinstance(self._drop_first(), EndOfUtterance):
                return

    def _drop_first(self) -> Entry:
        entry = self._entries.popleft()
        self._first += 1
        if isinstance(entry, bytes):
            self._bytes -= len(entry)
        return entry
