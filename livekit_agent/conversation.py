"""One call, from join to leave: wires its parts, holds the conversation, says why it ended."""

import asyncio
import time
from contextlib import AsyncExitStack
from typing import Self

from livekit.agents import AgentStateChangedEvent, JobContext

from chassis.ended import EndedReason
from chassis.logs import get_logger
from livekit_agent.agent import ParleyAgent
from livekit_agent.announcer import Announcer
from livekit_agent.backend_client import BackendClient
from livekit_agent.call_end import CallEnd, limited, reason_of
from livekit_agent.call_memory import is_memory_off, open_history, open_remembering
from livekit_agent.call_metadata import CallMetadata
from livekit_agent.call_parts import CallParts, Given, make_parts
from livekit_agent.call_persona import CallPersona
from livekit_agent.call_recording import recorded
from livekit_agent.call_start import ask_context, past_of, size_history
from livekit_agent.call_tools import CallTools, ToolParts
from livekit_agent.clip_maker import ClipMaker
from livekit_agent.clips import Clips
from livekit_agent.completion import Completion
from livekit_agent.control import Control
from livekit_agent.engines import Engines, open_engines
from livekit_agent.events import EndedEvent, EventSender, RecordingEvent
from livekit_agent.history import History
from livekit_agent.journal import Journal
from livekit_agent.persona import Persona
from livekit_agent.phone_call import PhoneCall, picked_up
from livekit_agent.presence import Presence
from livekit_agent.recollection import Recollection
from livekit_agent.record import Record
from livekit_agent.remembering import Remembering
from livekit_agent.rescue import Rescue, Watched
from livekit_agent.session_options import interruption, room_options
from livekit_agent.settings import AgentSettings
from livekit_agent.shown_state import ShownState
from livekit_agent.silence import Silence
from livekit_agent.stage_news import StageNews
from livekit_agent.switches import Switchable, Switches
from livekit_agent.timeline import Timeline
from livekit_agent.tool_patience import ToolPatience
from livekit_agent.underruns import Underruns
from livekit_agent.voice_ending import VoiceEnding
from livekit_agent.worker_parts import JobParts

# In an older one somebody has been talking to an agent that is gone: noticed after 4 s at least.
NEW_ROOM_S = 4.0
EVENTS_WITHIN_S = 0.5

log = get_logger(__name__)


class Call:
    """A call with all its parts. Enter it to start talking."""

    def __init__(
        self,
        ctx: JobContext,
        parts: JobParts,
        metadata: CallMetadata,
        backend: BackendClient,
        journal: Journal,
        phone: PhoneCall | None = None,
    ) -> None:
        """`phone`: of a call by telephone, whose room has been joined."""
        self._ctx = ctx
        self._phone = phone
        self._parts = parts
        self._journal = journal
        self._settings: AgentSettings = parts.settings
        self._metadata = metadata
        self._backend = backend
        self._metrics = parts.metrics
        self._persona = CallPersona(self._settings, metadata, backend)
        self._events = EventSender(ctx.room)
        self._silence = Silence()
        self._stage_news = StageNews(
            self._metrics, self._events.publish, lambda: self._rescue.hearing_lost()
        )
        self._timeline = Timeline(fallbacks=self._stage_news.fallen_back)
        self._recollection = Recollection(backend, metadata.user_id)
        self._underruns = Underruns(self._metrics.ran_dry)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await self._open(stack)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def ended(self) -> EndedReason:
        """Waits for the end of the call, and tells the screen why it came."""
        reason = await self._end.reason()
        self._journal.ended(reason)
        self._metrics.ended(reason)
        self._events.publish(EndedEvent(reason=reason))
        await self._events.sent(EVENTS_WITHIN_S)
        if reason not in (EndedReason.WORKER_STOPPED, EndedReason.ROOM_CLOSED):
            self._ctx.delete_room()
        return reason

    async def _open(self, stack: AsyncExitStack) -> None:
        asked = asyncio.create_task(ask_context(self._backend, self._metadata))
        stack.callback(asked.cancel)
        engines = await stack.enter_async_context(
            open_engines(self._settings, self._stage_news.changed, self._parts.client_metrics)
        )
        await self._ctx.connect()
        self._persona.take(await asked)
        self._journal.started(
            channel=self._metadata.channel,
            room=self._ctx.job.room.name,
            persona_id=self._persona.current.id or None,
        )
        await stack.enter_async_context(self._journal)
        await stack.enter_async_context(self._events)
        await self._wire(engines, stack)

    async def _wire(self, engines: Engines, stack: AsyncExitStack) -> None:
        completion = Completion(engines.http, engines.llm)
        kept = (completion, self._settings, self._persona.context, self._journal, stack)
        history = await open_history(*kept)
        remembering = await open_remembering(*kept)
        clips = Clips(self._settings)
        maker = ClipMaker(clips, engines.http, self._settings)
        self._clip_maker = await stack.enter_async_context(maker)
        parts = await self._make_parts(engines, history, clips, stack)
        self._session = parts.session
        announcer = Announcer(parts.session, self._silence, clips, self._persona.voice)
        self._end = CallEnd(announcer.last_words)
        stack.push_async_callback(self._end.aclose)
        stack.push_async_callback(parts.session.aclose)
        self._rescue = self._make_rescue(engines, parts, announcer)
        switches = self._make_switches(engines, parts)
        self._tools = self._make_tools(engines, parts, announcer, switches)
        presence = Presence(self._ctx.room, self._end)
        self._listen(parts, presence, remembering)
        await self._start(parts, presence, stack)
        if self._phone is not None:
            await self._picked_up(self._phone, presence)
        await self._record_sound(announcer, stack)
        self._greet(announcer)
        await self._attend(parts, announcer, switches, stack)
        sizing = asyncio.create_task(size_history(engines, history))
        stack.callback(sizing.cancel)

    async def _picked_up(self, phone: PhoneCall, presence: Presence) -> None:
        """Of one who hung up before anybody watched who leaves, nobody else says so."""
        room = self._ctx.room
        if not await picked_up(room, phone.identity) and not presence.people():
            self._end.end(EndedReason.USER_HUNG_UP)

    async def _make_parts(
        self, engines: Engines, history: History, clips: Clips, stack: AsyncExitStack
    ) -> CallParts:
        return make_parts(
            Given(
                job=self._parts,
                settings=self._settings,
                engines=engines,
                persona=lambda: self._persona.current,
                voice=self._persona.voice,
                voice_ending=await self._voice_ending(stack),
                silence=self._silence,
                timeline=self._timeline,
                history=history,
                recollection=self._recollection,
                clips=clips,
                metrics=self._metrics,
                on_heard=lambda: self._rescue.heard(),
                on_speech_ended=lambda: self._rescue.speech_ended(),
            )
        )

    def _make_rescue(self, engines: Engines, parts: CallParts, announcer: Announcer) -> Rescue:
        return Rescue(
            Watched(
                session=parts.session,
                stt=engines.stt,
                thinking=parts.thinking,
                speaking=parts.speaking,
                silence=self._silence,
                budgets=parts.thinking.budgets,
                silence_hangup_s=self._settings.silence_hangup_s,
                somebody_waits=lambda: self._tools.has_timers(),
            ),
            announcer.say,
            self._end,
        )

    def _make_switches(self, engines: Engines, parts: CallParts) -> Switches:
        return Switches(
            Switchable(
                session=parts.session,
                stt=parts.stt,
                tts=engines.tts,
                http=engines.http,
                voice=self._persona.voice,
                find_persona=self._persona.find,
                apply=self._become,
            )
        )

    def _make_tools(
        self, engines: Engines, parts: CallParts, announcer: Announcer, switches: Switches
    ) -> CallTools:
        return CallTools(
            ToolParts(
                ctx=self._ctx,
                settings=self._settings,
                metadata=self._metadata,
                backend=self._backend,
                has_backend=self._parts.service_key is not None,
                memory_off=is_memory_off(self._persona.context),
                journal=self._journal,
                http=engines.http,
                session=parts.session,
                voice=self._persona.voice,
                switches=switches,
                announce=announcer.announce,
                hang_up=self._end.end,
                publish=self._events.publish,
            )
        )

    def _listen(
        self, parts: CallParts, presence: Presence, remembering: Remembering | None
    ) -> None:
        Record(
            parts.session,
            timeline=self._timeline,
            journal=self._journal,
            remembering=remembering,
            metrics=self._metrics,
            publish=self._events.publish,
        )
        parts.session.on("close", lambda e: self._end.end(reason_of(e, presence.left_because)))
        parts.session.on(
            "conversation_item_added",
            lambda e: parts.stt.turn_taken() if getattr(e.item, "role", "") == "user" else None,
        )
        parts.session.on("agent_state_changed", self._agent_state_changed)

    async def _start(self, parts: CallParts, presence: Presence, stack: AsyncExitStack) -> None:
        self._agent = ParleyAgent(
            instructions=self._persona.instructions,
            tools=self._tools.of(self._persona.current),
            context=past_of(self._persona.context),
            thinking=parts.thinking,
            speaking=parts.speaking,
            underruns=self._underruns,
        )
        self._tools.serve(self._agent)
        await stack.enter_async_context(presence)
        await parts.session.start(
            agent=self._agent,
            room=self._ctx.room,
            room_options=room_options(),
            record=False,
            # Otherwise any participant may read the history and drive the session.
            session_host=False,
        )

    async def _attend(
        self, parts: CallParts, announcer: Announcer, switches: Switches, stack: AsyncExitStack
    ) -> None:
        """What watches over the call from its first word on."""
        await stack.enter_async_context(self._rescue)
        await stack.enter_async_context(
            ToolPatience(
                parts.session, self._silence, announcer.say, parts.thinking.budgets.filler_s
            )
        )
        await stack.enter_async_context(self._tools)
        await stack.enter_async_context(Control(self._ctx.room, switches.actions()))
        await stack.enter_async_context(ShownState(self._ctx.room, parts.session))
        stack.enter_context(limited(self._settings.max_call_s, self._end))

    async def _record_sound(self, announcer: Announcer, stack: AsyncExitStack) -> None:
        """Where the user wants it kept; who calls is told."""
        if self._persona.context is None or not self._persona.context.record:
            return
        conversation_id = self._metadata.conversation_id
        if await stack.enter_async_context(
            recorded(self._session, self._settings.data_dir, conversation_id)
        ):
            announcer.declare("recorded")
            self._events.publish(RecordingEvent())

    def _greet(self, announcer: Announcer) -> None:
        """The first words; none where a conversation goes on, but for an agent that was lost."""
        room_age_s = time.time() - self._ctx.job.room.creation_time
        if self._persona.is_known and room_age_s > NEW_ROOM_S:
            announcer.say("back_again")
        elif not self._persona.is_resumed:
            self._session.say(self._persona.greeting)

    async def _voice_ending(self, stack: AsyncExitStack) -> VoiceEnding | None:
        if self._parts.turn_socket is None:
            return None
        return await stack.enter_async_context(VoiceEnding(self._parts.turn_socket))

    async def _become(self, persona: Persona) -> None:
        self._persona.become(persona)
        self._session.options.interruption.update(interruption(persona))  # type: ignore[typeddict-item]
        await self._agent.update_instructions(self._persona.instructions)
        await self._agent.update_tools(self._tools.of(persona))

    def _agent_state_changed(self, event: AgentStateChangedEvent) -> None:
        self._underruns.state_changed(event.new_state)
        if event.old_state == "speaking":
            self._rescue.reply_done()
            voice = self._persona.voice
            if voice.id != self._settings.tts_voice:  # that one is the worker's to render
                self._clip_maker.want(voice.id, voice.language)
