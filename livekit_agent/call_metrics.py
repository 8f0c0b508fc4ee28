"""What a call counts: stages of its turns, fallbacks, interruptions and why it ended."""

from collections.abc import Callable
from typing import Literal, get_args

from chassis.ended import EndedReason
from chassis.metrics import Metrics
from livekit_agent.events import TurnEvent
from livekit_agent.stages import StageChange, StageName, StageState

Interruption = Literal["real", "false", "backchannel"]
STAGES = {
    "stt_final": "stt_final_at_s",
    "turn_decided": "turn_decided_at_s",
    "llm_first_token": "llm_first_token_at_s",
    "first_phrase": "first_phrase_at_s",
    "tts_first_byte": "tts_first_byte_at_s",
    "first_sound": "first_sound_at_s",
    "total": "total_s",
    "llm_ttft": "llm_ttft_s",
    "tts_ttfb": "tts_ttfb_s",
}


class CallMetrics:
    """The numbers of all calls of a process.

    `tell`: called when there is something new to hand on, with True at the end of a call.
    """

    def __init__(self, metrics: Metrics, tell: Callable[[bool], None] = lambda _: None) -> None:
        self._tell = tell
        self._stages = metrics.histogram(
            "turn_stage_seconds",
            "a stage's instant after speech ended, or its time",
            ["stage"],
        )
        self._fallbacks = metrics.counter(
            "fallbacks_total",
            "stages that went on with another engine",
            {"stage": get_args(StageName), "state": get_args(StageState)},
        )
        self._preemptive = metrics.counter(
            "preemptive_total",
            "replies begun before the turn was decided",
            {"outcome": ("used", "discarded")},
        )
        self._interruptions = metrics.counter(
            "interruptions_total", "speech over the agent", {"kind": get_args(Interruption)}
        )
        self._ended = metrics.counter(
            "calls_ended_total", "calls that ended", {"reason": EndedReason}
        )
        self._underruns = metrics.counter(
            "tts_underruns_total", "times a reply's sound ran dry before its end"
        )
        self._dry_s = metrics.counter(
            "tts_underrun_seconds_total", "silence in replies for want of sound"
        )

    def turn(self, turn: TurnEvent) -> None:
        for stage, field in STAGES.items():
            seconds = getattr(turn, field)
            if seconds is not None:
                self._stages.labels(stage).observe(seconds)
        self._preemptive.labels("discarded").inc(turn.discarded)
        if turn.preemptive:
            self._preemptive.labels("used").inc()
        self._tell(False)

    def stage_changed(self, change: StageChange) -> None:
        self._fallbacks.labels(change.stage, change.state).inc()
        self._tell(False)

    def interrupted(self, kind: Interruption) -> None:
        self._interruptions.labels(kind).inc()

    def ran_dry(self, seconds: float) -> None:
        """The caller heard `seconds` of silence within a reply."""
        self._underruns.inc()
        self._dry_s.inc(seconds)

    def ended(self, reason: EndedReason) -> None:
        self._ended.labels(reason.value).inc()
        self._tell(True)
