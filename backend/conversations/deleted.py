"""Conversations deleted for good: what comes late of them does not bring them back."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, delete, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts.tables import TombstoneRow
from backend.conversations.tables import ConversationRow, RecordingChunkRow, RecordingRow
from backend.data.db import Database
from backend.memories.tables import MemoryRow
from backend.phone.tables import CallRow
from chassis.errors import NotFound

BATCH = 50  # conversations, each with its turns
CHUNKS_AT_ONCE = 64  # 16 MB


async def bury(session: AsyncSession, *ids: str) -> None:
    """These users or conversations are gone; saying it twice is fine."""
    known = set(await session.scalars(select(TombstoneRow.id).where(TombstoneRow.id.in_(ids))))
    now = datetime.now(UTC)
    session.add_all(TombstoneRow(id=id_, deleted_at=now) for id_ in dict.fromkeys(ids)
                    if id_ not in known)  # fmt: skip


async def is_forgotten(session: AsyncSession, *ids: str) -> bool:
    """Whether any of these users or conversations was deleted."""
    gone = select(TombstoneRow.id).where(TombstoneRow.id.in_(ids)).limit(1)
    return await session.scalar(gone) is not None


async def refuse_forgotten(session: AsyncSession, *ids: str) -> None:
    """Raises NotFound, code `forgotten`, when any of these was deleted."""
    if await is_forgotten(session, *ids):
        raise forgotten()


def forgotten(param: str | None = None) -> NotFound:
    """Who hears it drops what it has of that."""
    return NotFound("it was deleted, with all that belongs to it", param=param, code="forgotten")


async def drop_sound(database: Database, *conditions: ColumnElement[bool]) -> None:
    """Of conversations about to be deleted. Hours of it would not go within one unit of work."""
    chunks = (
        select(RecordingChunkRow.recording_id, RecordingChunkRow.number)
        .join(RecordingRow, RecordingRow.id == RecordingChunkRow.recording_id)
        .join(ConversationRow, ConversationRow.id == RecordingRow.conversation_id)
        .where(*conditions)
        .limit(CHUNKS_AT_ONCE)
    )
    key = tuple_(RecordingChunkRow.recording_id, RecordingChunkRow.number)
    while True:
        async with database.writing() as session:
            some = [tuple(row) for row in await session.execute(chunks)]
            await session.execute(delete(RecordingChunkRow).where(key.in_(some)))
        if len(some) < CHUNKS_AT_ONCE:
            return


async def delete_conversations(session: AsyncSession, ids: Sequence[str]) -> None:
    """With their turns and recordings (see `drop_sound`). What was remembered in them stays, and no
    longer says where it came from."""
    await bury(session, *ids)
    await erase(session, ids)


def of_user(user_id: str) -> ColumnElement[bool]:
    """Conversations that go with the user: of people we do not know through their line, too."""
    by_phone = select(CallRow.conversation_id).where(
        CallRow.user_id == user_id, CallRow.conversation_id.is_not(None)
    )
    return or_(ConversationRow.user_id == user_id, ConversationRow.id.in_(by_phone))


async def delete_batch_of(session: AsyncSession, user_id: str) -> int:
    """Some of the user's conversations, as many as fit one unit of work; 0: none are left."""
    theirs = select(ConversationRow.id).where(of_user(user_id)).limit(BATCH)
    ids = (await session.scalars(theirs)).all()
    await delete_conversations(session, ids)
    return len(ids)


async def erase(session: AsyncSession, ids: Sequence[str]) -> None:
    """As `delete_conversations`, without a trace: of what is old nothing more will come."""
    await session.execute(
        update(MemoryRow)
        .where(MemoryRow.conversation_id.in_(ids))
        .values(conversation_id=None, turn_id=None)
    )
    calls = update(CallRow).where(CallRow.conversation_id.in_(ids))
    await session.execute(calls.values(conversation_id=None))
    # Of a telephone call by nobody known: theirs alone.
    await session.execute(delete(MemoryRow).where(MemoryRow.user_id.in_(ids)))
    # The database takes turns, recordings and their chunks with it.
    await session.execute(delete(ConversationRow).where(ConversationRow.id.in_(ids)))
