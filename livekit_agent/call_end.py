"""How a call ends: a reason from the list, words where something is owed, and never twice."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from livekit import rtc
from livekit.agents import CloseEvent, CloseReason

from chassis.ended import EndedReason
from chassis.logs import get_logger
from livekit_agent.lines import LineKey

log = get_logger(__name__)

LAST_WORDS_WITHIN_S = 10.0


class CallEnd:
    """`say`: speaks a line that cannot be interrupted and returns when it was heard."""

    def __init__(self, say: Callable[[LineKey], Awaitable[None]]) -> None:
        self._say = say
        self._reason: asyncio.Future[EndedReason] = asyncio.get_running_loop().create_future()
        self._ending: asyncio.Task[None] | None = None

    async def reason(self) -> EndedReason:
        """Waits for the end."""
        return await asyncio.shield(self._reason)

    @property
    def is_over(self) -> bool:
        return self._reason.done()

    def end(self, reason: EndedReason, last_words: LineKey | None = None) -> None:
        """End the call; the first reason given is the one that counts."""
        if self._reason.done() or self._ending is not None:
            return
        if last_words is None:
            self._reason.set_result(reason)
        else:
            self._ending = asyncio.create_task(self._after(last_words, reason))

    async def aclose(self) -> None:
        if self._ending is not None:
            self._ending.cancel()
            await asyncio.gather(self._ending, return_exceptions=True)

    async def _after(self, last_words: LineKey, reason: EndedReason) -> None:
        try:
            async with asyncio.timeout(LAST_WORDS_WITHIN_S):
                await self._say(last_words)
        except (TimeoutError, RuntimeError) as exc:  # the session may be gone already
            log.info("last_words_not_said", reason=type(exc).__name__)
        finally:
            if not self._reason.done():
                self._reason.set_result(reason)


@contextmanager
def limited(seconds: float, end: CallEnd) -> Iterator[None]:
    """Ends a call that lasts too long: a tab that was forgotten."""
    timer = asyncio.get_running_loop().call_later(
        seconds, end.end, EndedReason.MAX_DURATION, "time_is_up"
    )
    try:
        yield
    finally:
        timer.cancel()


def reason_of(event: CloseEvent, disconnected: int | None) -> EndedReason:
    """Why the session closed. `disconnected`: how the user's connection ended, if it did."""
    if event.reason is CloseReason.PARTICIPANT_DISCONNECTED:
        return left_reason(disconnected)
    # "User" is whoever holds the session: the job that ends, for the call itself says why first.
    if event.reason in (CloseReason.JOB_SHUTDOWN, CloseReason.USER_INITIATED):
        return EndedReason.WORKER_STOPPED
    if event.reason is CloseReason.ERROR:
        return EndedReason.ERROR
    return EndedReason.ROOM_CLOSED


def left_reason(disconnected: int | None) -> EndedReason:
    """Whether a user who is gone hung up or was cut off."""
    if disconnected in (rtc.DisconnectReason.CLIENT_INITIATED, rtc.DisconnectReason.USER_REJECTED):
        return EndedReason.USER_HUNG_UP
    if disconnected == rtc.DisconnectReason.ROOM_DELETED:
        return EndedReason.ROOM_CLOSED
    return EndedReason.USER_LEFT
