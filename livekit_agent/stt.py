"""Live sound to transcripts: what was not heard by one engine is played again to the next."""

import asyncio
import contextlib
from collections import deque

from livekit import rtc
from livekit.agents import APIConnectOptions, stt, vad
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, NOT_GIVEN, NotGivenOr
from livekit.agents.utils import AudioBuffer

from chassis.logs import get_logger
from livekit_agent.budgets import Budgets
from livekit_agent.stages import Endpoint, EngineFailure, Stage
from livekit_agent.stt_wire import (
    SAMPLE_RATE_HZ,
    Completed,
    RealtimeSocket,
    open_socket,
)
from livekit_agent.transcripts import NOBODY, HeardTurn, SttEvents, SttOptions, Transcripts
from livekit_agent.unheard import EndOfUtterance, Unheard

PREFIX_S = 0.5  # of sound before the VAD noticed speech
RETRY_S = 0.3  # when no engine is there
ALL_DEAF_S = 5.0  # the longest wait between two rounds over all engines

log = get_logger(__name__)


class LiveStt(stt.STT[str]):
    """The STT of one call. `observe` must be given the events of the call's VAD."""

    def __init__(self, stage: Stage, budgets: Budgets, options: SttOptions) -> None:
        super().__init__(
            capabilities=stt.STTCapabilities(
                streaming=True, interim_results=True, offline_recognize=False
            )
        )
        self.stage = stage
        self.budgets = budgets
        self.options = options
        self.events = NOBODY
        self.heard = HeardTurn(language=options.language() or "en")
        self._stream: LiveStream | None = None

    @property
    def model(self) -> str:
        return self.stage.current.model

    @property
    def provider(self) -> str:
        return self.stage.current.name

    def stream(
        self,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> "LiveStream":
        self.heard.text = ""  # what the stream before heard is thrown away with it
        self._stream = LiveStream(self, conn_options)
        return self._stream

    def listen(self, events: SttEvents) -> None:
        """Tell the call what happens."""
        self.events = events

    def observe(self, event: vad.VADEvent) -> None:
        """An event of the VAD that hears what we are given."""
        if self._stream is not None:
            self._stream.observe(event)

    def end_utterance(self) -> None:
        """Ask for the transcript now, as when a push-to-talk key is let go."""
        if self._stream is not None:
            self._stream.end_utterance()

    def turn_taken(self) -> None:
        """The agent has taken the turn: what is heard from now on belongs to the next."""
        self.heard.text = ""

    async def _recognize_impl(
        self,
        buffer: AudioBuffer,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions,
    ) -> stt.SpeechEvent:
        raise NotImplementedError("live sound only")


class LiveStream(stt.RecognizeStream):
    """The sound of one call on its way to an engine. Sent while somebody speaks, not in between."""

    def __init__(self, owner: LiveStt, conn_options: APIConnectOptions) -> None:
        super().__init__(stt=owner, conn_options=conn_options)
        self._owner = owner
        self._unheard = Unheard()
        self._prefix: deque[rtc.AudioFrame] = deque()
        self._prefix_s = 0.0
        self._upsampler: rtc.AudioResampler | None = None
        self._talking = False
        self._transcripts = Transcripts(
            owner.heard, owner.options, lambda: owner.events, self._event_ch
        )
        self._wake = asyncio.Event()
        self._waiting_since: deque[float] = deque()  # of utterances that were sent and not answered

    # --- what is heard

    def observe(self, event: vad.VADEvent) -> None:
        if event.type == vad.VADEventType.START_OF_SPEECH:
            self._transcripts.silent_for(0.0)
            if not self._talking:
                self._begin_utterance()
        elif event.type == vad.VADEventType.INFERENCE_DONE:
            self._transcripts.silent_for(event.raw_accumulated_silence)
        elif event.type == vad.VADEventType.END_OF_SPEECH:
            self.end_utterance()
            self._owner.events.on_speech_ended()

    def _begin_utterance(self) -> None:
        self._talking = True
        self._transcripts.utterance_begins()
        self._upsampler = None
        for frame in self._prefix:
            self._add(frame)
        self._prefix.clear()
        self._prefix_s = 0.0
        self._wake.set()

    def end_utterance(self) -> None:
        if self._talking:
            self._talking = False
            self._unheard.end_utterance()
            self._wake.set()

    def _take(self, frame: rtc.AudioFrame) -> None:
        if self._talking:
            self._add(frame)
            self._wake.set()
            return
        self._prefix.append(frame)
        self._prefix_s += frame.duration
        while self._prefix_s > PREFIX_S:
            self._prefix_s -= self._prefix.popleft().duration

    def _add(self, frame: rtc.AudioFrame) -> None:
        """Keep what is to be sent, at the protocol's rate. Only speech is worth resampling."""
        if frame.sample_rate == SAMPLE_RATE_HZ:
            self._unheard.add(bytes(frame.data))
            return
        if self._upsampler is None:
            self._upsampler = rtc.AudioResampler(
                frame.sample_rate, SAMPLE_RATE_HZ, quality=rtc.AudioResamplerQuality.QUICK
            )
        for converted in self._upsampler.push(frame):
            self._unheard.add(bytes(converted.data))

    # --- engines

    async def _run(self) -> None:
        serving = asyncio.create_task(self._serve())
        try:
            async for frame in self._input_ch:
                if isinstance(frame, rtc.AudioFrame):
                    self._take(frame)
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)

    async def _serve(self) -> None:
        wait_s = RETRY_S
        while True:
            endpoint, language = self._owner.stage.current, self._owner.options.language()
            self._owner.heard.language = language or self._owner.heard.language
            try:
                async with open_socket(
                    endpoint, language=language, within_s=self._owner.budgets.connect_s
                ) as socket:
                    await self._converse(socket, endpoint, language)
                wait_s = RETRY_S
            except EngineFailure as failure:
                self._transcripts.utterance_begins_anew()
                self._owner.stage.failed(endpoint, failure)
                if self._owner.stage.state == "down" or self._owner.stage.current is endpoint:
                    await asyncio.sleep(wait_s)
                    wait_s = min(wait_s * 2, ALL_DEAF_S)

    async def _converse(
        self, socket: RealtimeSocket, endpoint: Endpoint, language: str | None
    ) -> None:
        """Until another engine or language is to be used. Raises EngineFailure."""
        self._waiting_since.clear()
        tasks = [
            asyncio.create_task(self._send(socket, endpoint, language)),
            asyncio.create_task(self._receive(socket, endpoint)),
            asyncio.create_task(self._watch()),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        except EngineFailure:
            raise
        except Exception as exc:  # a bug in one answer must not leave the agent deaf for good
            log.exception("hearing_crashed", engine=endpoint.name)
            raise EngineFailure(f"{type(exc).__name__} while hearing") from exc
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _send(self, socket: RealtimeSocket, endpoint: Endpoint, language: str | None) -> None:
        place = self._unheard.first
        while True:
            place = max(place, self._unheard.first)
            while place < self._unheard.end:
                entry = self._unheard.at(place)
                place += 1
                if isinstance(entry, EndOfUtterance):
                    self._waiting_since.append(_now())
                    await socket.commit()
                else:
                    await socket.append(entry)
            idle = not self._talking and self._unheard.first == self._unheard.end
            wanted = self._owner.stage.current, self._owner.options.language()
            if idle and wanted != (endpoint, language):
                return  # the main engine is back, say, and nobody is in mid-sentence
            self._wake.clear()
            # Woken by sound; looked at anyway, so that a recovered engine is noticed in silence.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await self._wake.wait()

    async def _receive(self, socket: RealtimeSocket, endpoint: Endpoint) -> None:
        async for event in socket.events():
            if isinstance(event, Completed):
                self._unheard.utterance_heard()
                if self._waiting_since:
                    self._waiting_since.popleft()
            self._transcripts.on_event(event)
            if isinstance(event, Completed):
                self._owner.stage.worked(endpoint)

    async def _watch(self) -> None:
        budget_s = self._owner.budgets.stt_s
        if self._owner.stage.state == "down":
            budget_s *= 2  # every engine was late: going round and round only makes them later
        while True:
            await asyncio.sleep(0.1)
            if self._waiting_since and _now() - self._waiting_since[0] > budget_s:
                raise EngineFailure(f"no transcript within {budget_s:g} s of the end of speech")


def _now() -> float:
    return asyncio.get_running_loop().time()
