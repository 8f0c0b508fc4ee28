"""A conversation whose room is gone does not stay live for ever."""

from datetime import UTC, datetime, timedelta

import pytest

from backend.conversations.abandoned import Abandoned
from backend.conversations.recorded import add_turn, begin, end, find_conversation
from backend.conversations.tables import ConversationRow
from backend.data.db import Database
from backend.internal_schema import End, NewConversation, NewTurn
from backend.rooms.watcher_sfu import SfuFailed
from chassis.ended import EndedReason

BEGAN = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Sfu:
    """Has the rooms it is told to have; None: it cannot be reached."""

    def __init__(self) -> None:
        self.there: list[str] | None = []

    async def rooms(self) -> list[str]:
        if self.there is None:
            raise SfuFailed("no answer")
        return self.there


class Leads:
    leads = True


@pytest.fixture
def sfu() -> Sfu:
    return Sfu()


@pytest.fixture
def abandoned(database: Database, sfu: Sfu) -> Abandoned:
    return Abandoned(database, Leads(), sfu)


@pytest.fixture
async def going_on(database: Database) -> str:
    new = NewConversation(conversation_id="c1", channel="web", room="call-1", started_at=BEGAN)
    async with database.writing() as session:
        await begin(session, new)
    return "c1"


async def row_of(database: Database, conversation_id: str) -> ConversationRow:
    async with database.reading() as session:
        row = await find_conversation(session, conversation_id)
        assert row is not None
        return row


async def test_a_conversation_without_its_room_is_over(
    database: Database, abandoned: Abandoned, going_on: str
) -> None:
    async with database.writing() as session:
        await add_turn(session, going_on, NewTurn(role="user", text="hi", started_at=BEGAN), "k")
    assert await abandoned.look() == 0  # the SFU may have been restarted
    assert await abandoned.look() == 1
    row = await row_of(database, going_on)
    assert row.ended_reason == EndedReason.AGENT_LOST
    assert row.ended_at is not None
    assert row.ended_at > BEGAN  # when the last turn was recorded
    assert await abandoned.look() == 0


async def test_one_whose_room_is_there_goes_on(
    database: Database, abandoned: Abandoned, sfu: Sfu, going_on: str
) -> None:
    sfu.there = ["call-1"]
    assert await abandoned.look() + await abandoned.look() == 0
    assert (await row_of(database, going_on)).ended_at is None


async def test_an_sfu_that_comes_back_in_time_ends_nothing(
    abandoned: Abandoned, sfu: Sfu, going_on: str
) -> None:
    assert await abandoned.look() == 0
    sfu.there = ["call-1"]
    assert await abandoned.look() == 0
    sfu.there = []
    assert await abandoned.look() == 0


async def test_nothing_is_said_of_rooms_that_cannot_be_seen(
    database: Database, abandoned: Abandoned, sfu: Sfu, going_on: str
) -> None:
    sfu.there = None
    with pytest.raises(SfuFailed):
        await abandoned.look()
    assert (await row_of(database, going_on)).ended_at is None


async def test_only_the_leader_looks(database: Database, sfu: Sfu, going_on: str) -> None:
    class Follows:
        leads = False

    follower = Abandoned(database, Follows(), sfu)
    assert await follower.look() + await follower.look() == 0
    assert (await row_of(database, going_on)).ended_at is None


async def test_word_of_the_end_that_comes_late_holds(
    database: Database, abandoned: Abandoned, going_on: str
) -> None:
    await abandoned.look()
    await abandoned.look()
    ended = End(reason=EndedReason.USER_HUNG_UP, ended_at=BEGAN + timedelta(minutes=5))
    async with database.writing() as session:
        await end(session, going_on, ended)
    assert (await row_of(database, going_on)).ended_reason == EndedReason.USER_HUNG_UP


async def test_one_in_a_room_that_is_not_ours_is_left_alone(
    database: Database, abandoned: Abandoned
) -> None:
    new = NewConversation(conversation_id="c2", channel="sip", room="sip-1", started_at=BEGAN)
    async with database.writing() as session:
        await begin(session, new)
    for _ in range(3):
        assert await abandoned.look() == 0
    assert (await row_of(database, "c2")).ended_at is None
