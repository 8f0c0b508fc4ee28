"""What an engine says was said: interim words, words to prepare a reply for, final transcripts."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from livekit.agents import stt
from livekit.agents.language import LanguageCode
from livekit.agents.utils.aio import Chan

from livekit_agent.stt_wire import Completed, WireEvent, Words
from livekit_agent.turns import as_prepared, is_backchannel, is_interruption, may_prepare

USUAL_LAG_S = 0.2
LAG_WEIGHT = 0.3  # of the newest utterance
LAG_MARGIN_S = 0.03  # a step of the VAD


@dataclass(frozen=True, slots=True, kw_only=True)
class SttOptions:
    """`language`: spoken now, None where the engine is to tell; a new one is heard from the next
    silence on. `prepare_after_s`: silence after which a reply to the words so far is begun; None:
    never."""

    language: Callable[[], str | None]
    prepare_after_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SttEvents:
    """What the call is told beside the transcripts."""

    agent_is_speaking: Callable[[], bool]
    on_nothing: Callable[[bool], None]  # an utterance held no words (False) or a murmur (True)
    on_interruption: Callable[[], None]  # more than a murmur is being said over the agent
    on_speech_ended: Callable[[], None]
    on_final: Callable[[], None]


NOBODY = SttEvents(
    agent_is_speaking=lambda: False,
    on_nothing=lambda _murmur: None,
    on_interruption=lambda: None,
    on_speech_ended=lambda: None,
    on_final=lambda: None,
)


@dataclass(slots=True)
class HeardTurn:
    """What is known of the present turn: its text so far, and the language it is in."""

    language: str
    text: str = ""


class Transcripts:
    """Of one stream of sound; `out` is what the SDK listens to."""

    def __init__(
        self,
        heard: HeardTurn,
        options: SttOptions,
        events: Callable[[], SttEvents],
        out: "Chan[stt.SpeechEvent]",
    ) -> None:
        self._heard = heard
        self._options = options
        self._events = events
        self._out = out
        self._over_agent = False
        self._silence_s = 0.0
        self._finals = ""  # of this turn
        self._text = ""  # of this utterance
        self._prepared = ""
        self._lag_s = USUAL_LAG_S  # from silence to the last word of it: learned of this engine
        self._words_at_silence_s = 0.0

    def utterance_begins(self) -> None:
        """Somebody starts to speak."""
        self._over_agent = self._events().agent_is_speaking()

    def utterance_begins_anew(self) -> None:
        """Another engine will hear it from its start."""
        self._text = self._prepared = ""

    def silent_for(self, seconds: float) -> None:
        """How long nobody has spoken."""
        self._silence_s = seconds
        if seconds >= self._lag_s + LAG_MARGIN_S:
            self._maybe_prepare()  # else a word may still be on its way

    def on_event(self, event: WireEvent) -> None:
        """Words or a transcript, from the engine."""
        match event:
            case Words():
                self._on_words(event)
            case Completed():
                self._on_completed(event)

    def _on_words(self, event: Words) -> None:
        self._text += event.delta
        self._words_at_silence_s = self._silence_s
        self._heard.text = self._turn_text()
        if self._over_agent and is_interruption(self._text, self._heard.language):
            self._over_agent = False
            self._events().on_interruption()
        if not self._maybe_prepare():
            self._emit(stt.SpeechEventType.INTERIM_TRANSCRIPT, self._text.strip(), 0.0)

    def _maybe_prepare(self) -> bool:
        """Begin a reply to what was said so far, once the speaker pauses."""
        after_s = self._options.prepare_after_s
        if after_s is None or (
            self._over_agent and is_backchannel(self._text, self._heard.language)
        ):
            return False
        if not may_prepare(self._text, self._prepared, self._silence_s, after_s):
            return False
        self._prepared = self._text
        self._emit(stt.SpeechEventType.PREFLIGHT_TRANSCRIPT, self._text.strip(), 0.0)
        return True

    def _on_completed(self, event: Completed) -> None:
        self._lag_s += LAG_WEIGHT * (self._words_at_silence_s - self._lag_s)
        murmur = self._over_agent and is_backchannel(event.text, self._heard.language)
        text = as_prepared(event.text, self._prepared)
        self._text = self._prepared = ""
        if event.language:
            self._heard.language = event.language
        if not event.text or murmur:
            self._heard.text = self._turn_text()
            self._events().on_nothing(murmur)
            return
        if not self._heard.text:  # the agent took the turn in between
            self._finals = ""
        self._finals = f"{self._finals} {event.text}".strip()
        self._heard.text = self._finals
        self._events().on_final()
        self._emit(stt.SpeechEventType.FINAL_TRANSCRIPT, text, event.confidence)

    def _turn_text(self) -> str:
        if not self._heard.text:
            self._finals = ""
        return f"{self._finals} {self._text}".strip()

    def _emit(self, kind: stt.SpeechEventType, text: str, confidence: float) -> None:
        if not text:
            return
        language = LanguageCode(self._heard.language)
        data = stt.SpeechData(language=language, text=text, confidence=confidence)
        self._out.send_nowait(
            stt.SpeechEvent(type=kind, alternatives=[data], created_at=time.time())
        )
