"""Who leaves a room, and what that means for the call."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from livekit import rtc

from chassis.ended import EndedReason
from livekit_agent.call_end import CallEnd
from livekit_agent.presence import BACK_WITHIN_S, Presence
from tests.livekit_agent.virtual.clock import in_virtual_time, now_s

HUNG_UP = rtc.DisconnectReason.CLIENT_INITIATED
LOST = rtc.DisconnectReason.CONNECTION_TIMEOUT
PERSON = rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD
RECORDER = rtc.ParticipantKind.PARTICIPANT_KIND_EGRESS
TELEPHONE = rtc.ParticipantKind.PARTICIPANT_KIND_SIP
AGENT = rtc.ParticipantKind.PARTICIPANT_KIND_AGENT


class Room:
    def __init__(self) -> None:
        self.remote_participants: dict[str, Any] = {}
        self._handlers: dict[str, Callable[[Any], None]] = {}

    def on(self, name: str, handler: Callable[[Any], None]) -> None:
        self._handlers[name] = handler

    def off(self, name: str, _: Callable[[Any], None]) -> None:
        del self._handlers[name]

    def joins(self, who: str, kind: int = PERSON) -> None:
        self.remote_participants[who] = SimpleNamespace(kind=kind, disconnect_reason=None)

    def leaves(self, who: str, reason: int = HUNG_UP) -> None:
        gone = self.remote_participants.pop(who)
        gone.disconnect_reason = reason
        self._handlers["participant_disconnected"](gone)

    def closes(self) -> None:
        self._handlers["disconnected"](rtc.DisconnectReason.ROOM_DELETED)


async def nothing(_: object) -> None:
    pass


def a_call() -> tuple[Any, CallEnd]:
    room = Room()
    room.joins("ann")
    return room, CallEnd(nothing)


@in_virtual_time
async def test_a_caller_who_hangs_up_ends_the_call() -> None:
    room, end = a_call()
    async with Presence(room, end):
        room.leaves("ann")
        assert await end.reason() is EndedReason.USER_HUNG_UP


@in_virtual_time
async def test_neither_a_recorder_nor_an_agent_that_leaves_ends_it() -> None:
    room, end = a_call()
    async with Presence(room, end):
        for kind in (RECORDER, AGENT):
            room.joins("other", kind)
            room.leaves("other")
        assert not end.is_over


@in_virtual_time
async def test_the_call_goes_on_while_somebody_is_there() -> None:
    room, end = a_call()
    room.joins("bob")
    async with Presence(room, end):
        room.leaves("bob")
        assert not end.is_over
        room.leaves("ann")
        assert end.is_over


@in_virtual_time
async def test_who_was_cut_off_may_come_back() -> None:
    room, end = a_call()
    async with Presence(room, end):
        room.leaves("ann", LOST)
        room.joins("ann")
        began_s = now_s()
        room.leaves("ann", LOST)
        assert await end.reason() is EndedReason.USER_LEFT
        assert now_s() - began_s == BACK_WITHIN_S


@in_virtual_time
async def test_a_room_that_closes_over_a_lost_caller_is_that_of_one_who_left() -> None:
    room, end = a_call()
    async with Presence(room, end):
        room.leaves("ann", LOST)
        room.closes()
        assert await end.reason() is EndedReason.USER_LEFT


@in_virtual_time
async def test_a_room_that_closes_around_its_caller_is_closed() -> None:
    room, end = a_call()
    async with Presence(room, end):
        room.closes()
        assert await end.reason() is EndedReason.ROOM_CLOSED


@in_virtual_time
async def test_a_telephone_that_is_cut_off_does_not_come_back() -> None:
    room = Room()
    room.joins("phone", kind=TELEPHONE)
    end = CallEnd(nothing)
    async with Presence(room, end):  # type: ignore[arg-type]
        began_s = now_s()
        room.leaves("phone", LOST)
        assert await end.reason() is EndedReason.USER_LEFT
        assert now_s() == began_s
