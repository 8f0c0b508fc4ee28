"""Turns in a row that no engine of a stage did its work for."""

from livekit_agent.timeline import Timeline


class FailedTurns:
    """Several replies may be prepared for one turn: it counts once."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._last: int | None = None
        self.count = 0

    def failed(self) -> None:
        if self._last != self._timeline.turns:
            self._last = self._timeline.turns
            self.count += 1

    def worked(self) -> None:
        self._last = None
        self.count = 0
