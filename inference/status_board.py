"""Where a server's models stand: the state that is told, and why some do not serve."""

import time
from collections import deque
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import get_args

from chassis.advice import FIXES
from chassis.coming import Coming, ComingPhase
from chassis.errors import Unavailable
from chassis.logs import get_logger
from chassis.metrics import Metrics
from chassis.weights.catalogue import Model
from chassis.weights.errors import WeightsError
from chassis.weights.hub import Progress
from inference.model_status import Phase, Status, now

ON_ITS_WAY = (Phase.WAITING, Phase.DOWNLOADING, Phase.LOADING, Phase.WARMING)
RETRY_AFTER_S = 2.0
MAX_FAILURES = 16  # told of; clients may ask for any model there is
DEAR = ("download_checksum_mismatch", "model_failed")
SPEED_OVER_S = 5.0  # of a download: steady enough to read, soon enough to see it stop

log = get_logger(__name__)


class StatusBoard:
    """Of the model that serves or is to; while another is on its way, of that one."""

    def __init__(self, model: str, metrics: Metrics) -> None:
        self._phase = metrics.gauge("engine_state", "1 for the state there is", ["model", "state"])
        self.status = Status(model=model, phase=Phase.ABSENT, since=now())
        self.failures: dict[str, str] = {}  # model: why it does not serve
        self._came: deque[tuple[float, int]] = deque()  # when, and bytes there were
        self._failed: Coming | None = None  # the latest that failed
        self._put_off: Coming | None = None  # what is to serve, and is not on its way now

    def set(self, phase: Phase, model: str | None = None, reason: str | None = None) -> None:
        """`model`: unset for the one before."""
        before = self.status
        self._phase.remove(before.model, before.phase.value)
        self.status = Status(model=model or before.model, phase=phase, since=now(), reason=reason)
        if before.model == self.status.model and phase in ON_ITS_WAY:
            self.status = replace(
                self.status, done_bytes=before.done_bytes, total_bytes=before.total_bytes
            )
        self._phase.labels(self.status.model, phase.value).set(1)
        log.info(
            "model_state", model=self.status.model, state=phase.value, before=before.phase.value
        )

    def fetching(self, phase: Phase, weights: Model) -> None:
        """Its weights are waited for, or come. What it is about to hold is told from the start."""
        self._came.clear()
        self.set(phase, weights.id)
        if self.status.total_bytes is None:
            self.status = replace(self.status, done_bytes=0, total_bytes=weights.size_bytes)

    def failed(self, model: str, reason: str, code: str = "model_failed") -> None:
        """`code`: of chassis/advice.py."""
        self.failures.pop(model, None)
        self.failures[model] = reason
        while len(self.failures) > MAX_FAILURES:
            del self.failures[next(iter(self.failures))]
        before = self.status if self.status.model == model else None
        self.set(Phase.FAILED, model, reason=reason)
        self._failed = Coming(
            model=model,
            phase="failed",
            bytes_done=(before and before.done_bytes) or 0,
            bytes_total=before and before.total_bytes,
            reason=reason,
            code=code,
        )

    def is_coming(self, model: str) -> bool:
        return self.status.model == model and self.status.phase in ON_ITS_WAY

    def again(self, model: str, in_s: float) -> None:
        """What failed is tried again then: until that, it is still to come."""
        if self._failed and self._failed.model == model:
            at = datetime.now(UTC) + timedelta(seconds=in_s)
            self._put_off = self._failed.model_copy(update={"again_at": at})

    @property
    def failed_dearly(self) -> bool:
        """Whether trying the latest failure again costs much: a whole file, or a whole load."""
        return self._failed is not None and self._failed.code in DEAR

    def kept_away(self, weights: Model) -> None:
        """It would serve, and PARLEY_OFFLINE forbids to fetch it."""
        self._put_off = Coming(
            model=weights.id,
            phase="offline",
            bytes_total=weights.size_bytes,
            reason="offline: not fetched",
            code="download_offline",
        )

    def nothing_put_off(self) -> None:
        """It serves, or nobody wants it any more."""
        self._put_off = None

    def coming(self, serving: str | None) -> Coming | None:
        """What is to serve instead of `serving`; None: nothing."""
        status = self.status
        if status.model == serving or status.phase not in ON_ITS_WAY:
            return self._put_off
        return Coming(
            model=status.model,
            phase=_told(status.phase),
            bytes_done=status.done_bytes or 0,
            bytes_total=status.total_bytes,
            bytes_per_s=self._bytes_per_s() if status.phase is Phase.DOWNLOADING else None,
        )

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
        self._came.append((time.monotonic(), progress.done_bytes))
        self._forget_old()

    def _bytes_per_s(self) -> int | None:
        self._forget_old()
        if not self._came:
            return None
        (began_s, before), (_, bytes_now) = self._came[0], self._came[-1]
        # Until now, not until the latest news: a download that stands still slows down.
        return max(0, int((bytes_now - before) / max(time.monotonic() - began_s, 0.1)))

    def _forget_old(self) -> None:
        oldest_s = time.monotonic() - SPEED_OVER_S
        while len(self._came) > 1 and self._came[1][0] < oldest_s:
            self._came.popleft()


def code_of(exc: Exception) -> str:
    """Of chassis/advice.py, for what kept a model from serving."""
    code = f"download_{exc.error_code}" if isinstance(exc, WeightsError) else ""
    return code if code in FIXES else "model_failed"


def _told(phase: Phase) -> ComingPhase:
    found = next(each for each in get_args(ComingPhase) if each == phase.value)
    return found  # type: ignore[no-any-return]  # a member of its own arguments
