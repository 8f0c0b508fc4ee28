"""What the agent wants kept, as far as the user's policy lets it."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend import internal_schema as schema
from backend.accounts.tables import LOCAL_USER
from backend.conversations.deleted import refuse_forgotten
from backend.conversations.tables import TurnRow
from backend.data.db import Database
from backend.memories import stored
from backend.memories.search import MemorySearch
from backend.memories.tables import MemoryRow

NOT_KEPT = schema.MemoryId(id=None, kept=False, proposed=False)


async def remember(
    database: Database, search: MemorySearch, new: schema.NewMemory, key: str
) -> tuple[schema.MemoryId, bool]:
    """What became of it, and whether it is new: told twice, by key or word for word, it is kept
    once. Raises NotFound, code `forgotten`, of a deleted user or conversation."""
    user_id = new.user_id or LOCAL_USER
    await search.prepare(user_id)
    async with database.writing() as session:
        await refuse_forgotten(session, user_id, new.conversation_id or user_id)
        known = await _known(session, search, user_id, new.text, key)
        if known is not None:
            if new.explicit:
                await stored.accept(session, known)
            return _kept(known), False
        policy = await stored.policy_of(session, user_id)
        if policy == "off":
            return NOT_KEPT, False
        row = await stored.add(
            session,
            user_id,
            text=new.text,
            kind=new.kind,
            key=key,
            conversation_id=new.conversation_id,
            turn_id=await _turn_id(session, new),
            proposed=policy == "ask" and not new.explicit,
        )
    search.wrote()
    return _kept(row), True


async def forget(
    database: Database, search: MemorySearch, user_id: str, query: str
) -> schema.Deleted:
    """Delete those that match `query` best, and say which."""
    await search.prepare(user_id)
    async with database.writing() as session:
        gone = await search.matching(session, user_id, query)
        if gone:
            await stored.remove(session, user_id, [known.id for known in gone])
    await search.indexes.forget(user_id, [known.id for known in gone])
    deleted = [schema.DeletedMemory(id=known.id, text=known.text) for known in gone]
    return schema.Deleted(deleted=deleted)


async def _known(
    session: AsyncSession, search: MemorySearch, user_id: str, text: str, key: str
) -> MemoryRow | None:
    by_key = await session.scalar(select(MemoryRow).where(MemoryRow.idempotency_key == key))
    if by_key is not None:
        return by_key
    same = await search.same(session, user_id, text)
    return None if same is None else await stored.find(session, user_id, same)


async def _turn_id(session: AsyncSession, new: schema.NewMemory) -> str | None:
    """The turn it was said in. Word of that comes first, unless it was lost."""
    if new.turn_key is None:
        return None
    turn = select(TurnRow.id).where(
        TurnRow.idempotency_key == new.turn_key, TurnRow.conversation_id == new.conversation_id
    )
    return await session.scalar(turn)


def _kept(row: MemoryRow) -> schema.MemoryId:
    return schema.MemoryId(id=row.id, kept=True, proposed=row.proposed)
