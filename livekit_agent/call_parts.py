"""The parts that turn sound into a reply and a reply into sound, made for one call."""

from collections.abc import Callable
from dataclasses import dataclass

from livekit.agents import AgentSession

from livekit_agent.budgets import Budgets
from livekit_agent.call_metrics import CallMetrics
from livekit_agent.clips import Clips
from livekit_agent.engines import Engines
from livekit_agent.floor import Floor
from livekit_agent.hearing import ObservedVad
from livekit_agent.history import History
from livekit_agent.llm import LlmParts, Thinking
from livekit_agent.persona import FOLLOWS_SPEAKER, Persona
from livekit_agent.recollection import Recollection
from livekit_agent.session_options import CONNECT_OPTIONS, MAX_TOOL_STEPS, turn_handling
from livekit_agent.settings import AgentSettings
from livekit_agent.silence import Silence
from livekit_agent.stt import LiveStt
from livekit_agent.timeline import Timeline
from livekit_agent.transcripts import SttEvents, SttOptions
from livekit_agent.tts import Speaking, TtsParts, Voice
from livekit_agent.turn_detector import Heard
from livekit_agent.voice_ending import VoiceEnding
from livekit_agent.worker_parts import JobParts


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What the parts are made of. `persona` is asked each time: it may change in mid-call."""

    job: JobParts
    settings: AgentSettings
    engines: Engines
    persona: Callable[[], Persona]
    voice: Voice
    voice_ending: VoiceEnding | None = None
    silence: Silence
    timeline: Timeline
    history: History
    recollection: Recollection
    clips: Clips
    metrics: CallMetrics
    on_heard: Callable[[], None]  # a transcript came
    on_speech_ended: Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallParts:
    """A session and what it hears, thinks and speaks with."""

    session: AgentSession[None]
    stt: LiveStt
    thinking: Thinking
    speaking: Speaking
    floor: Floor


def make_parts(given: Given) -> CallParts:
    """Nothing runs yet."""
    settings, engines = given.settings, given.engines
    budgets = Budgets.of(settings)
    thinking = Thinking(
        LlmParts(
            stage=engines.llm,
            models=engines.chat_models,
            budgets=budgets,
            silence=given.silence,
            language=lambda: given.voice.language,
            temperature=lambda: given.persona().temperature,
            history=given.history,
            recollection=given.recollection,
            timeline=given.timeline,
            max_tokens=settings.max_reply_tokens,
        )
    )
    speaking = Speaking(
        TtsParts(
            stage=engines.tts,
            client=engines.http,
            budgets=budgets,
            silence=given.silence,
            clips=given.clips,
            voice=given.voice,
            standby_voice=settings.standby_voice,
            language=settings.language,
            timeline=given.timeline,
        )
    )

    def language() -> str | None:
        named = given.persona().language
        return None if named == FOLLOWS_SPEAKER else named

    stt = LiveStt(
        engines.stt,
        budgets,
        SttOptions(language=language, prepare_after_s=settings.preemptive_after_s or None),
    )
    session: AgentSession[None] = AgentSession(
        stt=stt,
        llm=engines.chat_models["main"],
        tts=engines.speech,
        vad=ObservedVad(given.job.vad, stt.observe),
        turn_handling=turn_handling(
            settings,
            given.persona(),
            lambda: Heard(stt.heard.text, stt.heard.language, given.timeline.asked_something),
            given.voice_ending,
        ),
        conn_options=CONNECT_OPTIONS,
        max_tool_steps=MAX_TOOL_STEPS,
        # The phraser does their work; they hold each word back until the next one comes.
        tts_text_transforms=None,
        # Browsers cancel echo; a deaf first three seconds of every reply would not stop at all.
        aec_warmup_duration=0,
        user_away_timeout=settings.silence_prompt_s or None,
    )
    floor = Floor(session, given.silence, given.metrics)

    def heard() -> None:
        given.on_heard()
        if language() is None:
            given.voice.language = stt.heard.language

    def speech_ended() -> None:
        floor.speech_ended()
        given.on_speech_ended()

    stt.listen(
        SttEvents(
            agent_is_speaking=lambda: (
                session.agent_state == "speaking" and not speaking.ends_asking(floor.spoken_s)
            ),
            on_nothing=floor.nothing_said,
            on_interruption=floor.taken,
            on_speech_ended=speech_ended,
            on_final=heard,
        )
    )
    return CallParts(session=session, stt=stt, thinking=thinking, speaking=speaking, floor=floor)
