"""All of a user's data, written to one file as it is read: no more than a page is in memory."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts.users import get_user
from backend.conversations.sealed import as_stored, keys_of, opened
from backend.conversations.tables import ConversationRow, TurnRow
from backend.data.db import Database
from backend.data.encryption import KeyRing
from backend.data.portability_schema import (
    FORMAT,
    PortableConversation,
    PortableImage,
    PortablePersona,
    PortableTurn,
    PortableUser,
)
from backend.internal_schema import ToolCall
from backend.memories.portable import exported
from backend.personas.tables import PersonaImageRow, PersonaRow
from backend.phone import portable as phone

CONVERSATIONS_AT_ONCE = 20


async def export_all(database: Database, user_id: str) -> AsyncIterator[str]:
    """JSON, in pieces. What is written to meanwhile may be in it or not."""
    now = datetime.now(UTC).isoformat()
    async with database.reading() as session:
        user = PortableUser.model_validate(await get_user(session, user_id))
    yield f'{{"version": {FORMAT}, "exported_at": "{now}", "user": {user.model_dump_json()}'
    for name, pages in (
        ("personas", _personas(database, user_id)),
        ("conversations", _conversations(database, user_id)),
        ("memories", _memories(database, user_id)),
        ("calls", phone.exported_calls(database, user_id)),
        ("phone_lines", phone.exported_lines(database, user_id)),
    ):
        yield f', "{name}": ['
        between = ""
        async for page in pages:
            for row in page:
                yield between + row
                between = ",\n"
        yield "]"
    yield "}\n"


async def _personas(database: Database, user_id: str) -> AsyncIterator[list[str]]:
    ids = select(PersonaRow.id).where(PersonaRow.owner_id == user_id).order_by(PersonaRow.id)
    async with database.reading() as session:
        mine = (await session.scalars(ids)).all()
    for persona_id in mine:
        async with database.reading() as session:
            row = await session.get(PersonaRow, persona_id)
            image = await session.get(PersonaImageRow, persona_id)
        if row is not None:
            yield [await asyncio.to_thread(_persona, row, image)]


def _persona(row: PersonaRow, image: PersonaImageRow | None) -> str:
    values: dict[str, Any] = {n: getattr(row, n, None) for n in PortablePersona.model_fields}
    picture = image and PortableImage(
        content_type=image.content_type, data=base64.b64encode(image.image).decode()
    )
    return PortablePersona.model_construct(**values | {"image": picture}).model_dump_json()


async def _memories(database: Database, user_id: str) -> AsyncIterator[list[str]]:
    async for page in exported(database, user_id):
        yield [memory.model_dump_json() for memory in page]


async def _conversations(database: Database, user_id: str) -> AsyncIterator[list[str]]:
    ids = select(ConversationRow.id).where(ConversationRow.user_id == user_id)
    async with database.reading() as session:
        mine = (
            await session.scalars(ids.order_by(ConversationRow.started_at, ConversationRow.id))
        ).all()
    for start in range(0, len(mine), CONVERSATIONS_AT_ONCE):
        page = mine[start : start + CONVERSATIONS_AT_ONCE]
        async with database.reading() as session:
            conversations, turns = await _rows(session, page)
            keys = keys_of(session)
        yield await asyncio.to_thread(_told, conversations, turns, keys)


async def _rows(
    session: AsyncSession, ids: Sequence[str]
) -> tuple[Sequence[ConversationRow], Sequence[Row[Any]]]:
    """Turns as they are stored: there may be thousands to decrypt."""
    conversations = select(ConversationRow).where(ConversationRow.id.in_(ids))
    turns = (
        select(
            TurnRow.id,
            TurnRow.conversation_id,
            TurnRow.role,
            as_stored(TurnRow.text),
            as_stored(TurnRow.heard_text),
            TurnRow.started_at,
            TurnRow.interrupted,
            TurnRow.confidence,
            TurnRow.timing,
            as_stored(TurnRow.tools),
            TurnRow.recorded_at,
        )
        .where(TurnRow.conversation_id.in_(ids))
        .order_by(TurnRow.started_at, TurnRow.recorded_at, TurnRow.id)
    )
    found = (
        await session.scalars(
            conversations.order_by(ConversationRow.started_at, ConversationRow.id)
        )
    ).all()
    return found, (await session.execute(turns)).all()


def _told(
    conversations: Sequence[ConversationRow], turns: Sequence[Row[Any]], keys: KeyRing
) -> list[str]:
    said: dict[str, list[PortableTurn]] = {row.id: [] for row in conversations}
    for turn in turns:
        said[turn.conversation_id].append(_turn(turn, keys))
    return [_conversation(row, said[row.id]) for row in conversations]


def _conversation(row: ConversationRow, turns: list[PortableTurn]) -> str:
    names = PortableConversation.model_fields.keys() - {"turns"}
    values = {name: getattr(row, name) for name in names}
    return PortableConversation.model_construct(**values, turns=turns).model_dump_json()


def _turn(row: Row[Any], keys: KeyRing) -> PortableTurn:
    tools = json.loads(opened(row.tools, TurnRow.tools, keys) or "[]")
    return PortableTurn.model_construct(
        id=row.id,
        role=row.role,
        text=opened(row.text, TurnRow.text, keys) or "",
        heard_text=opened(row.heard_text, TurnRow.heard_text, keys),
        started_at=row.started_at,
        interrupted=row.interrupted,
        confidence=row.confidence,
        timing=row.timing,
        tools=[ToolCall.model_construct(**tool) for tool in tools],
        recorded_at=row.recorded_at,
    )
