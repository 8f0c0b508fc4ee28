"""Whether the caller is still there: a hang-up ends the call, a broken connection may mend."""

import asyncio
from typing import Self

from livekit import rtc

from chassis.ended import EndedReason
from chassis.logs import get_logger
from livekit_agent.call_end import CallEnd, left_reason

BY_PHONE = rtc.ParticipantKind.PARTICIPANT_KIND_SIP
PEOPLE = (
    rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD,
    BY_PHONE,
    rtc.ParticipantKind.PARTICIPANT_KIND_CONNECTOR,
)
BACK_WITHIN_S = 20.0  # after the SFU itself waited 15 s for the connection

log = get_logger(__name__)


class Presence:
    """Follows the people in a room. Enter it once the room is joined."""

    def __init__(self, room: rtc.Room, end: CallEnd) -> None:
        self._room = room
        self._end = end
        self._timer: asyncio.TimerHandle | None = None
        self.left_because: int | None = None  # how the caller's connection ended, if it did

    async def __aenter__(self) -> Self:
        self._room.on("participant_disconnected", self._on_left)
        self._room.on("disconnected", self._on_disconnected)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._room.off("participant_disconnected", self._on_left)
        self._room.off("disconnected", self._on_disconnected)
        if self._timer is not None:
            self._timer.cancel()

    def _on_left(self, participant: rtc.RemoteParticipant) -> None:
        if participant.kind not in PEOPLE or self.people():
            return  # a recorder is nobody; with somebody else there, the call is not over
        self.left_because = participant.disconnect_reason
        log.info("caller_left", because=participant.disconnect_reason)
        reason, by_phone = left_reason(self.left_because), participant.kind == BY_PHONE
        if reason is not EndedReason.USER_LEFT or by_phone:  # who calls again is another call
            self._end.end(reason)
            return
        if self._timer is not None:
            self._timer.cancel()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(BACK_WITHIN_S, self._end_if_alone)

    def _end_if_alone(self) -> None:
        if not self.people():
            self._end.end(EndedReason.USER_LEFT)

    def people(self) -> list[rtc.RemoteParticipant]:
        """Who is there to talk to."""
        return [p for p in self._room.remote_participants.values() if p.kind in PEOPLE]

    def _on_disconnected(self, reason: int) -> None:
        """The SFU is gone for good, has closed the room, or another agent took our place."""
        log.info("room_left", because=reason)
        # The SFU closes an empty room at about the time we give up on a lost caller.
        was_lost = self._timer is not None and not self.people()
        self._end.end(EndedReason.USER_LEFT if was_lost else EndedReason.ROOM_CLOSED)
