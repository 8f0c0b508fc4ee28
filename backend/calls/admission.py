"""Who gets the next line: nobody over their share, and those who wait longest first."""

from backend.accounts.sign_in import Principal
from backend.calls.lines import Lines
from backend.calls.open_calls import OpenCalls
from backend.calls.queue import RETRY_S, Key, Queue
from backend.settings import BackendSettings
from chassis.errors import RateLimited, Unavailable
from chassis.metrics import Metrics


class Admission:
    """One for all tokens of this process."""

    def __init__(
        self, settings: BackendSettings, lines: Lines, calls: OpenCalls, metrics: Metrics
    ) -> None:
        self._lines = lines
        self._calls = calls
        self._queue = Queue()
        self._max_calls = settings.max_calls
        # Where nobody signs in, the one user is everybody at this machine.
        self._per_user = settings.calls_per_user if settings.auth == "on" else None
        waiting = metrics.gauge("calls_waiting", "pages that ask for a line again and again")
        waiting.set_function(self._queue.__len__)

    async def admit(self, who: Principal, page: str) -> str:
        """The room of a call that may begin now. `page`: who of the user's waits in the line.

        Raises RateLimited for a user with too many calls, Unavailable with the place in the line.
        """
        await self._calls.look()
        key = (who.user_id, page)
        self._check_share(key)
        place = self._queue.ask(key, self._free())
        if place is not None:
            raise Unavailable(
                "all lines are busy",
                code="lines_busy",
                retry_after_s=RETRY_S,
                details={"position": place, "retry_after_s": RETRY_S},
            )
        self._lines.claim()
        return self._calls.claim(who.user_id)

    def _check_share(self, key: Key) -> None:
        if self._per_user is None:
            return
        user_id = key[0]
        on = self._calls.count(user_id)
        waiting = 0 if self._queue.holds(key) else self._queue.places_of(user_id)
        if on + waiting >= self._per_user:
            raise RateLimited(
                f"you are in {on} calls, and {self._per_user} are the most: end one",
                param="user",
                code="too_many_calls",
                retry_after_s=RETRY_S,
            )

    def _free(self) -> int | None:
        """None: as many as are asked for."""
        limits = []
        if (of_worker := self._lines.free()) is not None:
            limits.append(of_worker)
        if self._max_calls is not None:
            limits.append(max(0, self._max_calls - self._calls.count()))
        return min(limits, default=None)
