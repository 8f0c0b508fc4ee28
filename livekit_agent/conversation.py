"""One call, from join to leave: wires its parts and reports what happens."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import Any

import structlog
from livekit import rtc
from livekit.agents import (
    AgentFalseInterruptionEvent,
    AgentSession,
    AgentStateChangedEvent,
    CloseEvent,
    ConversationItemAddedEvent,
    JobContext,
    UserStateChangedEvent,
    inference,
    room_io,
)
from livekit.agents.llm import ChatMessage
from livekit.agents.voice.agent_session import SessionConnectOptions

from chassis.ended import EndedReason
from chassis.logs import get_logger
from livekit_agent.agent import ParleyAgent
from livekit_agent.budgets import Budgets
from livekit_agent.call_end import CallEnd, left_reason, reason_of
from livekit_agent.clips import Clips
from livekit_agent.engines import Engines, open_engines
from livekit_agent.events import EndedEvent, EventSender, StatusEvent, now
from livekit_agent.hearing import ObservedVad
from livekit_agent.history import History
from livekit_agent.lines import LineKey, line
from livekit_agent.llm import LlmParts, Thinking
from livekit_agent.persona import Persona, default_persona, instructions
from livekit_agent.rescue import Rescue, Watched
from livekit_agent.settings import AgentSettings
from livekit_agent.silence import Silence
from livekit_agent.stages import StageChange, StageName
from livekit_agent.stt import LiveStt, SttEvents, SttOptions
from livekit_agent.timeline import Timeline
from livekit_agent.tool_events import ToolEvents
from livekit_agent.tools import ToolDeps, call_tools
from livekit_agent.tools.database import LOCAL_OWNER, Database
from livekit_agent.tools.lists import Lists
from livekit_agent.tools.memory import LocalMemory
from livekit_agent.tools.schedule import Schedule
from livekit_agent.tts import Speaking, TtsParts, Voice
from livekit_agent.turn_detector import Heard, TurnDetector
from livekit_agent.turns import Endpointing

MAX_TOOL_STEPS = 5
MAX_PREEMPTIVE = 6  # replies begun for one turn; each costs the LLM a prompt
INPUT_RATE_HZ = 16_000  # the VAD's and the turn model's: at another each would resample for itself
INPUT_FRAME_MS = 20  # the SDK's 50 ms would add up to 30 ms before the VAD sees a pause
FALSE_INTERRUPTION_S = 2.0  # the STT's verdict comes sooner, as a rule; this is without one
BACK_WITHIN_S = 20.0  # a caller whose connection broke may come back
IDLE_WITHIN_S = 30.0  # an announcement waits this long for a pause, then speaks
EVENTS_WITHIN_S = 0.5

log = get_logger(__name__)


async def answer_call(ctx: JobContext) -> None:
    """Entry point of a job: hold the conversation in `ctx.room` until one side leaves."""
    settings: AgentSettings = ctx.proc.userdata["settings"]
    structlog.contextvars.bind_contextvars(room=ctx.job.room.name, **_call_ids(ctx.job.metadata))
    async with AsyncExitStack() as stack:
        call = Call(ctx, settings)
        engines = await stack.enter_async_context(open_engines(settings, call.stage_changed))
        await ctx.connect()
        await stack.enter_async_context(call.with_engines(engines))
        log.info("call_started")
        reason = await call.ended()
        log.info("call_ended", reason=reason.value)
    ctx.shutdown(reason=reason.value)


class Call:
    """The session of one call with its tools, events and rescue. Enter it to start talking."""

    def __init__(self, ctx: JobContext, settings: AgentSettings) -> None:
        self._ctx = ctx
        self._settings = settings
        self._persona: Persona = default_persona(settings)
        self._events = EventSender(ctx.room)
        self._silence = Silence()
        self._voice = Voice(id=self._persona.voice, language=self._persona.language)
        self._clips = Clips(settings)
        self._fallen_back: set[StageName] = set()
        self._timeline = Timeline(fallbacks=lambda: sorted(self._fallen_back))
        self._end = CallEnd(self._say_and_wait)
        self._left_because: int | None = None
        self._stack = AsyncExitStack()

    def with_engines(self, engines: Engines) -> "Call":
        """Give the call what it hears, thinks and speaks with; before it is entered."""
        settings = self._settings
        budgets = Budgets.of(settings)
        self._thinking = Thinking(
            LlmParts(
                stage=engines.llm,
                models=engines.chat_models,
                budgets=budgets,
                silence=self._silence,
                language=lambda: self._voice.language,
                temperature=lambda: self._persona.temperature,
                history=History(8192),
                timeline=self._timeline,
                max_tokens=settings.max_reply_tokens,
            )
        )
        self._speaking = Speaking(
            TtsParts(
                stage=engines.tts,
                client=engines.http,
                budgets=budgets,
                silence=self._silence,
                clips=self._clips,
                voice=self._voice,
                standby_voice=settings.standby_voice,
                language=settings.language,
                timeline=self._timeline,
            )
        )
        self._stt = LiveStt(
            engines.stt,
            budgets,
            SttOptions(
                language=self._persona.language,
                prepare_after_s=settings.preemptive_after_s or None,
            ),
            SttEvents(
                agent_is_speaking=lambda: self._session.agent_state == "speaking",
                on_nothing=self._on_nothing_said,
                on_interruption=self._on_interruption,
                on_speech_ended=self._on_speech_ended,
                on_final=lambda: self._rescue.heard(),
            ),
        )
        self._session: AgentSession[None] = AgentSession(
            stt=self._stt,
            llm=engines.chat_models["main"],
            tts=engines.speech,
            vad=ObservedVad(self._ctx.proc.userdata["vad"], self._stt.observe),
            turn_handling=self._turn_handling(),
            # The stages count failures by their own rules, and end calls with a word.
            conn_options=SessionConnectOptions(max_unrecoverable_errors=1000),
            max_tool_steps=MAX_TOOL_STEPS,
            # Browsers cancel echo; a deaf first three seconds of every reply would not stop at all.
            aec_warmup_duration=0,
            user_away_timeout=settings.silence_prompt_s or None,
        )
        self._tool_events = ToolEvents(self._session, self._events.publish)
        self._schedule = Schedule(
            Database(settings.data_dir),
            self._announce,
            conversation_id=_call_ids(self._ctx.job.metadata).get(
                "conversation_id", self._ctx.job.room.name
            ),
            owner=LOCAL_OWNER,
            language=lambda: self._voice.language,
        )
        self._rescue = Rescue(
            Watched(
                session=self._session,
                stt=engines.stt,
                thinking=self._thinking,
                speaking=self._speaking,
                silence=self._silence,
                budgets=budgets,
                silence_hangup_s=settings.silence_hangup_s,
                may_hang_up=lambda: True,
            ),
            self._say_line,
            self._end,
        )
        return self

    async def __aenter__(self) -> "Call":
        self._stack.push_async_callback(self._end.aclose)
        await self._stack.enter_async_context(self._events)
        self._listen()
        agent = ParleyAgent(
            instructions=instructions(self._persona, None),
            tools=[*self._tools()],
            context=None,
            thinking=self._thinking,
            speaking=self._speaking,
        )
        await self._session.start(
            agent=agent,
            room=self._ctx.room,
            room_options=room_io.RoomOptions(
                audio_input=room_io.AudioInputOptions(
                    sample_rate=INPUT_RATE_HZ,
                    frame_size_ms=INPUT_FRAME_MS,
                    # Browsers level the microphone and the STT levels each utterance; a third gain
                    # that moves in mid-word cost one sentence in ten.
                    auto_gain_control=False,
                )
            ),
            record=False,
            # Otherwise any participant may read the history and drive the session.
            session_host=False,
        )
        self._session.say(self._persona.greeting)
        await self._stack.enter_async_context(self._rescue)
        await self._stack.enter_async_context(self._schedule)
        self._stack.enter_context(_limited(self._settings.max_call_s, self._end))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.aclose()
        await self._stack.aclose()

    async def ended(self) -> EndedReason:
        """Waits for the end of the call, and tells the screen why it came."""
        reason = await self._end.reason()
        self._events.publish(EndedEvent(reason=reason))
        await self._events.sent(EVENTS_WITHIN_S)
        if reason not in (EndedReason.USER_LEFT, EndedReason.WORKER_STOPPED):
            self._ctx.delete_room()
        return reason

    def stage_changed(self, change: StageChange) -> None:
        """An engine failed, was replaced or is back."""
        if change.state == "recovered":
            self._fallen_back.discard(change.stage)
        else:
            self._fallen_back.add(change.stage)
        log.warning("stage_changed", stage=change.stage, state=change.state, engine=change.engine)
        self._events.publish(
            StatusEvent(stage=change.stage, state=change.state, since=now(), engine=change.engine)
        )

    # --- wiring

    def _listen(self) -> None:
        self._session.on("close", self._on_close)
        self._session.on("conversation_item_added", self._on_item)
        self._session.on("agent_state_changed", self._on_agent_state)
        self._session.on("user_state_changed", self._on_user_state)
        self._session.on("agent_false_interruption", self._on_false_interruption)
        self._ctx.room.on("participant_disconnected", self._on_left)

    def _turn_handling(self) -> Any:
        """Our own turn rules, all local: the SDK's defaults may pick cloud models."""
        settings, persona = self._settings, self._persona
        voice_model: inference.TurnDetector | None = self._ctx.proc.userdata["turn_model"]
        rule = Endpointing(min_s=settings.endpointing_min_s, max_s=settings.endpointing_max_s)
        words = persona.interruption_words if persona.interruption_mode == "words" else 0
        return {
            "turn_detection": TurnDetector(rule, self._heard, voice_model),
            "endpointing": {"mode": "fixed", "min_delay": rule.min_s, "max_delay": rule.max_s},
            "interruption": {
                "enabled": persona.interruption_mode != "off",
                "mode": "vad",
                "min_duration": settings.interruption_min_s,
                "min_words": words,
                "false_interruption_timeout": FALSE_INTERRUPTION_S,
                "resume_false_interruption": True,
            },
            # The reply is prepared while the silence that ends the turn is still being waited for.
            "preemptive_generation": {
                "enabled": settings.preemptive_after_s > 0,
                "preemptive_tts": True,
                "max_retries": MAX_PREEMPTIVE,
            },
        }

    def _tools(self) -> list[Any]:
        database = Database(self._settings.data_dir)
        return call_tools(
            ToolDeps(
                timezone=self._settings.timezone,
                schedule=self._schedule,
                lists=Lists(database, LOCAL_OWNER),
                memory=LocalMemory(database, LOCAL_OWNER),
                hang_up=lambda: self._end.end(EndedReason.AGENT_HUNG_UP),
            )
        )

    def _heard(self) -> Heard:
        last = next(
            (
                item.text_content or ""
                for item in reversed(self._session.history.items)
                if isinstance(item, ChatMessage) and item.role == "assistant"
            ),
            "",
        )
        return Heard(
            text=self._stt.heard_text,
            language=self._stt.heard_language,
            after_question=last.rstrip().endswith("?"),
        )

    # --- what is said beside replies

    def _say_line(self, key: LineKey) -> None:
        self._line(key, interruptible=True)

    async def _say_and_wait(self, key: LineKey) -> None:
        await self._session.interrupt(force=True)
        await self._line(key, interruptible=False).wait_for_playout()

    def _line(self, key: LineKey, *, interruptible: bool) -> Any:
        frames = self._clips.frames(key, self._voice.id, self._voice.language)
        return self._session.say(
            line(key, self._voice.language),
            audio=_stream(frames),
            allow_interruptions=interruptible,
            add_to_chat_ctx=False,
        )

    async def _announce(self, words: str) -> None:
        """Say something nobody asked for just now, once nobody speaks."""
        try:
            async with asyncio.timeout(IDLE_WITHIN_S):
                await self._session.wait_for_idle()
        except TimeoutError:
            log.info("announced_into_speech")
        await self._session.say(words).wait_for_playout()

    # --- what happens

    def _on_speech_ended(self) -> None:
        if self._session.agent_state != "speaking":
            self._silence.begins()
        self._rescue.speech_ended()

    def _on_nothing_said(self, murmur: bool) -> None:
        self._silence.ends()
        activity = self._session._activity
        if activity is not None and activity._paused_speech is not None:
            # The SDK would wait out its timeout: the transcript says already that it was nothing.
            activity._start_false_interruption_timer(0.0)

    def _on_interruption(self) -> None:
        speech = self._session.current_speech
        if speech is not None and speech.allow_interruptions and not speech.interrupted:
            speech.interrupt()

    def _on_agent_state(self, event: AgentStateChangedEvent) -> None:
        if event.new_state == "thinking":
            self._silence.turn_taken()
        elif event.new_state == "speaking":
            self._silence.ends()

    def _on_user_state(self, event: UserStateChangedEvent) -> None:
        if event.new_state == "speaking":
            self._silence.ends()

    def _on_false_interruption(self, event: AgentFalseInterruptionEvent) -> None:
        log.info("false_interruption", resumed=event.resumed)

    def _on_close(self, event: CloseEvent) -> None:
        self._end.end(reason_of(event, self._left_because))

    def _on_left(self, participant: rtc.RemoteParticipant) -> None:
        if participant.kind == rtc.ParticipantKind.PARTICIPANT_KIND_AGENT:
            return
        self._left_because = participant.disconnect_reason
        asyncio.get_running_loop().call_later(BACK_WITHIN_S, self._end_if_alone)

    def _end_if_alone(self) -> None:
        if not self._ctx.room.remote_participants:
            self._end.end(left_reason(self._left_because))

    def _on_item(self, event: ConversationItemAddedEvent) -> None:
        if not isinstance(event.item, ChatMessage):
            return
        if event.item.role == "user":
            self._stt.turn_taken()
            self._timeline.turn_decided(event.item)
            return
        turn = self._timeline.replied(event.item)
        self._events.publish(turn)
        log.info("turn_done", **turn.model_dump(exclude={"v", "type"}))
        self._rescue.reply_done()


async def _stream(frames: list[rtc.AudioFrame]) -> AsyncIterator[rtc.AudioFrame]:
    for frame in frames:
        yield frame


@contextmanager
def _limited(seconds: float, end: CallEnd) -> Iterator[None]:
    """Ends a call that lasts too long: a tab that was forgotten."""
    timer = asyncio.get_running_loop().call_later(
        seconds, end.end, EndedReason.MAX_DURATION, "must_end"
    )
    try:
        yield
    finally:
        timer.cancel()


def _call_ids(metadata: str) -> dict[str, str]:
    """What the backend said about the call, as far as logs need it."""
    try:
        known = json.loads(metadata or "{}")
    except ValueError:
        return {}
    if not isinstance(known, dict):
        return {}
    return {k: str(known[k]) for k in ("conversation_id", "channel") if known.get(k)}
