"""Calls on record and rooms agree, whatever the agent could or could not say."""

import json
from datetime import UTC, datetime

import pytest
from livekit.protocol.models import ParticipantInfo

from backend.conversations import recorded
from backend.data.db import Database
from backend.internal_schema import End, NewConversation
from backend.phone import calls, keeper
from backend.phone.call_metrics import CallMetrics
from backend.phone.keeper import CallKeeper
from backend.phone.sip_sfu import SipSfu
from backend.phone.tables import CallRow
from chassis.ended import EndedReason
from chassis.metrics import Metrics
from chassis.room_names import kept_name
from tests.backend.phone.sfu import FakeSfu

ROOM = "call-sip-_+49151_abc"


class Leads:
    leads = True


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is too long is so at the second look."""
    for name in ("RINGS_FOR_S", "GONE_FOR_S", "TOLD_WITHIN_S"):
        monkeypatch.setattr(keeper, name, 1e-9)


def a_keeper(database: Database, sip: SipSfu, max_calls: int | None = 4) -> CallKeeper:
    return CallKeeper(database, Leads(), sip, CallMetrics(Metrics("backend")), max_calls)


def a_caller(status: str = "ringing") -> ParticipantInfo:
    told = {"sip.callStatus": status, "sip.phoneNumber": "+49151", "sip.callID": "SCL_1"}
    told["sip.trunkPhoneNumber"] = "+4930123456"
    return ParticipantInfo(
        identity="sip_+49151",
        kind=ParticipantInfo.Kind.SIP,
        attributes=told,
        metadata=json.dumps({"parley": "l1", "channel": "sip"}),
    )


def an_agent() -> ParticipantInfo:
    return ParticipantInfo(identity="agent", kind=ParticipantInfo.Kind.AGENT)


async def begin(database: Database, *, room: str = ROOM, outbound: bool = False) -> CallRow:
    new = calls.NewCall(
        room=room,
        direction="outbound" if outbound else "inbound",
        line=None,
        caller="+49151",
        called="+4930123456",
        answered=not outbound,
    )
    async with database.writing() as session:
        return await calls.begin(session, new)


async def on_record(database: Database) -> list[tuple[str | None, bool]]:
    """Of each call: why it ended, and whether it was answered."""
    async with database.reading() as session:
        found = await calls.page(session, asker=None, state=None, cursor=None, limit=50)
    return [(call.ended_reason, call.answered_at is not None) for call in found.calls]


async def looks(keeper: CallKeeper, count: int = 2) -> None:
    for _ in range(count):
        await keeper.look()


async def test_a_call_whose_room_is_there_goes_on(
    database: Database, sip: SipSfu, sfu: FakeSfu
) -> None:
    await begin(database)
    sfu.rooms[ROOM] = [a_caller("active"), an_agent()]
    await looks(a_keeper(database, sip), 3)
    assert await on_record(database) == [(None, True)]
    assert ROOM in sfu.rooms


async def test_what_a_telephone_says_of_itself_stops_no_look(
    database: Database, sip: SipSfu, sfu: FakeSfu
) -> None:
    caller = a_caller("active")
    caller.attributes["sip.phoneNumber"] = "+49\0151" + "1" * 1000
    caller.attributes["sip.callID"] = "SCL_\0" + "x" * 1000
    sfu.rooms[ROOM] = [caller, an_agent()]
    await looks(a_keeper(database, sip))
    assert await on_record(database) == [(None, True)]


async def test_a_call_whose_room_is_gone_is_over(database: Database, sip: SipSfu) -> None:
    await begin(database)
    looking = a_keeper(database, sip)
    await looking.look()
    assert await on_record(database) == [(None, True)]  # a restarted SFU has no rooms at first
    await looking.look()
    assert await on_record(database) == [("agent_lost", True)]


async def test_what_the_agent_wrote_of_the_conversation_is_the_reason(
    database: Database, sip: SipSfu
) -> None:
    call, now = await begin(database), datetime.now(UTC)
    assert call.conversation_id
    begun = NewConversation(conversation_id=call.conversation_id, channel="sip", started_at=now)
    async with database.writing() as session:
        await recorded.begin(session, begun)
        hung_up = End(reason=EndedReason.USER_HUNG_UP, ended_at=now)
        await recorded.end(session, call.conversation_id, hung_up)
    await looks(a_keeper(database, sip))
    assert await on_record(database) == [("user_hung_up", True)]


async def test_word_from_the_agent_replaces_the_guess(database: Database, sip: SipSfu) -> None:
    call = await begin(database)
    await looks(a_keeper(database, sip))
    async with database.writing() as session:
        row = await calls.get_call(session, call.id)
        assert calls.end(row, EndedReason.TRANSFERRED, datetime.now(UTC))
    assert await on_record(database) == [("transferred", True)]


async def test_a_dialled_call_whose_room_went_was_not_answered(
    database: Database, sip: SipSfu
) -> None:
    await begin(database, outbound=True)
    await looks(a_keeper(database, sip))
    assert await on_record(database) == [("not_answered", False)]


async def test_a_dialled_call_that_was_picked_up_is_seen_to_be(
    database: Database, sip: SipSfu, sfu: FakeSfu
) -> None:
    await begin(database, outbound=True)
    sfu.rooms[ROOM] = [a_caller("ringing"), an_agent()]
    looking = a_keeper(database, sip)
    await looks(looking, 3)
    assert await on_record(database) == [(None, False)]
    sfu.rooms[ROOM] = [a_caller("active"), an_agent()]
    await looking.look()
    assert await on_record(database) == [(None, True)]


@pytest.mark.parametrize(("most", "reason"), [(None, "not_answered"), (1, "lines_busy")])
async def test_where_it_rings_and_no_agent_comes_it_is_hung_up(
    database: Database, sip: SipSfu, sfu: FakeSfu, most: int | None, reason: str
) -> None:
    await begin(database, room="call-sip-other")
    sfu.rooms["call-sip-other"] = [a_caller("active"), an_agent()]
    sfu.rooms[ROOM] = [a_caller()]
    looking = a_keeper(database, sip, most)
    await looking.look()
    assert ROOM in sfu.rooms
    await looking.look()
    assert ROOM not in sfu.rooms
    assert set(await on_record(database)) == {(None, True), (reason, False)}


async def test_an_agent_that_comes_in_time_keeps_the_room(
    database: Database, sip: SipSfu, sfu: FakeSfu
) -> None:
    sfu.rooms[ROOM] = [a_caller()]
    looking = a_keeper(database, sip)
    await looking.look()
    sfu.rooms[ROOM] = [a_caller(), an_agent()]
    await begin(database)
    await looks(looking, 3)
    assert ROOM in sfu.rooms
    assert await on_record(database) == [(None, True)]


async def test_a_call_that_nobody_told_of_is_on_record(
    database: Database, sip: SipSfu, sfu: FakeSfu
) -> None:
    sfu.rooms[ROOM] = [a_caller("active"), an_agent()]
    await looks(a_keeper(database, sip), 3)
    assert await on_record(database) == [(None, True)]
    async with database.reading() as session:
        (row,) = await calls.open_calls(session)
    assert (row.caller, row.called, row.sip_call_id) == ("+49151", "+4930123456", "SCL_1")
    assert row.conversation_id == kept_name(ROOM)  # as its agent names it
    assert not row.is_known


async def test_a_room_that_outlives_its_call_is_closed(
    database: Database, sip: SipSfu, sfu: FakeSfu, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = await begin(database)
    sfu.rooms[ROOM] = [a_caller("active"), an_agent()]
    async with database.writing() as session:
        row = await calls.get_call(session, call.id)
        calls.end(row, EndedReason.AGENT_HUNG_UP, datetime.now(UTC))
    looking = a_keeper(database, sip)
    await looks(looking)
    assert ROOM in sfu.rooms  # last words may still be said
    monkeypatch.setattr(keeper, "OVER_FOR_S", 0.0)
    await looking.look()
    assert ROOM not in sfu.rooms


async def test_rooms_of_the_web_are_none_of_its_business(
    database: Database, sip: SipSfu, sfu: FakeSfu
) -> None:
    sfu.rooms["call-abcdefghijk-xyz"] = [
        ParticipantInfo(identity="user", kind=ParticipantInfo.Kind.STANDARD)
    ]
    await looks(a_keeper(database, sip), 3)
    assert list(sfu.rooms) == ["call-abcdefghijk-xyz"]
    assert await on_record(database) == []
