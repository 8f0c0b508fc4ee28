"""Memories in the database: every change raises the version that caches ask for."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import uuid4

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts.tables import MemoryPolicy, UserRow
from backend.internal_schema import MemoryKind
from backend.memories.cursors import Cursor
from backend.memories.tables import MemoryRow
from chassis.errors import Conflict, NotFound

MAX_MEMORIES = 20_000  # of one user: searching twice as many as promised is still quick


async def policy_of(session: AsyncSession, user_id: str) -> MemoryPolicy:
    """Who called by telephone is nobody known: theirs is kept for the conversation alone."""
    policy = await session.scalar(select(UserRow.memory_policy).where(UserRow.id == user_id))
    return policy or "auto"


async def raised_version(session: AsyncSession, user_id: str) -> int:
    """The version that what is written now belongs to; 0 for somebody without an account."""
    raised = (
        update(UserRow)
        .where(UserRow.id == user_id)
        .values(memories_version=UserRow.memories_version + 1)
        .returning(UserRow.memories_version)
    )
    return await session.scalar(raised) or 0


async def count(session: AsyncSession, user_id: str, *, proposed: bool | None = None) -> int:
    rows = select(func.count()).select_from(MemoryRow).where(_of(user_id, proposed))
    return await session.scalar(rows) or 0


async def page(
    session: AsyncSession,
    user_id: str,
    *,
    proposed: bool | None = None,
    after: Cursor | None = None,
    limit: int,
) -> tuple[list[MemoryRow], Cursor | None]:
    """Newest first, and where the next page begins."""
    rows = select(MemoryRow).where(_of(user_id, proposed))
    if after is not None and after.recorded_at is not None:
        at, id_ = after.recorded_at, after.id
        older = and_(MemoryRow.recorded_at == at, MemoryRow.id < id_)
        rows = rows.where(or_(MemoryRow.recorded_at < at, older))
    newest_first = rows.order_by(MemoryRow.recorded_at.desc(), MemoryRow.id.desc())
    found = list(await session.scalars(newest_first.limit(limit + 1)))
    if len(found) <= limit:
        return found, None
    last = found[limit - 1]
    return found[:limit], Cursor(recorded_at=last.recorded_at, id=last.id)


async def last_used(session: AsyncSession, user_id: str, limit: int) -> list[MemoryRow]:
    """Those that the agent was told last, of what it may be told."""
    used = select(MemoryRow).where(
        _of(user_id, proposed=False), MemoryRow.last_used_at.is_not(None)
    )
    return list(await session.scalars(used.order_by(MemoryRow.last_used_at.desc()).limit(limit)))


async def by_ids(session: AsyncSession, user_id: str, ids: Sequence[str]) -> list[MemoryRow]:
    """In the order of `ids`; those that are gone, or another's, are left out."""
    rows = await session.scalars(
        select(MemoryRow).where(MemoryRow.user_id == user_id, MemoryRow.id.in_(ids))
    )
    known = {row.id: row for row in rows}
    return [known[id_] for id_ in ids if id_ in known]


async def find(session: AsyncSession, user_id: str, memory_id: str) -> MemoryRow:
    """Raises NotFound, for another's memory as for an unknown one."""
    row = await session.get(MemoryRow, memory_id)
    if row is None or row.user_id != user_id:
        raise NotFound("there is no such memory", param="memory_id")
    return row


async def add(
    session: AsyncSession,
    user_id: str,
    *,
    text: str,
    kind: MemoryKind,
    key: str | None = None,
    conversation_id: str | None = None,
    turn_id: str | None = None,
    proposed: bool = False,
) -> MemoryRow:
    """`key`: tells a repeated delivery. Raises Conflict when the user has too many."""
    await refuse_too_many(session, user_id, 1)
    memory_id = uuid4().hex
    row = MemoryRow(
        id=memory_id,
        user_id=user_id,
        conversation_id=conversation_id,
        turn_id=turn_id,
        idempotency_key=key or memory_id,
        text=text,
        kind=kind,
        proposed=proposed,
        recorded_at=datetime.now(UTC),
        version=await raised_version(session, user_id),
    )
    session.add(row)
    return row


async def refuse_too_many(session: AsyncSession, user_id: str, more: int) -> None:
    """Raises Conflict when the user cannot have so many more."""
    if await count(session, user_id) + more > MAX_MEMORIES:
        raise Conflict(f"{MAX_MEMORIES} memories are kept at most", code="too_many_memories")


async def accept(session: AsyncSession, row: MemoryRow) -> None:
    """It is known from now on, if it was only proposed."""
    if row.proposed:
        await change(session, row, accept=True)


async def change(
    session: AsyncSession,
    row: MemoryRow,
    *,
    text: str | None = None,
    kind: MemoryKind | None = None,
    accept: bool = False,
) -> None:
    """What is None stays."""
    if text is not None and text != row.text:
        row.text = text
        row.embedding = row.embedding_model = None  # of the words that were
    row.kind = kind or row.kind
    row.proposed = row.proposed and not accept
    row.updated_at = datetime.now(UTC)
    row.version = await raised_version(session, row.user_id)


async def remove(session: AsyncSession, user_id: str, ids: Sequence[str]) -> None:
    await session.execute(
        delete(MemoryRow).where(MemoryRow.user_id == user_id, MemoryRow.id.in_(ids))
    )
    await raised_version(session, user_id)


async def remove_all(session: AsyncSession, user_id: str) -> int:
    """How many there were."""
    total = await count(session, user_id)
    await session.execute(delete(MemoryRow).where(MemoryRow.user_id == user_id))
    await raised_version(session, user_id)
    return total


def _of(user_id: str, proposed: bool | None) -> ColumnElement[bool]:
    mine = MemoryRow.user_id == user_id
    return mine if proposed is None else and_(mine, MemoryRow.proposed.is_(proposed))
