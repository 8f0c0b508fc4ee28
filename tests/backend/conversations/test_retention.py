"""Conversations are kept as long as their user wants, and no longer."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select, update

from backend.accounts.tables import LOCAL_USER, TombstoneRow, UserRow
from backend.conversations.deleted import BATCH
from backend.conversations.retention import Retention, next_night, purge
from backend.conversations.tables import ConversationRow, TurnRow
from backend.data.db import Database

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


class Leading:
    """Leads when told to."""

    leads = True


async def add(database: Database, id_: str, *, days_ago: float, **fields: object) -> None:
    at = NOW - timedelta(days=days_ago)
    values = {"user_id": LOCAL_USER, "channel": "web", "started_at": at, "ended_at": at} | fields
    async with database.writing() as session:
        session.add(ConversationRow(id=id_, **values))
        await session.flush()
        session.add(
            TurnRow(
                id=id_,
                conversation_id=id_,
                idempotency_key=id_,
                role="user",
                text=f"the secret of {id_}",
                started_at=at,
                interrupted=False,
                timing={},
                tools=[],
                recorded_at=at,
            )
        )


async def left(database: Database) -> set[str]:
    async with database.reading() as session:
        ids = set(await session.scalars(select(ConversationRow.id)))
        assert set(await session.scalars(select(TurnRow.conversation_id))) == ids
        return ids


async def keep_for(database: Database, days: int | None) -> None:
    async with database.writing() as session:
        await session.execute(update(UserRow).values(retention_days=days))


async def test_the_users_choice_comes_before_the_servers(database: Database) -> None:
    await add(database, "mine", days_ago=20)
    await add(database, "a caller's", days_ago=20, user_id="somebody on the telephone")
    assert await purge(database, None, NOW) == 0
    await keep_for(database, 30)
    assert await purge(database, 10, NOW) == 1
    assert await left(database) == {"mine"}
    await keep_for(database, 10)
    assert await purge(database, None, NOW) == 1
    assert await left(database) == set()


async def test_a_conversation_is_as_old_as_its_last_call(database: Database) -> None:
    recently = NOW - timedelta(days=1)
    await add(database, "went on", days_ago=50, ended_at=recently)
    await add(database, "goes on", days_ago=50, ended_at=None, call_started_at=recently)
    await add(database, "never ended", days_ago=50, ended_at=None)
    assert await purge(database, 10, NOW) == 1
    assert await left(database) == {"went on", "goes on"}


async def test_what_is_purged_comes_in_batches_and_leaves_no_tombstone(database: Database) -> None:
    for i in range(BATCH + 3):
        await add(database, f"c{i}", days_ago=11)
    assert await purge(database, 10, NOW) == BATCH + 3
    async with database.reading() as session:
        assert await session.scalar(select(func.count()).select_from(TombstoneRow)) == 0


async def test_what_is_purged_is_nowhere_in_the_files(sqlite_file_url: str) -> None:
    async with Database(sqlite_file_url) as database:
        await add(database, "old", days_ago=11)
        await add(database, "young", days_ago=9)
        assert b"secret of old" in bytes_of(database)
        await purge(database, 10, NOW)
        assert b"secret of old" not in bytes_of(database)
        assert b"secret of young" in bytes_of(database)


async def test_it_is_done_at_the_start_and_each_night_by_who_leads(database: Database) -> None:
    now, leader = NOW, Leading()
    retention = Retention(database, leader, 10, clock=lambda: now)
    leader.leads = False
    await add(database, "1", days_ago=11)
    assert await retention.look() == 0
    leader.leads = True
    assert await retention.look() == 1
    await add(database, "2", days_ago=11)
    assert await retention.look() == 0
    now = datetime(2026, 6, 2, 2, 59, tzinfo=UTC)
    assert await retention.look() == 0
    now = datetime(2026, 6, 2, 3, 0, tzinfo=UTC)
    assert await retention.look() == 1


def test_the_night_after_the_night_is_tomorrows() -> None:
    assert next_night(datetime(2026, 6, 1, 2, tzinfo=UTC)) == datetime(2026, 6, 1, 3, tzinfo=UTC)
    assert next_night(datetime(2026, 6, 1, 3, tzinfo=UTC)) == datetime(2026, 6, 2, 3, tzinfo=UTC)


def bytes_of(database: Database) -> bytes:
    file = Path(str(database.url.database))
    return b"".join(part.read_bytes() for part in file.parent.glob(f"{file.name}*"))
