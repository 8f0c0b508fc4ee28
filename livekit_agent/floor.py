"""Who has the floor: a murmur does not take it, real words do, and waiting for it is timed."""

import asyncio

from livekit.agents import (
    AgentFalseInterruptionEvent,
    AgentSession,
    AgentStateChangedEvent,
    UserStateChangedEvent,
)

from chassis.logs import get_logger
from livekit_agent.call_metrics import CallMetrics
from livekit_agent.silence import Silence

log = get_logger(__name__)


class Floor:
    """Follows a session's states and its STT's verdicts."""

    def __init__(self, session: AgentSession[None], silence: Silence, metrics: CallMetrics) -> None:
        self._session = session
        self._silence = silence
        self._metrics = metrics
        self._speaks_since = 0.0
        session.on("agent_state_changed", self._on_agent)
        session.on("user_state_changed", self._on_user)
        session.on("agent_false_interruption", self._on_false_interruption)

    @property
    def spoken_s(self) -> float:
        """How long the agent has been speaking, when it is."""
        return asyncio.get_running_loop().time() - self._speaks_since

    def speech_ended(self) -> None:
        """The caller paused; unless the agent speaks, or they hold the talk key, they wait now."""
        is_waiting = self._session.turn_detection != "manual"
        if is_waiting and self._session.agent_state != "speaking":
            self._silence.begins()

    def nothing_said(self, murmur: bool) -> None:
        """What was heard held no words, or only showed that somebody listens."""
        self._silence.ends()
        if murmur:
            self._metrics.interrupted("backchannel")
        activity = self._session._activity
        if activity is not None and activity._paused_speech is not None:
            # The SDK would wait out its timeout: the transcript says already that it was nothing.
            activity._start_false_interruption_timer(0.0)

    def taken(self) -> None:
        """More than a murmur is being said over the agent: what it does is not wanted any more.

        The SDK has paused its sound; this frees the LLM and the TTS without waiting for the final
        transcript, which may be a long sentence away.
        """
        speech = self._session.current_speech
        if speech is not None and speech.allow_interruptions and not speech.interrupted:
            self._metrics.interrupted("real")
            speech.interrupt()

    def _on_agent(self, event: AgentStateChangedEvent) -> None:
        if event.new_state == "thinking":
            self._silence.turn_taken()
        elif event.new_state == "speaking":
            self._speaks_since = asyncio.get_running_loop().time()
            self._silence.ends()
        elif event.new_state == "listening":
            self._silence.reply_over()

    def _on_user(self, event: UserStateChangedEvent) -> None:
        if event.new_state == "speaking":
            self._silence.ends()

    def _on_false_interruption(self, event: AgentFalseInterruptionEvent) -> None:
        self._metrics.interrupted("false")
        log.info("false_interruption", resumed=event.resumed)
