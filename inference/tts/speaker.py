"""Engines shared fairly: they speak a phrase at a time, for whoever needs it most."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Self
from weakref import WeakKeyDictionary

from chassis.errors import RateLimited
from chassis.logs import get_logger
from inference.slots import NORMAL
from inference.tts.cache import PhraseCache, Spoken
from inference.tts.engine import Engine, Voice
from inference.tts.measures import Measures
from inference.tts.pace import FIRST_CHARS, Pace, first_chars
from inference.tts.phrase_sink import PhraseSink
from inference.tts.phrases import Phrase, Reading
from inference.tts.speech import BYTES_PER_S, RETRY_AFTER_S, Speech

MAX_THREADS = 64  # made when needed; how many work at once is for the engines to say
STOP_WITHIN_S = 10.0
MOMENT_S = 0.01  # requests that come together are told apart by less
SLOW_RTF = 0.1  # where a moment is nothing beside a phrase
PATIENCE_S = 2.0  # by so much may one that is more urgent come before one that waited longer

log = get_logger(__name__)


class Speaker:
    """Owns the engines' threads from `async with` to its end."""

    def __init__(
        self,
        *,
        slots: int,
        queue_limit: int,
        cache: PhraseCache,
        measures: Measures,
        on_phrase: Callable[[Engine, bool], None] = lambda _engine, _passed: None,
    ) -> None:
        """`on_phrase` is told whether each phrase passed; from an engine's thread."""
        self.slots = slots
        self.queue_limit = queue_limit
        self._cache = cache
        self._measures = measures
        self._on_phrase = on_phrase
        self._open: list[Speech] = []  # in order of arrival
        self._at_work: list[Speech] = []  # also some whose listener has just left
        self._paces: WeakKeyDictionary[Engine, Pace] = WeakKeyDictionary()
        self._lock = threading.Lock()  # held for microseconds: the event loop takes it too
        self._stopping = False
        self._threads = ThreadPoolExecutor(MAX_THREADS, thread_name_prefix="engine")

    @property
    def open(self) -> int:
        """Requests being spoken or waiting for their turn."""
        return len(self._open)

    @property
    def full(self) -> bool:
        return self.open >= self.slots + self.queue_limit

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        with self._lock:
            self._stopping = True
            working = list(self._at_work)
            for speech in (*self._open, *working):
                speech.cancelled = True
        self._threads.shutdown(wait=False, cancel_futures=True)
        await _rest(working)

    @asynccontextmanager
    async def speak(
        self,
        engine: Engine,
        said: Sequence[Phrase] | Reading,
        voice: Voice,
        speed: float,
        *,
        priority: int = NORMAL,
        with_words: bool = False,
        is_cached: bool = True,
        is_warm_up: bool = False,
    ) -> AsyncIterator[Speech]:
        """A Speech while the block lasts; leaving it stops the work, and the engine is done with it
        then. Raises RateLimited, not for a warm-up: a full queue must not keep an engine out."""
        if self.full and not is_warm_up:
            self._measures.refused.inc()
            raise RateLimited("the queue is full", code="queue_full", retry_after_s=RETRY_AFTER_S)
        speech = Speech(
            engine,
            said if isinstance(said, Reading) else Reading(said),
            voice,
            speed,
            priority=priority,
            with_words=with_words,
            is_cached=is_cached,
            on_taken=self._look_again,
        )
        self._update(added=speech)
        try:
            yield speech
        finally:
            speech.cancelled = True
            self._update(removed=speech)
            if not speech.ended:
                self._measures.cancelled.inc()
            await _rest((speech,))

    def _update(self, *, added: Speech | None = None, removed: Speech | None = None) -> None:
        with self._lock:
            if added is not None:
                self._open.append(added)
                dry = [s for s in self._open if s.engine is added.engine and not s.made_bytes]
                for speech in dry:
                    speech.rivals = max(speech.rivals, len(dry) - 1)
            if removed is not None:
                self._open.remove(removed)
            self._dispatch()
        self._measures.open.set(len(self._open))
        self._measures.queue_depth.set(max(0, len(self._open) - self.slots))

    def _look_again(self) -> None:
        with self._lock:
            self._dispatch()

    # --- under the lock

    def _dispatch(self) -> None:
        """Every engine with a free thread gets the phrase that is needed most."""
        if self._stopping:
            return
        for speech in self._open:
            self._say_from_memory(speech)
        while (speech_ := self._most_needed()) is not None:
            speech_.is_at_work = True
            self._at_work.append(speech_)
            self._threads.submit(self._work, speech_)

    def _most_needed(self) -> Speech | None:
        """Of the first `slots` that want more, one that is due, since longest; else the one that
        will be first. Urgent ones count as if they had waited for longer."""
        now_s = time.monotonic()

        def need(speech: Speech) -> tuple[bool, float]:
            late = speech.priority * PATIENCE_S
            return speech.due_at_s > now_s, speech.due_at_s + late

        hungry = [speech for speech in self._open if speech.wants_more and not speech.is_at_work]
        hungry.sort(key=lambda speech: speech.opened_at_s + speech.priority * PATIENCE_S)
        room = max(0, self.slots - len(self._at_work))
        free = [speech for speech in hungry[:room] if self._sharing(speech.engine) < 1]
        return min(free, key=need, default=None)

    def _sharing(self, engine: Engine) -> float:
        """Phrases it is making, for each of its threads."""
        return sum(speech.engine is engine for speech in self._at_work) / engine.concurrency

    def _cut(self, speech: Speech) -> Phrase:
        """The next phrase, as long as is wise now."""
        engine = speech.engine
        is_first = not speech.made_bytes
        if engine.is_incremental and not (is_first and speech.rivals):
            phrase = speech.reading.whole()
        elif is_first:
            phrase = speech.reading.first(first_chars(speech.rivals))
        else:
            ahead_s = speech.runs_dry_at_s - time.monotonic()
            active = sum(one.engine is engine and bool(one.reading) for one in self._open)
            chars = self._pace(engine).next_chars(max(ahead_s, 0.0), active / engine.concurrency)
            phrase = speech.reading.upto(chars)
        speech.reading.advance(phrase)
        return phrase

    def _pace(self, engine: Engine) -> Pace:
        return self._paces.setdefault(engine, Pace())

    def _say_from_memory(self, speech: Speech) -> None:
        """What of it was spoken lately, as far as that goes."""
        while speech.is_cached and speech.wants_more and not speech.is_at_work:
            if not speech.reading.is_here or speech.reading.whole() is speech.not_in_memory:
                return
            likely = (speech.reading.whole(), speech.reading.first(FIRST_CHARS))
            for phrase in likely if not speech.engine.is_incremental else likely[:1]:
                if not self._cache.takes(phrase.text):
                    continue
                if (spoken := self._cache.find(speech.key(phrase))) is not None:
                    break
            else:
                speech.not_in_memory = speech.reading.whole()
                return
            began_bytes = speech.made_bytes
            speech.reading.advance(phrase)
            speech.put(spoken.sound)
            speech.end_phrase(phrase, spoken.marks, began_bytes)

    # --- in an engine's thread

    def _work(self, speech: Speech) -> None:
        try:
            speech.reading.look_further()
            if not speech.made_bytes and self._is_slow(speech.engine):
                time.sleep(MOMENT_S)  # the first to come is to know of the others too
            with self._lock:
                phrase = self._cut(speech) if speech.reading else None
            if phrase is not None:
                self._say(speech, phrase)
            else:
                speech.end()
        except Exception as exc:
            # Whatever went wrong with this phrase, the others wait for the engine.
            log.error("phrase_failed", voice=speech.voice.id, exc_info=exc)
            speech.fail(exc)
            self._on_phrase(speech.engine, False)
        finally:
            with self._lock:
                self._at_work.remove(speech)
                speech.end_work()
                self._dispatch()

    def _is_slow(self, engine: Engine) -> bool:
        return not engine.is_incremental and self._pace(engine).rtf > SLOW_RTF

    def _say(self, speech: Speech, phrase: Phrase) -> None:
        began_bytes, began_at_s = speech.made_bytes, time.monotonic()
        is_kept = speech.is_cached and self._cache.takes(phrase.text)
        if is_kept:
            self._cache.missed()
        sink = PhraseSink(speech, is_kept)
        speech.engine.synthesize(phrase.text, speech.voice, speech.speed, sink)
        busy_s = time.monotonic() - began_at_s
        if sink.wanted:
            sink.finish()
        audio_s = (speech.made_bytes - began_bytes) / BYTES_PER_S
        self._measures.phrase(audio_s, busy_s)
        if not sink.wanted:
            return
        self._on_phrase(speech.engine, True)
        if is_kept and sink.sound:
            self._cache.keep(speech.key(phrase), Spoken(sound=sink.sound, marks=sink.marks))
        with self._lock:
            self._pace(speech.engine).made(len(phrase.text), audio_s, busy_s)
            speech.end_phrase(phrase, sink.marks, began_bytes)


async def _rest(speeches: Sequence[Speech]) -> None:
    """Until the engines are done with them, which are cancelled."""
    try:
        async with asyncio.timeout(STOP_WITHIN_S):
            await asyncio.gather(*(speech.rested() for speech in speeches))
    except TimeoutError:
        log.error("engine_stuck", within_s=STOP_WITHIN_S)
