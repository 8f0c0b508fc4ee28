"""An engine failed, was replaced or is back: the log, the numbers and the screen are told."""

from collections.abc import Callable

from chassis.logs import get_logger
from livekit_agent.call_metrics import CallMetrics
from livekit_agent.events import StatusEvent, now
from livekit_agent.stages import StageChange, StageName

log = get_logger(__name__)


class StageNews:
    """Of one call. `hearing_lost`: nobody can hear the user any more."""

    def __init__(
        self,
        metrics: CallMetrics,
        publish: Callable[[StatusEvent], None],
        hearing_lost: Callable[[], None],
    ) -> None:
        self._metrics = metrics
        self._publish = publish
        self._hearing_lost = hearing_lost
        self._fallen_back: set[StageName] = set()

    def fallen_back(self) -> list[StageName]:
        """The stages that are not on their main engine."""
        return sorted(self._fallen_back)

    def changed(self, change: StageChange) -> None:
        if change.state == "recovered":
            self._fallen_back.discard(change.stage)
        else:
            self._fallen_back.add(change.stage)
        log.warning("stage_changed", stage=change.stage, state=change.state, engine=change.engine)
        self._metrics.stage_changed(change)
        if change.stage == "stt" and change.state == "down":
            self._hearing_lost()
        self._publish(
            StatusEvent(stage=change.stage, state=change.state, since=now(), engine=change.engine)
        )
