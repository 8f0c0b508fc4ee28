"""A VAD that takes sound for speech by its level, and realtime STT engines that do as scripted."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import numpy as np
from livekit import rtc
from livekit.agents import vad

from livekit_agent.stages import Endpoint, EngineFailure
from livekit_agent.stt_wire import SAMPLE_RATE_HZ, Completed, WireEvent, Words
from tests.livekit_agent.virtual.clock import now_s
from tests.livekit_agent.virtual.sound import LOUD, Microphone, saying_of

WINDOW_S = 0.02  # one frame of the microphone
MIN_SPEECH_S = 0.05
MIN_SILENCE_S = 0.25


class LevelVad(vad.VAD):
    """Loud is speech. Its thresholds are those of the bundled one."""

    def __init__(self) -> None:
        super().__init__(capabilities=vad.VADCapabilities(update_interval=WINDOW_S))

    min_silence_duration = MIN_SILENCE_S

    def stream(self) -> vad.VADStream:
        return _LevelStream(self)


class _LevelStream(vad.VADStream):
    async def _main_task(self) -> None:
        speaking = False
        speech_s = silence_s = since_s = 0.0
        async for frame in self._input_ch:
            if not isinstance(frame, rtc.AudioFrame):
                speaking, speech_s, silence_s, since_s = False, 0.0, 0.0, 0.0
                continue
            since_s += WINDOW_S
            loud = abs(int(np.frombuffer(frame.data, "<i2")[0])) > LOUD
            kind = vad.VADEventType.INFERENCE_DONE
            self._tell(kind, frame, speaking, speech_s, silence_s, since_s)
            if loud:
                speech_s, silence_s = speech_s + WINDOW_S, 0.0
                if not speaking and speech_s >= MIN_SPEECH_S:
                    speaking, since_s = True, speech_s
                    kind = vad.VADEventType.START_OF_SPEECH
                    self._tell(kind, frame, speaking, speech_s, 0.0, since_s)
            else:
                speech_s, silence_s = 0.0, silence_s + WINDOW_S
                if speaking and silence_s >= MIN_SILENCE_S - 1e-9:
                    speaking = False
                    kind = vad.VADEventType.END_OF_SPEECH
                    self._tell(kind, frame, speaking, 0.0, silence_s, since_s - silence_s)
                    since_s = silence_s

    def _tell(
        self,
        kind: vad.VADEventType,
        frame: rtc.AudioFrame,
        speaking: bool,
        speech_s: float,
        silence_s: float,
        since_s: float,
    ) -> None:
        ended = kind is vad.VADEventType.END_OF_SPEECH
        self._event_ch.send_nowait(
            vad.VADEvent(
                type=kind,
                samples_index=0,
                timestamp=now_s(),
                speech_duration=since_s if speaking or ended else 0.0,
                silence_duration=silence_s if ended else 0.0 if speaking else since_s,
                frames=[frame],
                speaking=speaking,
                raw_accumulated_speech=speech_s,
                raw_accumulated_silence=silence_s,
            )
        )


@dataclass(slots=True, kw_only=True)
class Ears:
    """One STT engine. `words_s`: a word is known so long after it was said; `final_s`: a transcript
    so long after it was asked for. Change anything any time."""

    microphone: Microphone
    words_s: float = 0.15
    final_s: float = 0.1
    is_up: bool = True
    answers: bool = True  # commits
    misheard: dict[str, str] = field(default_factory=dict)  # final text by what was said
    language: str | None = "en"
    sockets: int = 0  # opened so far
    finals: list[str] = field(default_factory=list)

    def _text(self, heard_s: dict[int, float], *, final: bool) -> str:
        parts = []
        for place, seconds in heard_s.items():
            saying = self.microphone.sayings[place]
            words = saying.words.split()
            share = (seconds + 0.03) / saying.seconds
            count = len(words) if share >= 1 else int(share * len(words))
            text = " ".join(words[:count])
            parts.append(self.misheard.get(text, text) if final else text)
        return " ".join(part for part in parts if part)


class EarsSocket:
    """In the place of `stt_wire.RealtimeSocket`."""

    def __init__(self, ears: Ears) -> None:
        self._ears = ears
        self._heard_s: dict[int, float] = {}
        self._told = ""
        self._events: asyncio.Queue[tuple[float, WireEvent | None]] = asyncio.Queue()

    def break_off(self) -> None:
        self._events.put_nowait((0.0, None))

    async def append(self, pcm: bytes) -> None:
        samples = np.frombuffer(pcm, "<i2")
        place = saying_of(samples) if samples.size else None
        if place is None:
            return
        self._heard_s[place] = self._heard_s.get(place, 0.0) + samples.size / SAMPLE_RATE_HZ
        text = self._ears._text(self._heard_s, final=False)
        if len(text) > len(self._told):
            delta, self._told = text[len(self._told) :], text
            self._later(self._ears.words_s, Words("item", delta))

    async def commit(self) -> None:
        text = self._ears._text(self._heard_s, final=True)
        self._heard_s, self._told = {}, ""
        if self._ears.answers:
            self._later(self._ears.final_s, Completed("item", text, 0.9, self._ears.language))

    async def events(self) -> AsyncIterator[WireEvent]:
        while True:
            at_s, event = await self._events.get()
            if at_s > now_s():
                await asyncio.sleep(at_s - now_s())
            if event is None:
                raise EngineFailure("the connection broke")
            if isinstance(event, Completed):
                self._ears.finals.append(event.text)
            yield event

    def _later(self, after_s: float, event: WireEvent) -> None:
        self._events.put_nowait((now_s() + after_s, event))


class Hearing:
    """The STT engines by name, in the place of `stt_wire.open_socket`."""

    def __init__(self, microphone: Microphone) -> None:
        self.main = Ears(microphone=microphone)
        self.standby = Ears(microphone=microphone)
        self.sockets: dict[str, EarsSocket] = {}

    @asynccontextmanager
    async def open(
        self, endpoint: Endpoint, *, language: str | None, within_s: float
    ) -> AsyncIterator[EarsSocket]:
        ears = self.main if endpoint.name == "main" else self.standby
        if not ears.is_up:
            raise EngineFailure("no connection: ConnectionRefusedError")
        ears.sockets += 1
        self.sockets[endpoint.name] = EarsSocket(ears)
        yield self.sockets[endpoint.name]

    def lose_main(self) -> None:
        """Its connection breaks and no new one is made."""
        self.main.is_up = False
        if "main" in self.sockets:
            self.sockets["main"].break_off()
