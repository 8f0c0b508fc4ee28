"""Where a server's models stand: the state that is told, and why some do not serve."""

from dataclasses import replace

from chassis.errors import Unavailable
from chassis.logs import get_logger
from chassis.metrics import Metrics
from chassis.weights.hub import Progress
from inference.model_status import Phase, Status, now

ON_ITS_WAY = (Phase.DOWNLOADING, Phase.LOADING, Phase.WARMING)
RETRY_AFTER_S = 2.0
MAX_FAILURES = 16  # told of; clients may ask for any model there is

log = get_logger(__name__)


class StatusBoard:
    """Of the model that serves or is to; while another is on its way, of that one."""

    def __init__(self, model: str, metrics: Metrics) -> None:
        self._phase = metrics.gauge("engine_state", "1 for the state there is", ["model", "state"])
        self.status = Status(model=model, phase=Phase.ABSENT, since=now())
        self.failures: dict[str, str] = {}  # model: why it does not serve

    def set(self, phase: Phase, model: str | None = None, reason: str | None = None) -> None:
        """`model`: unset for the one before."""
        before = self.status
        self._phase.remove(before.model, before.phase.value)
        self.status = Status(model=model or before.model, phase=phase, since=now(), reason=reason)
        self._phase.labels(self.status.model, phase.value).set(1)
        log.info(
            "model_state", model=self.status.model, state=phase.value, before=before.phase.value
        )

    def failed(self, model: str, reason: str) -> None:
        self.failures.pop(model, None)
        self.failures[model] = reason
        while len(self.failures) > MAX_FAILURES:
            del self.failures[next(iter(self.failures))]
        self.set(Phase.FAILED, model, reason=reason)

    def is_coming(self, model: str) -> bool:
        return self.status.model == model and self.status.phase in ON_ITS_WAY

    def unavailable(self) -> Unavailable:
        """The error for a request that came before the model."""
        return Unavailable(
            f"the model cannot answer yet: {self.status}",
            code=f"model_{self.status.phase.value}",
            retry_after_s=RETRY_AFTER_S,
        )

    def progressed(self, progress: Progress) -> None:
        self.status = replace(
            self.status, done_bytes=progress.done_bytes, total_bytes=progress.total_bytes
        )
