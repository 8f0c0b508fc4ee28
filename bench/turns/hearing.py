"""Fake streaming speech to text: finds speech by energy, words by where they are in a sentence.

What is said is announced by the caller just before; which stream hears it is found by order.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any

import numpy as np

from bench.turns.ledger import Ledger
from bench.turns.questions import word_ends

BEHIND_S = 0.15  # an interim word after its sound; a final text after the commit or the pause
LOUD_RMS = 150.0  # -47 dBFS: far above a codec's noise, far below speech
ONSET_FRAMES = 3
FRAME_S = 0.01
HEARD_WITHIN_S = 3.0  # an announced sentence that nobody hears is forgotten
FILE_WITHIN_S = 15.0
APART_S = 0.25  # between two announcements, so that order tells callers apart
END_SLACK_S = 0.12  # of a sentence: as much of it may be missing, it is its last sound
PREFIX = "conversation.item.input_audio_transcription"

Tell = Callable[[dict[str, Any]], None]


@dataclass(slots=True)
class Announced:
    text: str
    duration_s: float
    at_s: float


@dataclass(slots=True)
class Announcements:
    """Sentences about to be spoken, oldest first."""

    _waiting: deque[Announced] = field(default_factory=deque)
    _next_at_s: float = 0.0

    async def add(self, text: str, duration_s: float) -> None:
        """Returns when the caller may begin."""
        now = time.perf_counter()
        at_s = max(now, self._next_at_s)
        self._next_at_s = at_s + APART_S
        await asyncio.sleep(at_s - now)
        self._waiting.append(Announced(text, duration_s, at_s))

    def claim(self) -> Announced | None:
        now = time.perf_counter()
        while self._waiting:
            first = self._waiting.popleft()
            if now - first.at_s < HEARD_WITHIN_S:
                return first
        return None

    def claim_like(self, duration_s: float) -> Announced | None:
        """For a file: the one as long as it, of those not claimed."""
        now = time.perf_counter()
        while self._waiting and now - self._waiting[0].at_s > FILE_WITHIN_S:
            self._waiting.popleft()
        if not self._waiting:
            return None
        best = min(self._waiting, key=lambda one: abs(one.duration_s - duration_s))
        self._waiting.remove(best)
        return best


@dataclass(slots=True)
class Sentence:
    """What is being heard: words not told about yet, each with where in the stream it ends."""

    left: deque[tuple[str, float]]
    ends_at_s: float


@dataclass(slots=True)
class Item:
    id: str
    words: list[str] = field(default_factory=list)


class Hearing:
    """One socket's sound, and what is told about it."""

    _ids = count(1)

    def __init__(self, announcements: Announcements, ledger: Ledger, tell: Tell) -> None:
        self._announcements = announcements
        self._ledger = ledger
        self._tell = tell
        self._loop = asyncio.get_running_loop()
        self.rate_hz = 24_000
        self.pause_s: float | None = None  # server VAD's; None: the client commits
        self._rest = np.zeros(0, dtype=np.int16)
        self._at_s = 0.0
        self._loud_frames = 0
        self._last_loud_s = -1.0
        self._sentence: Sentence | None = None
        self._item: Item | None = None
        self._committed: str | None = None

    def push(self, pcm: bytes) -> None:
        """Sound of the stream, int16."""
        samples = np.concatenate([self._rest, np.frombuffer(pcm, dtype=np.int16)])
        size = int(self.rate_hz * FRAME_S)
        frames = len(samples) // size
        self._rest = samples[frames * size :]
        whole = samples[: frames * size].reshape(frames, size).astype(np.float32)
        for rms in np.sqrt(np.mean(whole**2, axis=1)) if frames else ():
            self._frame(float(rms) > LOUD_RMS)

    def commit(self) -> None:
        """What was heard of the item is final, `BEHIND_S` from now."""
        item, self._item = self._item or self._opened(), None
        if self._sentence and self._at_s >= self._sentence.ends_at_s - END_SLACK_S:
            self._take_words(item, float("inf"))
            self._sentence = None
        self._tell(_event("input_audio_buffer.committed", item, previous_item_id=self._committed))
        self._committed = item.id
        self._later(partial(self._complete, item))

    def clear(self) -> None:
        self._item = None
        self._sentence = None
        self._rest = self._rest[:0]
        self._tell({"type": "input_audio_buffer.cleared", "event_id": f"event_{next(self._ids)}"})

    def _frame(self, loud: bool) -> None:
        self._at_s += FRAME_S
        self._loud_frames = self._loud_frames + 1 if loud else 0
        if self._loud_frames == ONSET_FRAMES:
            self._speech_started()
        if loud:
            self._last_loud_s = self._at_s
        if loud and self._item is None and self._sentence and self._sentence.left:
            self._item = self._opened()  # committed in mid-sentence: the rest is another item
        if self._item and self._sentence:
            self._take_words(self._item, self._at_s)
        if self._item and self.pause_s and self._at_s - self._last_loud_s >= self.pause_s:
            told = _event("input_audio_buffer.speech_stopped", self._item)
            self._tell(told | {"audio_end_ms": round(self._last_loud_s * 1000)})
            self.commit()

    def _speech_started(self) -> None:
        began_s = self._at_s - ONSET_FRAMES * FRAME_S
        if self._sentence and began_s >= self._sentence.ends_at_s + END_SLACK_S:
            self._sentence = None
        if self._sentence is None:
            self._sentence = self._announced(began_s)
        if self._item is None:
            self._item = self._opened()
            if self.pause_s:
                told = _event("input_audio_buffer.speech_started", self._item)
                self._tell(told | {"audio_start_ms": round(began_s * 1000)})

    def _announced(self, began_s: float) -> Sentence | None:
        said = self._announcements.claim()
        if said is None:
            return None
        words = ((word, began_s + end_s) for word, end_s in word_ends(said.text, said.duration_s))
        return Sentence(deque(words), began_s + said.duration_s)

    def _opened(self) -> Item:
        return Item(f"item_{next(self._ids)}")

    def _take_words(self, item: Item, upto_s: float) -> None:
        assert self._sentence is not None
        left = self._sentence.left
        while left and left[0][1] <= upto_s:
            word, _ = left.popleft()
            delta = f" {word}" if item.words else word
            item.words.append(word)
            told = _event(f"{PREFIX}.delta", item, content_index=0, delta=delta)
            self._later(partial(self._tell_word, told, last=not left))

    def _tell_word(self, told: dict[str, Any], *, last: bool) -> None:
        if last:
            entry = self._ledger.open("interim", told["delta"])
            entry.done_at_s = entry.asked_at_s
        self._tell(told)

    def _complete(self, item: Item) -> None:
        text = " ".join(item.words)
        entry = self._ledger.open("stt", text)
        entry.done_at_s = entry.asked_at_s
        self._tell(_event(f"{PREFIX}.completed", item, content_index=0, transcript=text))

    def _later(self, act: Callable[[], None]) -> None:
        self._loop.call_later(BEHIND_S, act)


def _event(kind: str, item: Item, **more: Any) -> dict[str, Any]:
    return {"type": kind, "event_id": f"event_{item.id}_{kind}", "item_id": item.id, **more}
