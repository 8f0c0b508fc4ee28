"""Numbers of telephone calls."""

from typing import get_args

from backend.phone.tables import CallRow, Direction
from chassis.ended import EndedReason
from chassis.metrics import Metrics

DIRECTIONS = get_args(Direction)


class CallMetrics:
    """One for the service."""

    def __init__(self, metrics: Metrics) -> None:
        self._calls = metrics.counter(
            "phone_calls_total", "telephone calls begun", {"direction": DIRECTIONS}
        )
        self._ended = metrics.counter(
            "phone_calls_ended_total",
            "telephone calls that ended",
            {"direction": DIRECTIONS, "reason": EndedReason},
        )
        self._refused = metrics.counter(
            "phone_calls_refused_total", "telephone calls refused", ["code"]
        )
        self._on = metrics.gauge("phone_calls_on", "telephone calls on, as the leader sees them")
        self._lines = metrics.gauge(
            "phone_lines", "telephone lines, as the leader sees them", ["state"]
        )

    def begun(self, row: CallRow) -> None:
        self._calls.labels(row.direction).inc()
        if row.ended_at is not None:
            self.ended(row)

    def ended(self, row: CallRow) -> None:
        self._ended.labels(row.direction, row.ended_reason).inc()

    def refused(self, code: str) -> None:
        self._refused.labels(code).inc()

    def on_now(self, calls: int) -> None:
        self._on.set(calls)

    def lines(self, states: list[str]) -> None:
        for state in ("ready", "pending", "failed"):
            self._lines.labels(state).set(states.count(state))
