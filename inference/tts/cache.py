"""Short phrases spoken lately, kept to be spoken again without the engine."""

import threading
from collections import OrderedDict
from dataclasses import dataclass

from chassis.metrics import Metrics
from inference.tts.engine import Mark

MAX_CHARS = 80  # longer ones are hardly ever said twice
MARK_BYTES = 200  # about what a Mark and its numbers hold
ENTRY_BYTES = 500  # about what an entry holds beside its sound


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """All that shapes the sound of a phrase."""

    model: str
    voice: str
    language: str
    speed: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """A whole phrase: s16 samples without the pause after them, and its words."""

    sound: bytes
    marks: tuple[Mark, ...]  # times in `sound`

    @property
    def held_bytes(self) -> int:
        return len(self.sound) + len(self.marks) * MARK_BYTES + ENTRY_BYTES


class PhraseCache:
    """At most `max_bytes` of them; what was not asked for longest goes first. For any thread."""

    def __init__(self, max_bytes: int, metrics: Metrics) -> None:
        self._max_bytes = max_bytes
        self._held_bytes = 0
        self._entries: OrderedDict[Key, Spoken] = OrderedDict()
        self._lock = threading.Lock()
        self._hits = metrics.counter("cache_hits_total", "phrases spoken from memory")
        self._misses = metrics.counter("cache_misses_total", "short phrases that were not there")
        self._bytes = metrics.gauge("cache_bytes", "memory held by phrases spoken lately")

    def find(self, key: Key) -> Spoken | None:
        """The phrase, if it is there. A miss is counted when the engine is asked instead."""
        with self._lock:
            if (found := self._entries.get(key)) is not None:
                self._entries.move_to_end(key)
                self._hits.inc()
        return found

    def missed(self) -> None:
        self._misses.inc()

    def takes(self, text: str) -> bool:
        """Whether a phrase is short enough to be worth keeping."""
        return self._max_bytes > 0 and len(text) <= MAX_CHARS

    def keep(self, key: Key, spoken: Spoken) -> None:
        """Never of a phrase that was broken off."""
        if not self.takes(key.text) or spoken.held_bytes > self._max_bytes:
            return
        with self._lock:
            if (before := self._entries.pop(key, None)) is not None:
                self._held_bytes -= before.held_bytes
            self._entries[key] = spoken
            self._held_bytes += spoken.held_bytes
            while self._held_bytes > self._max_bytes:
                _, oldest = self._entries.popitem(last=False)
                self._held_bytes -= oldest.held_bytes
            self._bytes.set(self._held_bytes)

    def clear(self) -> None:
        """Another model speaks now, perhaps under the same name."""
        with self._lock:
            self._entries.clear()
            self._held_bytes = 0
            self._bytes.set(0)
