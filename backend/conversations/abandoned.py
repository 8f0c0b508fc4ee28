"""Conversations whose room is gone, and whose end nobody wrote down, are over.

A worker that is killed with its machine cannot tell of the end of its calls, and the room watcher
does not see rooms that went while no backend ran. If word of the end comes after all, it holds.
"""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Protocol

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.background import Leads, Rounds
from backend.conversations.tables import ConversationRow, TurnRow
from backend.data.db import Database
from backend.rooms.names import ROOM_PREFIX
from backend.rooms.watcher_sfu import SfuFailed
from chassis.ended import EndedReason
from chassis.errors import Unavailable
from chassis.logs import get_logger
from chassis.room_names import kept_name

BATCH = 100

log = get_logger(__name__)


class Rooms(Protocol):
    """The SFU, as far as it is asked here."""

    async def rooms(self) -> list[str]:
        """Names. Raises SfuFailed."""
        ...


class Abandoned(Rounds):
    """Enter it for the service's life."""

    # Twice missing: a restarted SFU has no rooms until callers are back, some seconds later.
    EVERY_S = 30.0

    def __init__(self, database: Database, leader: Leads, sfu: Rooms) -> None:
        self._database = database
        self._leader = leader
        self._sfu = sfu
        self._missed: frozenset[str] = frozenset()  # ids whose room was gone at the last look

    async def look(self) -> int:
        """End what was without a room twice in a row; how many. Raises SfuFailed, Unavailable."""
        if not self._leader.leads:
            self._missed = frozenset()
            return 0
        # Before the rooms: a call that begins between the two is not missed.
        async with self._database.reading() as session:
            going_on = await _going_on(session)
        there = {kept_name(room) for room in await self._sfu.rooms()}
        missed = frozenset(id_ for id_, room in going_on if room not in there)
        over = sorted(missed & self._missed)[:BATCH]
        self._missed = missed
        if over:
            async with self._database.writing() as session:
                await _end(session, over)
            log.info("conversations_abandoned", count=len(over))
        return len(over)

    async def _round(self) -> None:
        try:
            await self.look()
        except (SfuFailed, Unavailable) as exc:
            self._missed = frozenset()
            log.debug("abandoned_not_looked_for", reason=str(exc))


async def _going_on(session: AsyncSession) -> list[tuple[str, str | None]]:
    """Those in our rooms: of others nobody says if they are there."""
    open_ = select(ConversationRow.id, ConversationRow.room).where(
        ConversationRow.ended_at.is_(None), ConversationRow.room.startswith(ROOM_PREFIX)
    )
    return [(id_, room) for id_, room in await session.execute(open_)]


async def _end(session: AsyncSession, ids: Collection[str]) -> None:
    """Over since the last that is known of each."""
    last_turn = (
        select(func.max(TurnRow.recorded_at))
        .where(TurnRow.conversation_id == ConversationRow.id)
        .scalar_subquery()
    )
    found = select(ConversationRow, last_turn).where(
        ConversationRow.id.in_(ids), ConversationRow.ended_at.is_(None)
    )
    for row, last_at in (await session.execute(found)).all():
        began_at = row.call_started_at or row.started_at
        row.ended_at = max(began_at, _aware(last_at) or began_at)
        row.ended_reason = EndedReason.AGENT_LOST.value


def _aware(at: datetime | None) -> datetime | None:
    """What `max` gives comes past the column's type: SQLite keeps no zone."""
    return at if at is None or at.tzinfo else at.replace(tzinfo=UTC)
