"""Engines shared fairly: a thread that speaks a phrase at a time, for whoever needs it most."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Self

from chassis.errors import RateLimited, Unavailable
from chassis.logs import get_logger
from inference.tts.engine import SAMPLE_RATE_HZ, Engine, Mark, Samples, Voice
from inference.tts.measures import Measures
from inference.tts.phrases import Phrase
from inference.tts.polish import Polish, silence

BYTES_PER_S = SAMPLE_RATE_HZ * 2
AHEAD_S = 20.0  # made and not yet taken: beyond this a request waits for its client
CHUNK_WITHIN_S = 20.0
STOP_WITHIN_S = 10.0
RETRY_AFTER_S = 1.0
# LiveKit asks for one sentence a request and plays them back to back: this is their pause.
LAST_PAUSE_S = 0.15

log = get_logger(__name__)


class Speech:
    """The sound of one request: 24 kHz s16 mono, in pieces of even length, as it is made."""

    def __init__(
        self,
        engine: Engine,
        said: Sequence[Phrase],
        voice: Voice,
        speed: float,
        changed: threading.Condition,
    ) -> None:
        self.engine = engine
        self.voice = voice
        self.speed = speed
        self.opened_at_s = time.monotonic()
        self.made_bytes = 0
        self.taken_bytes = 0
        self.cancelled = False
        self.ended = False
        self.left = deque(said)
        self._changed = changed
        self._loop = asyncio.get_running_loop()
        self._ready: asyncio.Queue[bytes | Exception | None] = asyncio.Queue()

    @property
    def runs_dry_at_s(self) -> float:
        """When a listener who began at once has heard all that is made."""
        return self.opened_at_s + self.made_bytes / BYTES_PER_S

    @property
    def wants_more(self) -> bool:
        ahead_s = (self.made_bytes - self.taken_bytes) / BYTES_PER_S
        return bool(self.left) and not self.cancelled and ahead_s < AHEAD_S

    def put(self, item: bytes | Exception | None) -> None:
        """From the engine's thread: sound, the reason it fails, or None for the end."""
        if isinstance(item, bytes):
            self.made_bytes += len(item)
        self._loop.call_soon_threadsafe(self._ready.put_nowait, item)

    async def take(self) -> bytes:
        """All that is ready, waiting for at least something. Empty: that was all."""
        try:
            async with asyncio.timeout(CHUNK_WITHIN_S):
                item = await self._ready.get()
        except TimeoutError:
            raise Unavailable("the engine is too slow now", code="engine_timeout") from None
        if isinstance(item, Exception):
            raise Unavailable("the engine failed", code="engine_failed") from item
        pieces = [item or b""]
        while item and not self._ready.empty():
            if not isinstance(item := self._ready.get_nowait(), bytes):
                self._ready.put_nowait(item)  # the end or a failure: for the next call
                break
            pieces.append(item)
        taken = b"".join(pieces)
        self.ended = not taken
        with self._changed:  # held by the engine's thread for microseconds only
            self.taken_bytes += len(taken)
            self._changed.notify()
        return taken


class Speaker:
    """Owns the engines' thread from `async with` to its end."""

    def __init__(self, *, slots: int, queue_limit: int, measures: Measures) -> None:
        self.slots = slots
        self.queue_limit = queue_limit
        self._measures = measures
        self._open: list[Speech] = []  # in order of arrival
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)

    @property
    def open(self) -> int:
        """Requests being spoken or waiting for their turn."""
        return len(self._open)

    @property
    def full(self) -> bool:
        return self.open >= self.slots + self.queue_limit

    async def __aenter__(self) -> Self:
        self._thread.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        with self._changed:
            self._stopping = True
            for speech in self._open:
                speech.cancelled = True
            self._changed.notify()
        await asyncio.to_thread(self._thread.join, STOP_WITHIN_S)

    @asynccontextmanager
    async def speak(
        self, engine: Engine, said: Sequence[Phrase], voice: Voice, speed: float
    ) -> AsyncIterator[Speech]:
        """A Speech while the block lasts; leaving it stops the work. Raises RateLimited."""
        if self.full:
            self._measures.refused.inc()
            raise RateLimited("the queue is full", code="queue_full", retry_after_s=RETRY_AFTER_S)
        speech = Speech(engine, said, voice, speed, self._changed)
        self._update(added=speech)
        try:
            yield speech
        finally:
            speech.cancelled = True
            self._update(removed=speech)
            if not speech.ended:
                self._measures.cancelled.inc()

    def _update(self, *, added: Speech | None = None, removed: Speech | None = None) -> None:
        with self._changed:
            if added is not None:
                self._open.append(added)
            if removed is not None:
                self._open.remove(removed)
            self._changed.notify()
        self._measures.open.set(len(self._open))
        self._measures.queue_depth.set(max(0, len(self._open) - self.slots))

    def _run(self) -> None:
        """The engines' thread."""
        while (speech := self._next()) is not None:
            self._say_one_phrase(speech)

    def _next(self) -> Speech | None:
        """Of the first `slots` that want more, the one whose listener runs dry first."""
        with self._changed:
            while not self._stopping:
                waiting = [speech for speech in self._open if speech.wants_more][: self.slots]
                if waiting:
                    return min(waiting, key=lambda speech: speech.runs_dry_at_s)
                self._changed.wait()
        return None

    def _say_one_phrase(self, speech: Speech) -> None:
        phrase = speech.left.popleft()
        started_s = time.monotonic()
        made_before = speech.made_bytes
        try:
            self._say(phrase, speech)
        except Exception as exc:
            # Whatever went wrong with this phrase, the thread must live: others wait for it.
            log.error("phrase_failed", voice=speech.voice.id, exc_info=exc)
            speech.left.clear()
            speech.put(exc)
            return
        made_s = (speech.made_bytes - made_before) / BYTES_PER_S
        self._measures.phrase(made_s, time.monotonic() - started_s)
        if not speech.left:
            speech.put(None)

    def _say(self, phrase: Phrase, speech: Speech) -> None:
        polish = Polish()
        speech.engine.synthesize(phrase.text, speech.voice, speech.speed, _Sink(speech, polish))
        if sound := polish.finish():
            pause_s = phrase.pause_s if speech.left else LAST_PAUSE_S
            speech.put(sound + silence(pause_s / max(speech.speed, 1.0)))


class _Sink:
    """One phrase's way from the engine into its speech."""

    def __init__(self, speech: Speech, polish: Polish) -> None:
        self._speech = speech
        self._polish = polish

    @property
    def wanted(self) -> bool:
        return not self._speech.cancelled

    def push(self, samples: Samples) -> None:
        if sound := self._polish.push(samples):
            self._speech.put(sound)

    def mark(self, mark: Mark) -> None:
        pass
