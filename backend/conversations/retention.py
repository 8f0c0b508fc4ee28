"""Conversations older than they are to be kept are deleted: at the start, and each night."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import ColumnElement, delete, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts.tables import UserRow
from backend.background import Leads, Rounds
from backend.conversations.deleted import BATCH, drop_sound, erase
from backend.conversations.tables import ConversationRow
from backend.data.db import Database
from backend.data.scrub import empty_log
from backend.phone.tables import CallRow
from chassis.errors import Unavailable
from chassis.logs import get_logger

NIGHT = time(3, 0)  # UTC

log = get_logger(__name__)


class Retention(Rounds):
    """Enter it for the service's life."""

    EVERY_S = 5.0  # whether it is night, and whether this backend leads

    def __init__(
        self,
        database: Database,
        leader: Leads,
        days: int | None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`days`: for users who chose none; None: their conversations are kept."""
        self._database = database
        self._leader = leader
        self._days = days
        self._clock = clock
        self._due: datetime | None = None  # None: at once

    async def look(self) -> int:
        """Purge if it is time and this backend's turn; how many conversations went. Raises
        Unavailable with the database, and is due again then."""
        now = self._clock()
        if not self._leader.leads or (self._due is not None and now < self._due):
            return 0
        gone = await purge(self._database, self._days, now)
        self._due = next_night(now)
        if gone:
            log.info("conversations_purged", count=gone)
        return gone

    async def _round(self) -> None:
        try:
            await self.look()
        except Unavailable:
            log.warning("purge_put_off", reason="the database is not there")


def next_night(now: datetime) -> datetime:
    tonight = datetime.combine(now.date(), NIGHT, UTC)
    return tonight if now < tonight else tonight + timedelta(days=1)


async def purge(database: Database, days: int | None, now: datetime) -> int:
    """Delete what is older than its user, or else `days`, wants it kept; how many went."""
    async with database.reading() as session:
        chosen = await session.execute(
            select(UserRow.id, UserRow.retention_days).where(UserRow.retention_days.is_not(None))
        )
        own = {user_id: kept for user_id, kept in chosen if kept is not None}
    gone = 0
    for user_id, kept in own.items():
        gone += await _purge_where(database, _older(kept, now), ConversationRow.user_id == user_id)
        await _purge_calls(database, kept, now, CallRow.user_id == user_id)
    if days is not None:
        chosen_none = ConversationRow.user_id.not_in(
            select(UserRow.id).where(UserRow.retention_days.is_not(None))
        )
        gone += await _purge_where(database, _older(days, now), chosen_none)
        of_others = or_(CallRow.user_id.is_(None), CallRow.user_id.not_in(list(own)))
        await _purge_calls(database, days, now, of_others)
    if gone:
        await empty_log(database)
    return gone


def _older(days: int, now: datetime) -> ColumnElement[bool]:
    """Of the last that is known of it: a conversation that went on yesterday is a day old."""
    last = func.coalesce(
        ConversationRow.ended_at, ConversationRow.call_started_at, ConversationRow.started_at
    )
    return last < now - timedelta(days=days)


async def _purge_where(database: Database, *conditions: ColumnElement[bool]) -> int:
    await drop_sound(database, *conditions)
    gone = 0
    while True:
        async with database.writing() as session:  # one batch each: those who record come between
            count = await _erase_some(session, *conditions)
        gone += count
        if count < BATCH:
            return gone


async def _purge_calls(
    database: Database, days: int, now: datetime, whose: ColumnElement[bool]
) -> None:
    """Word that there was a call by telephone is kept as long as what was said in it."""
    old = delete(CallRow).where(CallRow.ended_at < now - timedelta(days=days), whose)
    async with database.writing() as session:
        await session.execute(old)


async def _erase_some(session: AsyncSession, *conditions: ColumnElement[bool]) -> int:
    old = select(ConversationRow.id).where(*conditions).limit(BATCH)
    ids = (await session.scalars(old)).all()
    await erase(session, ids)
    return len(ids)
