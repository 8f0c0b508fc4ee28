"""The sound of one request, on its way from the engine's thread to whoever listens."""

import asyncio
import time
from collections.abc import Callable, Sequence

from chassis.errors import RateLimited, Unavailable
from inference.tts.cache import Key
from inference.tts.engine import SAMPLE_RATE_HZ, Engine, Mark, Voice
from inference.tts.phrases import Phrase, Reading
from inference.tts.polish import silence
from inference.tts.words import Captions, SpokenWord

BYTES_PER_S = SAMPLE_RATE_HZ * 2
AHEAD_S = 20.0  # made and not yet taken, at most
MORE_BELOW_S = AHEAD_S / 2  # a phrase is about ten seconds
CHUNK_WITHIN_S = 30.0  # several times what pace.py plans for
SERVED_EVERY_S = 5.0
RETRY_AFTER_S = 1.0
# LiveKit asks for one sentence a request and plays them back to back: this is their pause.
LAST_PAUSE_S = 0.15
END_S = float("inf")


class Speech:
    """24 kHz s16 mono, in pieces of even length, as it is made; and its words."""

    def __init__(
        self,
        engine: Engine,
        reading: Reading,
        voice: Voice,
        speed: float,
        *,
        priority: int,
        with_words: bool,
        is_cached: bool,
        on_taken: Callable[[], None],
    ) -> None:
        self.engine = engine
        self.voice = voice
        self.speed = speed
        self.priority = priority
        self.is_cached = is_cached
        self.reading = reading
        self.opened_at_s = time.monotonic()
        # When a listener who begins with the first sound has heard all that is made.
        self.runs_dry_at_s = self.opened_at_s
        self.served_at_s = self.opened_at_s  # got sound the last time
        self.rivals = 0  # others who waited for their first sound at the same time
        self.made_bytes = 0
        self.taken_bytes = 0
        self.cancelled = False
        self.not_in_memory: Phrase | None = None
        self.is_at_work = False  # a phrase is with the engine
        self.ended = False
        self._rested = asyncio.Event()
        self._captions = Captions() if with_words else None
        self._wordless: list[bytes] = []  # of a phrase whose words are not known yet
        self._on_taken = on_taken
        self._loop = asyncio.get_running_loop()
        self._ready: asyncio.Queue[bytes | Exception | None] = asyncio.Queue()

    def key(self, phrase: Phrase) -> Key:
        return Key(
            model=self.engine.model,
            voice=self.voice.id,
            language=self.voice.language,
            speed=self.speed,
            text=phrase.text,
        )

    # --- the speaker's side: under its lock, or from the engine's thread

    @property
    def due_at_s(self) -> float:
        """When its listener has heard all; sooner where a client takes sound faster than that:
        it too must see that there is more, however many newcomers there are."""
        return min(self.runs_dry_at_s, self.served_at_s + SERVED_EVERY_S)

    @property
    def wants_more(self) -> bool:
        ahead_s = (self.made_bytes - self.taken_bytes) / BYTES_PER_S
        return bool(self.reading) and not self.cancelled and ahead_s < MORE_BELOW_S

    def put(self, sound: bytes) -> None:
        """A piece of a phrase. Where words are told, it waits for them."""
        self._count(sound)
        if self._captions:
            self._wordless.append(sound)
        else:
            self._hand_over(sound)

    def end_phrase(self, phrase: Phrase, marks: Sequence[Mark], began_bytes: int) -> None:
        """All of it is put, its first byte at `began_bytes`. Its words, then the pause after it."""
        if self._captions:
            began_s, ended_s = began_bytes / BYTES_PER_S, self.made_bytes / BYTES_PER_S
            self._captions.add(phrase.script, marks, began_s, ended_s)
            for sound in self._wordless:
                self._hand_over(sound)
            self._wordless.clear()
        if self.made_bytes > began_bytes:
            pause_s = phrase.pause_s if self.reading else LAST_PAUSE_S
            pause = silence(pause_s / max(self.speed, 1.0))
            self._count(pause)
            self._hand_over(pause)
        if not self.reading:
            self.end()

    def end(self) -> None:
        """All is said."""
        self._hand_over(None)

    def fail(self, exc: Exception) -> None:
        self.reading.clear()
        self._hand_over(exc)

    def end_work(self) -> None:
        self.is_at_work = False
        self._call(self._rested.set)

    def _count(self, sound: bytes) -> None:
        now_s = time.monotonic()
        self.runs_dry_at_s = max(self.runs_dry_at_s, now_s) + len(sound) / BYTES_PER_S
        self.made_bytes += len(sound)
        self.served_at_s = now_s

    def _hand_over(self, item: bytes | Exception | None) -> None:
        self._call(self._ready.put_nowait, item)

    def _call(self, then: Callable[..., object], *args: object) -> None:
        if not self._loop.is_closed():  # else the process ends, and nobody listens
            self._loop.call_soon_threadsafe(then, *args)

    # --- the listener's side

    async def rested(self) -> None:
        """Until the engine is done with it, where it is cancelled."""
        while self.is_at_work:
            self._rested.clear()
            if self.is_at_work:  # else its end came just before
                await self._rested.wait()

    async def take(self) -> bytes:
        """All that is ready, waiting for at least something. Empty: that was all.

        Raises Unavailable where the engine failed or is too slow, RateLimited where it was busy
        with others all the time.
        """
        try:
            async with asyncio.timeout(CHUNK_WITHIN_S):
                item = await self._ready.get()
        except TimeoutError:
            if not self.made_bytes and not self.is_at_work:
                raise RateLimited(
                    "no slot became free in time, try again",
                    code="queue_timeout",
                    retry_after_s=RETRY_AFTER_S,
                ) from None
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
        self.taken_bytes += len(taken)
        self._on_taken()
        return taken

    def words(self) -> list[SpokenWord]:
        """Those whose sound was taken since the last call; after the end, all that are left."""
        if self._captions is None:
            return []
        return self._captions.until(END_S if self.ended else self.taken_bytes / BYTES_PER_S)
