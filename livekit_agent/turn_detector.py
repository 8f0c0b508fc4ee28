"""The turn detector of a call: the words' ending, the voice's, and this caller's own pauses.

It speaks the SDK's protocol of a streaming turn detector. The SDK asks at a pause and waits for
the answer; ours is "yes", when the silence has lasted as long as `turns.patience_s` says.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from livekit import rtc
from livekit.agents import APIConnectOptions
from livekit.agents.language import LanguageCode
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS
from livekit.agents.voice.turn import TurnDetectionEvent

from livekit_agent.turns import Endpointing, Pauses, patience_s
from livekit_agent.voice_ending import MODEL, VoiceEnding

ASKED_AFTER_S = 0.2  # the SDK asks once the VAD has seen this much silence
ANSWER_WITHIN_S = 10.0  # the SDK's own limit; patience is far below
YES, NO = 1.0, 0.0


@dataclass(frozen=True, slots=True)
class Heard:
    """What is known of the turn at a pause."""

    text: str
    language: str
    after_question: bool


class TurnDetector:
    """Makes the detector's stream of a call. `voice`: how speech sounds; None: words alone."""

    def __init__(
        self,
        rule: Endpointing,
        heard: Callable[[], Heard],
        voice: VoiceEnding | None = None,
    ) -> None:
        self._rule = rule
        self._heard = heard
        self._voice = voice

    @property
    def model(self) -> str:
        return MODEL if self._voice is not None else "words"

    @property
    def provider(self) -> str:
        return "local"

    def stream(
        self, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> "TurnDetectorStream":
        return TurnDetectorStream(self, self._rule, self._heard, self._voice)


class TurnDetectorStream:
    """Answers, at each pause of one call, when the turn is over."""

    is_fallback = False
    prediction_timeout = ANSWER_WITHIN_S

    def __init__(
        self,
        detector: TurnDetector,
        rule: Endpointing,
        heard: Callable[[], Heard],
        voice: VoiceEnding | None,
    ) -> None:
        self._detector = detector
        self._rule = rule
        self._heard = heard
        self._voice = voice
        self._pauses = Pauses()
        self._silent_since: float | None = None  # on the event loop's clock
        self._deciding: asyncio.Task[None] | None = None
        self._answer: asyncio.Future[TurnDetectionEvent] | None = None

    @property
    def model(self) -> str:
        return self._detector.model

    @property
    def provider(self) -> str:
        return self._detector.provider

    async def unlikely_threshold(self, language: LanguageCode | None) -> float | None:
        return (YES + NO) / 2

    async def backchannel_threshold(self, language: LanguageCode | None) -> float | None:
        return None

    async def supports_language(self, language: LanguageCode | None) -> bool:
        return True

    def push_audio(self, frame: rtc.AudioFrame) -> None:
        if self._voice is not None:
            self._voice.push(frame)

    def predict(self) -> "asyncio.Future[TurnDetectionEvent]":
        """Asked at a pause; the answer comes when the turn is over."""
        self._drop(NO)
        loop = asyncio.get_running_loop()
        self._silent_since = _now() - ASKED_AFTER_S
        self._answer = loop.create_future()
        self._deciding = loop.create_task(self._decide(self._answer, self._silent_since))
        return self._answer

    def cancel_inference(self, *, timed_out: bool = False) -> None:
        """The caller went on speaking, or the turn is over."""
        if self._silent_since is not None and not timed_out:
            self._pauses.resumed_after(_now() - self._silent_since)
            self._silent_since = None
        self._drop(NO)

    def flush(self, reason: str | None = None) -> None:
        """The turn was taken (or thrown away): forget its sound."""
        if self._silent_since is not None:
            self._pauses.turn_ended()
            self._silent_since = None
        if self._voice is not None:
            self._voice.forget()
        self._drop(NO)

    def end_input(self) -> None:
        """No more sound will come."""

    async def aclose(self) -> None:
        self._drop(NO)

    async def _decide(
        self,
        answer: "asyncio.Future[TurnDetectionEvent]",
        silent_since: float,
    ) -> None:
        finished = None
        if self._voice is not None:
            finished = await self._voice.finished(self._heard().language)
        while True:
            heard = self._heard()  # read again: the final transcript may come while we wait
            wait_s = patience_s(
                heard.text,
                rule=self._rule,
                voice_finished=finished,
                after_question=heard.after_question,
                language=heard.language,
                learned_s=self._pauses.patience_s,
            )
            left_s = silent_since + wait_s - _now()
            if left_s <= 0:
                break
            await asyncio.sleep(left_s)
        if not answer.done():
            answer.set_result(_event(YES))

    def _drop(self, probability: float) -> None:
        if self._deciding is not None:
            self._deciding.cancel()
            self._deciding = None
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(_event(probability))
        self._answer = None


def _now() -> float:
    return asyncio.get_running_loop().time()


def _event(probability: float) -> TurnDetectionEvent:
    return TurnDetectionEvent(
        type="eot_prediction",
        end_of_turn_probability=probability,
        last_speaking_time=time.time(),
    )
