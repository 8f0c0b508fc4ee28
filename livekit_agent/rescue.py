"""Spoken and visible answers when a stage fails: silence is the worst one."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal

from livekit.agents import AgentSession
from livekit.agents import ErrorEvent as SessionError
from livekit.agents.llm import LLMError
from livekit.agents.stt import STTError
from livekit.agents.tts import TTSError

from chassis.logs import get_logger
from livekit_agent.events import Event, StatusEvent

Stage = Literal["stt", "llm", "tts"]
# A dead engine fails again and again; saying so once in a while is enough.
REPEAT_AFTER_S = 10.0
APOLOGIES: dict[Stage, str] = {
    "stt": "Sorry, I can't hear you for a moment. Please try again shortly.",
    "llm": "Sorry, I lost my train of thought. Please try again.",
}

log = get_logger(__name__)


class Rescue:
    """Watches a session's errors; says what can be said and shows the rest on the screen."""

    def __init__(self, session: AgentSession[None], publish: Callable[[Event], None]) -> None:
        self._session = session
        self._publish = publish
        self._down: dict[Stage, float] = {}
        session.on("error", self._on_error)

    def recovered(self, stage: Stage) -> None:
        """Call when `stage` did its work: tells the caller once that it is back."""
        if self._down.pop(stage, None) is not None:
            self._publish(StatusEvent(stage=stage, state="recovered", since=_now()))
            log.info("stage_recovered", stage=stage)

    def _on_error(self, event: SessionError) -> None:
        stage = stage_of(event.error)
        if stage is None or event.error.recoverable:
            return
        log.warning("stage_failed", stage=stage, reason=_reason(event.error.error))
        now = time.monotonic()
        if now - self._down.get(stage, float("-inf")) < REPEAT_AFTER_S:
            return
        self._down[stage] = now
        self._publish(StatusEvent(stage=stage, state="down", since=_now()))
        if stage in APOLOGIES:
            self._session.say(APOLOGIES[stage], add_to_chat_ctx=False)


def stage_of(error: object) -> Stage | None:
    """The stage an error of the session belongs to."""
    match error:
        case STTError():
            return "stt"
        case LLMError():
            return "llm"
        case TTSError():
            return "tts"
        case _:
            return None


def _reason(error: BaseException) -> str:
    """Kind and message; never the repr, which may hold a request's headers and with them a key."""
    return f"{type(error).__name__}: {error}"[:300]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
