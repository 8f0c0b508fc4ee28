"""The instants of a turn, as they happen, and the waterfall made of them."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from livekit.agents.llm import ChatContext, ChatMessage

from livekit_agent.events import TurnEvent
from livekit_agent.stages import StageName


@dataclass(slots=True)
class _Reply:
    """One reply as it is made; instants on the wall clock, as the SDK's are."""

    begun_at: float
    first_token_at: float | None = None
    first_phrase_at: float | None = None
    first_byte_at: float | None = None


@dataclass(slots=True)
class _Turn:
    """What the user said, once it was decided that they had."""

    stopped_at: float | None
    decided_at: float
    transcription_delay_s: float | None
    end_of_turn_delay_s: float | None


@dataclass(slots=True)
class Timeline:
    """Watches one call. It only watches: nothing waits for it."""

    fallbacks: Callable[[], list[StageName]]
    _replies: list[_Reply] = field(default_factory=list)
    _turn: _Turn | None = None
    turns: int = 0  # taken so far
    asked_something: bool = False  # the agent's last words were a question

    def reply_begun(self, context: ChatContext) -> None:
        """The LLM is asked. What it says after a tool belongs to the reply that called it."""
        last = context.items[-1] if context.items else None
        if last is None or last.type != "function_call_output" or not self._replies:
            self._replies.append(_Reply(time.time()))

    def first_token(self) -> None:
        if self._replies and self._replies[-1].first_token_at is None:
            self._replies[-1].first_token_at = time.time()

    def first_phrase(self) -> None:
        if self._replies and self._replies[-1].first_phrase_at is None:
            self._replies[-1].first_phrase_at = time.time()

    def first_byte(self) -> None:
        if self._replies and self._replies[-1].first_byte_at is None:
            self._replies[-1].first_byte_at = time.time()

    def turn_decided(self, message: ChatMessage) -> None:
        """The user's turn was taken into the history."""
        metrics = message.metrics or {}
        self.turns += 1
        # What was begun before these words was for others, and never heard.
        began_at = metrics.get("started_speaking_at") or 0.0
        self._replies = [reply for reply in self._replies if reply.begun_at >= began_at]
        self._turn = _Turn(
            stopped_at=metrics.get("stopped_speaking_at"),
            decided_at=time.time(),
            transcription_delay_s=metrics.get("transcription_delay"),
            end_of_turn_delay_s=metrics.get("end_of_turn_delay"),
        )

    def replied(self, message: ChatMessage) -> TurnEvent:
        """The agent's turn is over: where its time went."""
        metrics = message.metrics or {}
        self.asked_something = (message.text_content or "").rstrip().endswith("?")
        turn, replies = self._turn, self._replies
        self._turn, self._replies = None, []
        reply = replies[-1] if replies else None
        start = turn.stopped_at if turn is not None else None
        first_sound = metrics.get("started_speaking_at")

        def after(instant: float | None) -> float | None:
            return round(instant - start, 4) if start is not None and instant is not None else None

        return TurnEvent(
            e2e_latency_s=metrics.get("e2e_latency"),
            transcription_delay_s=turn.transcription_delay_s if turn else None,
            end_of_turn_delay_s=turn.end_of_turn_delay_s if turn else None,
            llm_ttft_s=metrics.get("llm_node_ttft"),
            tts_ttfb_s=metrics.get("tts_node_ttfb"),
            stt_final_at_s=turn.transcription_delay_s if turn else None,
            turn_decided_at_s=after(turn.decided_at) if turn else None,
            llm_first_token_at_s=after(reply.first_token_at) if reply else None,
            first_phrase_at_s=after(reply.first_phrase_at) if reply else None,
            tts_first_byte_at_s=after(reply.first_byte_at) if reply else None,
            first_sound_at_s=after(first_sound),
            total_s=after(metrics.get("stopped_speaking_at")),
            preemptive=bool(turn and reply and reply.begun_at < turn.decided_at),
            discarded=max(0, len(replies) - 1),
            fallbacks=self.fallbacks(),
            interrupted=message.interrupted,
        )
