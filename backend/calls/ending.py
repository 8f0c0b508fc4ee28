"""Ends the calls of users who must not go on, those of tokens they still have included."""

import asyncio
import time
from typing import Protocol

from backend.background import Background
from backend.calls.open_calls import is_of
from backend.rooms.watcher_sfu import NotThere, SfuFailed
from chassis.logs import get_logger

LOOK_AGAIN_S = 2.0

log = get_logger(__name__)


class Rooms(Protocol):
    """What is asked of the SFU; `watcher_sfu.Sfu` in life. Methods raise SfuFailed."""

    async def rooms(self) -> list[str]: ...
    async def close_room(self, room: str) -> None: ...


class CallEnder(Background):
    """Enter it for the service's life."""

    def __init__(self, sfu: Rooms, token_ttl_s: float) -> None:
        self._sfu = sfu
        self._token_ttl_s = token_ttl_s
        self._gone: dict[str, float] = {}  # by user: until when a token of theirs may be used
        self._news = asyncio.Event()

    async def user_gone(self, user_id: str) -> None:
        """Ends the user's calls now, and what a token of theirs opens later."""
        self._gone[user_id] = time.monotonic() + self._token_ttl_s
        self._news.set()
        await self._end()

    def user_back(self, user_id: str) -> None:
        """The user was given a token since: only other browsers of theirs were put out, or there
        is but the one local user."""
        self._gone.pop(user_id, None)

    async def _run(self) -> None:
        while True:
            await self._news.wait()
            await asyncio.sleep(LOOK_AGAIN_S)
            await self._end()
            now = time.monotonic()
            self._gone = {user: until for user, until in self._gone.items() if until > now}
            if not self._gone:
                self._news.clear()

    async def _end(self) -> None:
        try:
            for room in await self._sfu.rooms():
                if any(is_of(room, user) for user in self._gone):
                    await self._close(room)
        except SfuFailed as exc:  # tried again by `_run`
            log.warning("calls_not_ended", reason=str(exc))

    async def _close(self, room: str) -> None:
        try:
            await self._sfu.close_room(room)
            log.info("call_of_gone_user_ended", room=room)
        except NotThere:
            return
