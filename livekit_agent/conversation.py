"""One call, from join to leave: wires the session from its parts and reports what happens."""

import asyncio
import json
import time
from contextlib import AsyncExitStack
from typing import Any

import structlog
from livekit.agents import (
    Agent,
    AgentSession,
    CloseEvent,
    ConversationItemAddedEvent,
    JobContext,
    UserInputTranscribedEvent,
    room_io,
    vad,
)
from livekit.agents.llm import ChatMessage
from livekit.agents.voice.events import ToolExecutionUpdatedEvent

from chassis.logs import get_logger
from livekit_agent.engines import CONNECT_OPTIONS, Engines, open_engines
from livekit_agent.events import EventSender, ToolEvent, TurnEvent
from livekit_agent.persona import Persona, default_persona
from livekit_agent.rescue import Rescue
from livekit_agent.settings import AgentSettings
from livekit_agent.tools import ToolDeps, call_tools
from livekit_agent.tools.database import LOCAL_OWNER, Database
from livekit_agent.tools.lists import Lists
from livekit_agent.tools.memory import LocalMemory
from livekit_agent.tools.schedule import Schedule

MAX_TOOL_STEPS = 5
INPUT_FRAME_MS = 20  # the SDK's 50 ms would add up to 30 ms before the VAD sees a pause

log = get_logger(__name__)


async def answer_call(ctx: JobContext) -> None:
    """Entry point of a job: hold the conversation in `ctx.room` until one side leaves."""
    settings: AgentSettings = ctx.proc.userdata["settings"]
    voice_activity: vad.VAD = ctx.proc.userdata["vad"]
    structlog.contextvars.bind_contextvars(room=ctx.job.room.name, **_call_ids(ctx.job.metadata))
    ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    async with AsyncExitStack() as stack:
        engines = await stack.enter_async_context(open_engines(settings, voice_activity))
        await ctx.connect()
        call = Call(ctx, settings, engines, voice_activity, ended)
        await stack.enter_async_context(call)
        log.info("call_started")
        reason = await ended
        log.info("call_ended", reason=reason)
    ctx.shutdown(reason=reason)


class Call:
    """The session of one call with its tools, events and rescue. Enter it to start talking."""

    def __init__(
        self,
        ctx: JobContext,
        settings: AgentSettings,
        engines: Engines,
        voice_activity: vad.VAD,
        ended: asyncio.Future[str],
    ) -> None:
        self._ctx = ctx
        self._settings = settings
        self._persona: Persona = default_persona(settings)
        self._ended = ended
        self._events = EventSender(ctx.room)
        self._database = Database(settings.data_dir)
        self._schedule = Schedule(
            self._database,
            self._announce,
            conversation_id=_call_ids(ctx.job.metadata).get("conversation_id", ctx.job.room.name),
            owner=LOCAL_OWNER,
        )
        self._session: AgentSession[None] = AgentSession(
            stt=engines.stt,
            llm=engines.llm,
            tts=engines.tts,
            vad=voice_activity,
            turn_handling=turn_handling(settings),
            conn_options=CONNECT_OPTIONS,
            max_tool_steps=MAX_TOOL_STEPS,
            # Browsers cancel echo; a deaf first three seconds of every reply would not stop at all.
            aec_warmup_duration=0,
            user_away_timeout=None,
        )
        self._rescue = Rescue(self._session, self._events.publish)
        self._tool_started_at_s: dict[str, tuple[str, float]] = {}
        self._user_metrics: dict[str, Any] = {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> "Call":
        await self._stack.enter_async_context(self._events)
        self._listen()
        tools = call_tools(
            ToolDeps(
                timezone=self._settings.timezone,
                schedule=self._schedule,
                lists=Lists(self._database, LOCAL_OWNER),
                memory=LocalMemory(self._database, LOCAL_OWNER),
                hang_up=self._hang_up,
            )
        )
        agent = Agent(instructions=self._persona.instructions, tools=list(tools))
        await self._session.start(
            agent=agent,
            room=self._ctx.room,
            room_options=room_io.RoomOptions(
                audio_input=room_io.AudioInputOptions(
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
        await self._stack.enter_async_context(self._schedule)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.aclose()
        await self._stack.aclose()

    def _listen(self) -> None:
        self._session.on("close", self._on_close)
        self._session.on("conversation_item_added", self._on_item)
        self._session.on("tool_execution_updated", self._on_tool)
        self._session.on("user_input_transcribed", self._on_transcript)

    async def _announce(self, words: str) -> None:
        self._session.say(words)

    def _hang_up(self) -> None:
        self._ctx.delete_room()
        self._session.shutdown()

    def _on_close(self, event: CloseEvent) -> None:
        if not self._ended.done():
            self._ended.set_result(event.reason.value)

    def _on_transcript(self, event: UserInputTranscribedEvent) -> None:
        self._rescue.recovered("stt")

    def _on_item(self, event: ConversationItemAddedEvent) -> None:
        if not isinstance(event.item, ChatMessage):
            return
        metrics: dict[str, Any] = dict(event.item.metrics or {})
        if event.item.role == "user":
            self._user_metrics = metrics
            return
        turn = TurnEvent(
            e2e_latency_s=metrics.get("e2e_latency"),
            transcription_delay_s=self._user_metrics.get("transcription_delay"),
            end_of_turn_delay_s=self._user_metrics.get("end_of_turn_delay"),
            llm_ttft_s=metrics.get("llm_node_ttft"),
            tts_ttfb_s=metrics.get("tts_node_ttfb"),
            interrupted=event.item.interrupted,
        )
        self._user_metrics = {}
        if turn.llm_ttft_s is not None:
            self._rescue.recovered("llm")
        if turn.tts_ttfb_s is not None:
            self._rescue.recovered("tts")
        self._events.publish(turn)
        log.info("turn_done", **turn.model_dump(exclude={"v", "type"}))

    def _on_tool(self, event: ToolExecutionUpdatedEvent) -> None:
        update = event.update
        if update.type == "tool_call_started":
            call = update.function_call
            self._tool_started_at_s[call.call_id] = (call.name, time.perf_counter())
            self._events.publish(
                ToolEvent(
                    id=call.call_id,
                    name=call.name,
                    state="started",
                    arguments=_json_or(call.arguments, None),
                )
            )
        elif update.type == "tool_call_ended":
            name, started = self._tool_started_at_s.pop(update.call_id, ("", time.perf_counter()))
            seconds = time.perf_counter() - started
            state = "finished" if update.status == "done" else "failed"
            self._events.publish(
                ToolEvent(
                    id=update.call_id,
                    name=name,
                    state=state,
                    result=_json_or(update.message, update.message),
                    duration_ms=round(seconds * 1000, 1),
                )
            )
            log.info("tool_done", tool=name, state=state, seconds=round(seconds, 4))


def turn_handling(settings: AgentSettings) -> Any:
    """Our own turn rules, all local: the SDK's defaults may pick cloud models."""
    return {
        "turn_detection": "vad",
        "endpointing": {
            "mode": "fixed",
            "min_delay": settings.endpointing_min_s,
            "max_delay": settings.endpointing_max_s,
        },
        "interruption": {
            "mode": "vad",
            "min_duration": settings.interruption_min_s,
            "false_interruption_timeout": 1.0,
            "resume_false_interruption": True,
        },
        # The reply is prepared while the silence that ends the turn is still being waited for.
        "preemptive_generation": {"enabled": True, "preemptive_tts": True},
    }


def _call_ids(metadata: str) -> dict[str, str]:
    """What the backend said about the call, as far as logs need it."""
    known = _json_or(metadata, {})
    if not isinstance(known, dict):
        return {}
    return {k: str(known[k]) for k in ("conversation_id", "channel") if k in known}


def _json_or(text: str | None, otherwise: Any) -> Any:
    try:
        return json.loads(text or "")
    except ValueError:
        return otherwise
