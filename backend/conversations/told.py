"""One conversation, all of it: its line in the history, its turns, its recordings."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.conversations import schema
from backend.conversations.listed import some
from backend.conversations.sealed import as_stored, keys_of, opened
from backend.conversations.tables import ConversationRow, RecordingRow, TurnRow
from backend.data.db import Database
from backend.data.encryption import KeyRing
from chassis.errors import NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    line: schema.Conversation
    summary: str | None
    turns: Sequence[Row[Any]]
    recordings: Sequence[RecordingRow]
    keys: KeyRing


async def tell(database: Database, user_id: str, conversation_id: str) -> schema.ConversationDetail:
    """Raises NotFound when the user has no such conversation."""
    async with database.reading() as session:
        stored = await _read(session, user_id, conversation_id)
    return await asyncio.to_thread(_open, stored)


async def find_line(
    session: AsyncSession, user_id: str, conversation_id: str
) -> schema.Conversation:
    """Raises NotFound when the user has no such conversation: another's is as unknown."""
    found = await some(session, user_id, [conversation_id])
    if conversation_id not in found:
        raise NotFound("there is no such conversation", param="conversation_id")
    return found[conversation_id]


async def _read(session: AsyncSession, user_id: str, conversation_id: str) -> _Stored:
    line = await find_line(session, user_id, conversation_id)
    summary = await session.scalar(
        select(ConversationRow.summary).where(ConversationRow.id == conversation_id)
    )
    turns = await session.execute(
        select(
            TurnRow.id,
            TurnRow.role,
            as_stored(TurnRow.text),
            as_stored(TurnRow.heard_text),
            TurnRow.started_at,
            TurnRow.interrupted,
            TurnRow.confidence,
            TurnRow.timing,
            as_stored(TurnRow.tools),
        )
        .where(TurnRow.conversation_id == conversation_id)
        .order_by(TurnRow.started_at, TurnRow.recorded_at, TurnRow.id)
    )
    recordings = await session.scalars(
        select(RecordingRow)
        .where(RecordingRow.conversation_id == conversation_id)
        .order_by(RecordingRow.started_at)
    )
    return _Stored(
        line=line,
        summary=summary,
        turns=turns.all(),
        recordings=recordings.all(),
        keys=keys_of(session),
    )


def _open(stored: _Stored) -> schema.ConversationDetail:
    return schema.ConversationDetail(
        **dict(stored.line),
        summary=stored.summary,
        turns=[_turn(row, stored.keys) for row in stored.turns],
        recordings=[
            schema.Recording(
                id=row.id,
                started_at=row.started_at,
                duration_s=row.duration_s,
                size_bytes=row.size_bytes,
                content_type=row.content_type,
            )
            for row in stored.recordings
        ],
    )


def _turn(row: Row[Any], keys: KeyRing) -> schema.ToldTurn:
    return schema.ToldTurn(
        id=row.id,
        role=row.role,
        text=opened(row.text, TurnRow.text, keys) or "",
        heard_text=opened(row.heard_text, TurnRow.heard_text, keys),
        started_at=row.started_at,
        interrupted=row.interrupted,
        confidence=row.confidence,
        timing={name: value for name, value in row.timing.items() if value is not None},
        tools=json.loads(opened(row.tools, TurnRow.tools, keys) or "[]"),
    )
