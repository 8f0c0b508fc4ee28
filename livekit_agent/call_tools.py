"""The tools of one call and what they stand on: stores, search, tool servers, the guard."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

from livekit import rtc
from livekit.agents import Agent, AgentSession, ConversationItemAddedEvent, JobContext
from livekit.agents.llm import ChatMessage

from chassis.ended import EndedReason
from chassis.http import AsyncClient
from chassis.metrics import Metrics
from chassis.outward import is_offline
from livekit_agent.backend_client import BackendClient
from livekit_agent.backend_memory import BackendMemory
from livekit_agent.call_metadata import CallMetadata
from livekit_agent.events import AgentEvent, Event
from livekit_agent.journal import Journal
from livekit_agent.persona import Persona
from livekit_agent.settings import AgentSettings
from livekit_agent.switches import Switches
from livekit_agent.tool_events import ToolEvents
from livekit_agent.tools import ToolDeps, call_tools
from livekit_agent.tools.database import LOCAL_OWNER, Database
from livekit_agent.tools.fetch import PageReader
from livekit_agent.tools.guard import Guard
from livekit_agent.tools.lists import Lists
from livekit_agent.tools.mcp_tools import McpTools
from livekit_agent.tools.memory import LocalMemory, MemoryStore
from livekit_agent.tools.phone import DigitInput, SipLine
from livekit_agent.tools.schedule import Schedule
from livekit_agent.tools.search import Citations, Search, search_tools
from livekit_agent.tts import Voice

SEARCH_TOOLS = frozenset({"web_search", "read_page"})
MEMORY_TOOLS = frozenset({"remember", "recall", "forget"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolParts:
    """What of a call its tools use."""

    ctx: JobContext
    settings: AgentSettings
    metadata: CallMetadata
    backend: BackendClient
    has_backend: bool  # a service key is set
    memory_off: bool  # the user wants nothing remembered
    journal: Journal
    http: AsyncClient
    session: AgentSession[None]
    voice: Voice
    switches: Switches
    announce: Callable[[str], Awaitable[None]]
    hang_up: Callable[[EndedReason], None]
    publish: Callable[[Event], None]


class CallTools:
    """Enter it once the call can speak: what came due in the meantime is told then."""

    def __init__(self, parts: ToolParts) -> None:
        settings, metadata = parts.settings, parts.metadata
        self._parts = parts
        # Who calls by telephone is nobody known: what they leave is for this conversation alone.
        on_phone = metadata.channel == "sip" and metadata.user_id is None
        self._owner = metadata.conversation_id if on_phone else metadata.user_id or LOCAL_OWNER
        self._database = Database(settings.data_dir)
        self._schedule = Schedule(
            self._database,
            parts.announce,
            conversation_id=metadata.conversation_id,
            owner=self._owner,
            language=lambda: parts.voice.language,
        )
        self._guard = Guard()
        self._citations = Citations()
        self._only: frozenset[str] | None = None
        self._own: list[Any] = []
        self._mcp = McpTools(
            settings.mcp_servers,
            guard=self._guard,
            taken=[tool.info.name for tool in self._build(None)],
            changed=self._take_servers_tools,
            metrics=Metrics("agent_mcp"),
        )
        self._agent: Agent | None = None
        ToolEvents(parts.session, parts.publish, self._citations)
        parts.session.on("conversation_item_added", self._on_item)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self._schedule)
        await self._stack.enter_async_context(self._mcp)
        if self._parts.metadata.channel == "sip":
            digits = DigitInput(self._on_digits)
            digits.listen(self._parts.ctx.room)
            self._stack.callback(digits.close)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def has_timers(self) -> bool:
        """Whether something is still to be told in this call."""
        return await self._schedule.is_awaited()

    def serve(self, agent: Agent) -> None:
        """Give `agent` the tools of servers as they come and go."""
        self._agent = agent

    def of(self, persona: Persona) -> list[Any]:
        """The tools that persona may use, guarded. The screen is told whose they are."""
        self._only = persona.tools
        built = self._build(persona.tools)
        internet = any(tool.info.name in SEARCH_TOOLS for tool in built)
        self._parts.publish(AgentEvent(persona=persona.id, internet=internet))
        self._own = self._guard.protect(built)
        return [*self._own, *self._allowed(self._mcp.tools)]

    def _build(self, only: frozenset[str] | None) -> list[Any]:
        parts, settings = self._parts, self._parts.settings
        tools: list[Any] = call_tools(
            ToolDeps(
                timezone=settings.timezone,
                schedule=self._schedule,
                lists=Lists(self._database, self._owner),
                memory=self._memory(),
                hang_up=partial(parts.hang_up, EndedReason.AGENT_HUNG_UP),
                phone=self._phone(),
                transfer_numbers=settings.transfer_numbers,
                set_voice=parts.switches.set_voice,
                set_persona=parts.switches.set_persona,
                only=only,
            )
        )
        if settings.search_url is not None and not is_offline():
            search = Search(parts.http, settings.search_url, settings.language)
            tools += search_tools(search, PageReader(), self._guard, self._citations)
        off = MEMORY_TOOLS if settings.memory_policy == "off" else frozenset()
        return [
            tool
            for tool in tools
            if tool.info.name not in off and (only is None or tool.info.name in only)
        ]

    def _memory(self) -> MemoryStore:
        parts = self._parts
        if parts.has_backend:
            return BackendMemory(
                parts.backend,
                parts.journal,
                user_id=parts.metadata.user_id,
                off=parts.memory_off,
            )
        return LocalMemory(self._database, self._owner)

    def _phone(self) -> SipLine | None:
        if self._parts.metadata.channel != "sip":
            return None
        return SipLine(
            self._parts.ctx,
            self._caller(),
            partial(self._parts.hang_up, EndedReason.TRANSFERRED),
        )

    def _caller(self) -> str:
        people = self._parts.ctx.room.remote_participants.values()
        kind = rtc.ParticipantKind.PARTICIPANT_KIND_SIP
        return next((p.identity for p in people if p.kind == kind), "")

    async def _take_servers_tools(self, tools: Any) -> None:
        if self._agent is not None:
            await self._agent.update_tools([*self._own, *self._allowed(tools)])

    def _allowed(self, tools: Any) -> list[Any]:
        return [tool for tool in tools if self._only is None or tool.info.name in self._only]

    def _on_item(self, event: ConversationItemAddedEvent) -> None:
        item = event.item
        if isinstance(item, ChatMessage) and item.role == "user":
            self._guard.user_said(item.text_content or "")
        elif isinstance(item, ChatMessage) and item.role == "assistant":
            self._guard.agent_said(item.text_content or "")

    def _on_digits(self, digits: str) -> None:
        self._parts.session.generate_reply(user_input=f"(keys pressed: {digits})")
