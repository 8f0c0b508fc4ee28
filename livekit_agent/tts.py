"""Reply text to sound, phrase by phrase: another voice when one fails, a clip when none is left."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass

from livekit import rtc

from chassis.http import AsyncClient
from chassis.logs import get_logger
from livekit_agent.budgets import Budgets
from livekit_agent.clips import Clips
from livekit_agent.failed_turns import FailedTurns
from livekit_agent.lines import LINES, LineKey
from livekit_agent.phrasing import Phraser
from livekit_agent.silence import Silence
from livekit_agent.stages import Endpoint, EngineFailure, Stage
from livekit_agent.timeline import Timeline
from livekit_agent.tts_wire import SAMPLE_RATE_HZ, Phrase, synthesise

USUAL_CHARS_PER_S = 14.0  # of speech, until this voice has been heard
LEAST_MEASURED_S = 0.5  # of sound, to tell an engine's pace by
EARLY_ANSWER_S = 0.8  # before a question's last sound: people answer when they know what is asked
MIN_HEARD_S = 0.2  # less of a phrase than this was not noticed
SLOW = 0.95  # of real time: an engine near it would stop in mid-phrase
FAST = 0.4  # two phrases are ready before one has been said

_LINES = {said: (key, lang) for lang, lines in LINES.items() for key, said in lines.items()}

log = get_logger(__name__)


@dataclass(slots=True)
class Voice:
    """Whose voice speaks, in what language. Changed in mid-call by tools and by the screen."""

    id: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TtsParts:
    """What speaking needs. `standby_voice`: the one to ask of any engine but the main one.
    `language`: the configured one, which voices speak without being told."""

    stage: Stage
    client: AsyncClient
    budgets: Budgets
    silence: Silence
    clips: Clips
    voice: Voice
    standby_voice: str
    language: str
    timeline: Timeline


class Speaking:
    """The TTS of one call."""

    def __init__(self, parts: TtsParts) -> None:
        self._parts = parts
        self._chars_per_s = USUAL_CHARS_PER_S
        self._pace = (SLOW + FAST) / 2  # work a second of sound takes; neither, until it is known
        self._failed = FailedTurns(parts.timeline)
        self._reply = _Reply()

    @property
    def failed_replies(self) -> int:
        """In a row, with every engine."""
        return self._failed.count

    def ends_asking(self, played_s: float) -> bool:
        """Whether a reply of which so much was played is at the end of a question: what is said
        now, though it be "yes", is the answer."""
        reply = self._reply
        return reply.whole and reply.asks and played_s >= reply.sound_s - EARLY_ANSWER_S

    async def speak(self, text: AsyncIterable[str]) -> AsyncGenerator[rtc.AudioFrame]:
        """24 kHz mono frames of what `text` says. Never raises for a failed engine."""
        phrases: asyncio.Queue[str | None] = asyncio.Queue()
        cutting = asyncio.create_task(self._cut(text, phrases))
        reply = self._reply = _Reply()
        try:
            while (phrase := await self._next(phrases)) is not None:
                reply.asks = phrase.endswith("?")
                async with aclosing(self._say(phrase, reply)) as frames:
                    async for frame in frames:
                        reply.sound_s += frame.duration
                        yield frame
            reply.whole = True
        finally:
            cutting.cancel()
            await asyncio.gather(cutting, return_exceptions=True)
            if reply.lost:
                self._failed.failed()
            elif reply.spoken:
                self._failed.worked()

    async def _cut(self, text: AsyncIterable[str], phrases: "asyncio.Queue[str | None]") -> None:
        phraser = Phraser(hurried=self._pace < FAST)
        try:
            async for piece in text:
                is_line = line_of(piece) is not None
                # A line is there as one sound, however many sentences it has.
                for phrase in [*phraser.flush(), piece] if is_line else phraser.push(piece):
                    phrases.put_nowait(phrase)
            for phrase in phraser.flush():
                phrases.put_nowait(phrase)
        finally:
            phrases.put_nowait(None)

    async def _next(self, phrases: "asyncio.Queue[str | None]") -> str | None:
        phrase = await phrases.get()
        if phrase is not None:
            self._parts.timeline.first_phrase()
        return phrase

    async def _say(self, text: str, reply: "_Reply") -> AsyncGenerator[rtc.AudioFrame]:
        if (fixed := line_of(text)) is not None:
            for frame in self._parts.clips.frames(fixed[0], self._parts.voice.id, fixed[1]):
                yield frame
            reply.spoken = True
            return
        if reply.lost:
            return  # told already; the screen has the words
        for endpoint in self._parts.stage.order():
            reply.heard_s = 0.0
            try:
                async with aclosing(self._by(endpoint, text, reply)) as frames:
                    async for frame in frames:
                        yield frame
                self._parts.stage.worked(endpoint)
                reply.spoken = True
                return
            except EngineFailure as failure:
                self._parts.stage.failed(endpoint, failure)
                text = self._unsaid(text, reply.heard_s)
                if not text:
                    return
        reply.lost = True
        for frame in self._clip("must_end" if self.failed_replies >= 2 else "lost_tts"):
            yield frame

    async def _by(
        self, endpoint: Endpoint, text: str, reply: "_Reply"
    ) -> AsyncGenerator[rtc.AudioFrame]:
        """`text` by one engine, asking for patience while it is silent. Raises EngineFailure."""
        asked_at = _now()
        first_at: float | None = None
        sound_s = 0.0
        held: list[rtc.AudioFrame] = []
        voice = self._parts.voice
        phrase = Phrase(
            text=text,
            voice=voice.id if endpoint.name == "main" else self._parts.standby_voice,
            language=voice.language if voice.language != self._parts.language else None,
        )
        pieces = synthesise(
            self._parts.client,
            endpoint,
            phrase,
            first_s=self._parts.budgets.tts_s,
            between_s=self._parts.budgets.sound_s,
        )
        async with aclosing(pieces), aclosing(self._or_patience(pieces)) as items:
            async for item in items:
                if isinstance(item, rtc.AudioFrame):
                    yield item  # "one moment"
                    continue
                if first_at is None:
                    first_at = _now()
                    self._parts.timeline.first_byte()
                frame = _frame(item)
                sound_s += frame.duration
                held.append(frame)
                if self._pace < SLOW or not reply.spoken:
                    reply.heard_s += frame.duration
                    yield held.pop()
        if sound_s > LEAST_MEASURED_S:
            self._pace = (_now() - asked_at) / sound_s
        if sound_s > MIN_HEARD_S:
            self._chars_per_s += 0.3 * (len(text) / sound_s - self._chars_per_s)
        for frame in held:
            yield frame

    async def _or_patience(
        self, pieces: AsyncIterator[bytes]
    ) -> AsyncGenerator[bytes | rtc.AudioFrame]:
        """`pieces`, before them the clip "one moment" when they keep the caller waiting."""
        coming = asyncio.ensure_future(anext(pieces, None))
        patience = asyncio.create_task(
            self._parts.silence.lasts(self._parts.budgets.filler_s, "thinking")
        )
        try:
            await asyncio.wait({coming, patience}, return_when=asyncio.FIRST_COMPLETED)
            if not coming.done() and self._parts.silence.told():
                for frame in self._clip("one_moment"):
                    yield frame
            first = await coming
        finally:
            for task in (coming, patience):
                task.cancel()
            await asyncio.gather(coming, patience, return_exceptions=True)
        if first is None:
            return
        yield first
        async for pcm in pieces:
            yield pcm

    def _clip(self, key: LineKey) -> list[rtc.AudioFrame]:
        return self._parts.clips.frames(key, self._parts.voice.id, self._parts.voice.language)

    def _unsaid(self, text: str, heard_s: float) -> str:
        """The rest of a phrase after the seconds of it that were heard, from a whole word on."""
        if heard_s < MIN_HEARD_S:
            return text
        place = int(heard_s * self._chars_per_s)
        start = text.rfind(" ", 0, place + 1) + 1
        return text[start:].strip() if place < len(text) else ""


@dataclass(slots=True)
class _Reply:
    spoken: bool = False
    lost: bool = False  # no engine would speak a part of it
    whole: bool = False  # all of its sound is made
    asks: bool = False  # its last phrase is a question
    sound_s: float = 0.0
    heard_s: float = 0.0  # of the present phrase; "one moment" is none of it


def line_of(text: str) -> tuple[LineKey, str] | None:
    """Which line `text` is, and in what language: the voice's may have changed since it was
    written."""
    return _LINES.get(text.strip())


def _frame(pcm: bytes) -> rtc.AudioFrame:
    samples = len(pcm) // 2
    return rtc.AudioFrame(pcm, SAMPLE_RATE_HZ, 1, samples)


def _now() -> float:
    return asyncio.get_running_loop().time()
