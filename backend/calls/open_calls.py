"""The calls that are on, of all backends and by user: the SFU's rooms, and rooms about to open."""

import asyncio
import secrets
import time
from base64 import urlsafe_b64encode
from hashlib import blake2b
from itertools import chain
from typing import Protocol

from backend.rooms.names import ROOM_BITS, ROOM_PREFIX
from backend.rooms.watcher_sfu import SfuFailed
from chassis.logs import get_logger

TAG_BYTES = 8
FRESH_S = 1.0
BELIEVED_S = 10.0  # while the SFU cannot be asked
CLAIM_S = 3.0  # between a token and the room that it opens; who asked ahead counts no longer

log = get_logger(__name__)


class Rooms(Protocol):
    """What is asked of the SFU; `watcher_sfu.Sfu` in life."""

    async def rooms(self) -> list[str]:
        """Names of our rooms. Raises SfuFailed."""


class OpenCalls:
    """Looks at the SFU once a second at most, however many ask.

    A room is a call, whoever the SFU says is in it: it is seconds late with their number.
    """

    def __init__(self, sfu: Rooms) -> None:
        self._sfu = sfu
        self._rooms: frozenset[str] = frozenset()
        self._looked_at_s = float("-inf")
        self._seen_at_s = float("-inf")
        self._looking = asyncio.Lock()
        self._claimed_at_s: dict[str, float] = {}  # by room, in order

    async def look(self) -> None:
        """Be up to date. Without the SFU what was seen last counts, for a while."""
        if time.monotonic() - self._looked_at_s < FRESH_S:
            return
        async with self._looking:
            if time.monotonic() - self._looked_at_s < FRESH_S:
                return
            try:
                self._rooms = frozenset(await self._sfu.rooms())
                self._seen_at_s = time.monotonic()
            except SfuFailed as exc:
                log.warning("calls_not_counted", reason=str(exc))
                if time.monotonic() - self._seen_at_s > BELIEVED_S:
                    self._rooms = frozenset()
            self._looked_at_s = time.monotonic()
            for room in self._rooms & self._claimed_at_s.keys():
                del self._claimed_at_s[room]

    def count(self, user_id: str | None = None) -> int:
        """Calls of one user, or all."""
        oldest_s = time.monotonic() - CLAIM_S
        while self._claimed_at_s:
            room, at_s = next(iter(self._claimed_at_s.items()))
            if at_s >= oldest_s:
                break
            del self._claimed_at_s[room]
        if user_id is None:
            return len(self._rooms) + len(self._claimed_at_s)
        theirs = prefix_of(user_id)
        return sum(room.startswith(theirs) for room in chain(self._rooms, self._claimed_at_s))

    def claim(self, user_id: str) -> str:
        """A new room's name, for a token that is handed out now."""
        room = prefix_of(user_id) + secrets.token_urlsafe(ROOM_BITS // 8)
        self._claimed_at_s[room] = time.monotonic()
        return room


def prefix_of(user_id: str) -> str:
    """Tells a user's rooms from others', not whose they are: ids of users are random."""
    digest = blake2b(user_id.encode(), digest_size=TAG_BYTES, person=b"parley rooms").digest()
    return f"{ROOM_PREFIX}{urlsafe_b64encode(digest).decode().rstrip('=')}-"


def is_of(room: str, user_id: str) -> bool:
    return room.startswith(prefix_of(user_id))
