"""What is remembered of the user that bears on a turn: in a blink, or not at all."""

import asyncio

from chassis.logs import get_logger
from livekit_agent.backend_client import BackendClient, BackendUnavailable

REST_S = 10.0  # without asking, after the backend was late or away
MIN_CHARS = 8  # "yes" and "thanks" bear on nothing

log = get_logger(__name__)


class Recollection:
    """The memories of one call's user. Never raises, never waits longer than a turn can bear."""

    def __init__(self, backend: BackendClient, user_id: str | None) -> None:
        self._backend = backend
        self._user_id = user_id
        self._rests_until = 0.0
        self._last: tuple[str, list[str]] = ("", [])

    async def relevant(self, text: str) -> list[str]:
        """Memories to think of when answering `text`, best first."""
        wanted = text.strip()
        if wanted == self._last[0]:  # the reply was begun ahead, on the same words
            return self._last[1]
        now = asyncio.get_running_loop().time()
        if len(wanted) < MIN_CHARS or now < self._rests_until:
            return []
        try:
            found = await self._backend.memories(wanted, user_id=self._user_id)
        except BackendUnavailable as exc:
            self._rests_until = now + REST_S
            log.debug("memories_not_there", reason=str(exc))
            return []
        self._last = (wanted, [memory.text for memory in found])
        return self._last[1]
