"""What was said in a call: told to the screen as timing, to the journal, and to the memory."""

from collections.abc import Callable

from livekit.agents import (
    AgentSession,
    AgentStateChangedEvent,
    ConversationItemAddedEvent,
    FunctionToolsExecutedEvent,
    UserStateChangedEvent,
)
from livekit.agents.llm import ChatMessage

from chassis.logs import get_logger
from livekit_agent.call_metrics import CallMetrics
from livekit_agent.events import Event, TurnEvent
from livekit_agent.journal import Journal, ToolUse
from livekit_agent.remembering import Remembering
from livekit_agent.timeline import Timeline

NOT_TIMING = {"v", "type", "preemptive", "discarded", "fallbacks", "interrupted"}

log = get_logger(__name__)


class Record:
    """Follows the items of a session."""

    def __init__(
        self,
        session: AgentSession[None],
        *,
        timeline: Timeline,
        journal: Journal,
        remembering: Remembering | None,
        metrics: CallMetrics,
        publish: Callable[[Event], None],
    ) -> None:
        self._timeline = timeline
        self._journal = journal
        self._remembering = remembering
        self._metrics = metrics
        self._publish = publish
        self._tools: list[ToolUse] = []
        self._last_reply = ""
        session.on("conversation_item_added", self._on_item)
        session.on("function_tools_executed", self._on_tools)
        if remembering is not None:
            _give_way(session, remembering)

    def _on_item(self, event: ConversationItemAddedEvent) -> None:
        item = event.item
        if isinstance(item, ChatMessage) and item.role == "user":
            self._user_said(item)
        elif isinstance(item, ChatMessage) and item.role == "assistant":
            self._agent_said(item)

    def _user_said(self, message: ChatMessage) -> None:
        text = message.text_content or ""
        self._timeline.turn_decided(message)
        began_at, timing = _speech_of(message)
        self._journal.user_turn(
            text, at_s=began_at, confidence=message.transcript_confidence, timing=timing
        )
        if self._remembering is not None:
            self._remembering.consider(
                text, question=self._last_reply, turn_key=self._journal.last_user_turn
            )

    def _agent_said(self, message: ChatMessage) -> None:
        turn = self._timeline.replied(message)
        self._publish(turn)
        self._metrics.turn(turn)
        log.info("turn_done", **turn.model_dump(exclude={"v", "type"}))
        text = message.text_content or ""
        self._last_reply = text
        self._journal.agent_turn(
            text,
            at_s=message.created_at,
            interrupted=message.interrupted,
            timing=timing_of(turn),
            tools=self._tools,
        )
        self._tools = []

    def _on_tools(self, event: FunctionToolsExecutedEvent) -> None:
        self._tools += [
            ToolUse(name=call.name, arguments=call.arguments, result=output.output)
            for call, output in event.zipped()
        ]


def _give_way(session: AgentSession[None], remembering: Remembering) -> None:
    """Nothing is asked of the LLM for memory's sake from the user's first word to the reply's end:
    where it has one slot, the turn would wait."""

    def user_changed(event: UserStateChangedEvent) -> None:
        if event.new_state == "speaking":
            remembering.pause()

    def agent_changed(event: AgentStateChangedEvent) -> None:
        if event.new_state == "listening":
            remembering.resume()
        else:
            remembering.pause()

    session.on("user_state_changed", user_changed)
    session.on("agent_state_changed", agent_changed)


def _speech_of(message: ChatMessage) -> tuple[float, dict[str, float]]:
    """When the user began, and how long it took; what was typed took no time."""
    metrics = message.metrics or {}
    began_at, stopped_at = metrics.get("started_speaking_at"), metrics.get("stopped_speaking_at")
    if began_at is None or stopped_at is None or stopped_at < began_at:
        return message.created_at, {}
    return began_at, {"speech_s": round(stopped_at - began_at, 3)}


def timing_of(turn: TurnEvent) -> dict[str, float]:
    """The instants and durations that a turn has."""
    numbers = turn.model_dump(exclude=NOT_TIMING)
    return {name: value for name, value in numbers.items() if value is not None}
