"""What a call counts: turns, fallbacks, interruptions and why it ended."""

from typing import Literal, Protocol

from chassis.ended import EndedReason
from livekit_agent.events import TurnEvent
from livekit_agent.stages import StageChange

Interruption = Literal["real", "false", "backchannel"]


class CallMetrics(Protocol):
    """Where a call's numbers go."""

    def turn(self, turn: TurnEvent) -> None: ...

    def stage_changed(self, change: StageChange) -> None: ...

    def interrupted(self, kind: Interruption) -> None: ...

    def ended(self, reason: EndedReason) -> None: ...
