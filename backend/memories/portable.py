"""Memories to and from a file: a file read twice adds nothing the second time."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.conversations.tables import ConversationRow, TurnRow
from backend.data.db import Database
from backend.data.portability_upload import first_problem
from backend.memories import stored
from backend.memories.cursors import Cursor
from backend.memories.schema import (
    MAX_PROBLEMS,
    ImportedMemories,
    ImportProblem,
    PortableMemory,
)
from backend.memories.search import MemorySearch
from backend.memories.tables import MemoryRow

ROWS_AT_ONCE = 200  # of a unit of work: others wait for its end


async def exported(database: Database, user_id: str) -> AsyncIterator[list[PortableMemory]]:
    """All of a user's memories, newest first, a page at a time."""
    after: Cursor | None = None
    while True:
        async with database.reading() as session:
            rows, after = await stored.page(session, user_id, after=after, limit=ROWS_AT_ONCE)
        yield [portable(row) for row in rows]
        if after is None:
            return


def portable(row: MemoryRow) -> PortableMemory:
    return PortableMemory.model_construct(
        text=row.text,
        kind=row.kind,
        proposed=row.proposed,
        conversation_id=row.conversation_id,
        turn_id=row.turn_id,
        created_at=row.recorded_at,
        updated_at=row.updated_at,
        last_used_at=row.last_used_at,
    )


async def import_memories(
    database: Database,
    search: MemorySearch,
    user_id: str,
    rows: Sequence[Any],
    renamed: Mapping[str, str] | None = None,
) -> ImportedMemories:
    """Keep those whose text is not known yet. `renamed`: ids of conversations and turns that were
    imported as others. Raises Conflict when there are too many; those before it are kept."""
    good, problems = await asyncio.to_thread(_read, rows)
    kept = 0
    for start in range(0, len(good), ROWS_AT_ONCE):
        kept += await _keep(
            database, search, user_id, good[start : start + ROWS_AT_ONCE], renamed or {}
        )
    search.wrote()
    return ImportedMemories(kept=kept, skipped=len(rows) - kept, problems=problems[:MAX_PROBLEMS])


def _read(rows: Sequence[Any]) -> tuple[list[PortableMemory], list[ImportProblem]]:
    good: dict[str, PortableMemory] = {}
    problems = []
    for number, row in enumerate(rows):
        try:
            memory = PortableMemory.model_validate(row, strict=False)
            good.setdefault(memory.text, memory)
        except ValidationError as exc:
            problems.append(ImportProblem(row=f"memories.{number}", message=first_problem(exc)))
    return list(good.values()), problems


async def _keep(
    database: Database,
    search: MemorySearch,
    user_id: str,
    memories: Sequence[PortableMemory],
    renamed: Mapping[str, str],
) -> int:
    await search.prepare(user_id)
    async with database.writing() as session:
        known = await search.texts(session, user_id)
        new = [memory for memory in memories if memory.text not in known]
        if not new:
            return 0
        await stored.refuse_too_many(session, user_id, len(new))
        version = await stored.raised_version(session, user_id)
        links = await _links(session, user_id, new, renamed)
        session.add_all(_row(memory, user_id, version, links) for memory in new)
        return len(new)


async def _links(
    session: AsyncSession,
    user_id: str,
    memories: Sequence[PortableMemory],
    renamed: Mapping[str, str],
) -> dict[str, str]:
    """From ids of the file to those here, of conversations and turns that are the user's."""
    said = {id_ for m in memories for id_ in (m.conversation_id, m.turn_id) if id_ is not None}
    here = {id_: renamed.get(id_, id_) for id_ in said}
    conversations = select(ConversationRow.id).where(
        ConversationRow.user_id == user_id, ConversationRow.id.in_(here.values())
    )
    turns = (
        select(TurnRow.id)
        .join(ConversationRow, ConversationRow.id == TurnRow.conversation_id)
        .where(ConversationRow.user_id == user_id, TurnRow.id.in_(here.values()))
    )
    there = {*await session.scalars(conversations), *await session.scalars(turns)}
    return {id_: new for id_, new in here.items() if new in there}


def _row(memory: PortableMemory, user_id: str, version: int, links: Mapping[str, str]) -> MemoryRow:
    memory_id = uuid4().hex
    return MemoryRow(
        id=memory_id,
        user_id=user_id,
        conversation_id=links.get(memory.conversation_id or ""),
        turn_id=links.get(memory.turn_id or ""),
        idempotency_key=memory_id,
        text=memory.text,
        kind=memory.kind,
        proposed=memory.proposed,
        version=version,
        recorded_at=memory.created_at or datetime.now(UTC),
        updated_at=memory.updated_at,
        last_used_at=memory.last_used_at,
    )
