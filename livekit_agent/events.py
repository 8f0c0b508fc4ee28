"""Events for the caller's screen: JSON on the text stream `parley.events`, in order."""

import asyncio
import contextlib
from datetime import UTC, datetime
from typing import Any, Literal, Self

from livekit import rtc
from pydantic import BaseModel

from chassis.ended import EndedReason
from chassis.logs import get_logger

TOPIC = "parley.events"
MAX_WAITING = 256  # a caller who reads nothing loses events, not memory of the worker

log = get_logger(__name__)


class Event(BaseModel):
    """Base of all events; `v` changes when a field changes its meaning."""

    v: Literal[1] = 1


class Citation(BaseModel):
    """Where something the agent says comes from."""

    title: str
    url: str


class ToolEvent(Event):
    """A tool started, finished or failed; `citations` where its result is not its own."""

    type: Literal["tool"] = "tool"
    id: str
    name: str
    state: Literal["started", "finished", "failed"]
    arguments: dict[str, Any] | None = None
    result: Any = None
    duration_ms: float | None = None
    citations: list[Citation] = []


class TurnEvent(Event):
    """Where the time of one reply went; seconds, None when the stage did not happen.

    Each `…_at_s` is the instant of a stage on a clock that starts when the caller stopped speaking;
    work done ahead may have been done before the turn was decided.
    """

    type: Literal["turn"] = "turn"
    e2e_latency_s: float | None = None
    transcription_delay_s: float | None = None
    end_of_turn_delay_s: float | None = None
    llm_ttft_s: float | None = None
    tts_ttfb_s: float | None = None
    stt_final_at_s: float | None = None
    turn_decided_at_s: float | None = None
    llm_first_token_at_s: float | None = None
    first_phrase_at_s: float | None = None
    tts_first_byte_at_s: float | None = None
    first_sound_at_s: float | None = None
    total_s: float | None = None
    preemptive: bool = False  # the reply was begun before the turn was decided
    discarded: int = 0  # replies begun too early and thrown away
    fallbacks: list[Literal["stt", "llm", "tts"]] = []
    interrupted: bool = False


class StatusEvent(Event):
    """A stage has no engine left, goes on with its standby, or is whole again."""

    type: Literal["status"] = "status"
    stage: Literal["stt", "llm", "tts"]
    state: Literal["down", "fallback", "recovered"]
    since: str
    engine: str = "main"


class AgentEvent(Event):
    """Who answers from now on; `internet`: with tools that look things up outside."""

    type: Literal["agent"] = "agent"
    persona: str
    internet: bool


class RecordingEvent(Event):
    """The sound of the call is kept from now on."""

    type: Literal["recording"] = "recording"
    state: Literal["started"] = "started"


class EndedEvent(Event):
    """The call is over, and why."""

    type: Literal["ended"] = "ended"
    reason: EndedReason


class ErrorEvent(Event):
    """Something the caller should read."""

    type: Literal["error"] = "error"
    code: str
    message: str
    details: dict[str, Any] = {}


class EventSender:
    """Sends events one after another from its own task. Enter it for the length of a call."""

    def __init__(self, room: rtc.Room) -> None:
        self._room = room
        self._waiting: asyncio.Queue[Event] = asyncio.Queue(MAX_WAITING)
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._send_all())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def sent(self, within_s: float) -> None:
        """Until what is queued has been sent, or the time is up."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._waiting.join()

    def publish(self, event: Event) -> None:
        """Queue `event`; dropped with a log line when the queue is full."""
        try:
            self._waiting.put_nowait(event)
        except asyncio.QueueFull:
            log.warning("event_dropped", kind=type(event).__name__)

    async def _send_all(self) -> None:
        while True:
            event = await self._waiting.get()
            try:
                await self._room.local_participant.send_text(event.model_dump_json(), topic=TOPIC)
            except (rtc.ConnectError, RuntimeError) as exc:  # room gone or reconnecting
                log.info("event_not_sent", kind=type(event).__name__, reason=str(exc))
            finally:
                self._waiting.task_done()


def now() -> str:
    """The present instant, as events tell it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
