"""Conversations and their turns: recorded once each, told again when a call goes on.

What was deleted is not recorded again: then these raise NotFound, code `forgotten`.
"""

from datetime import UTC, datetime
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend import internal_schema as schema
from backend.accounts.tables import LOCAL_USER
from backend.conversations.deleted import delete_conversations, is_forgotten, refuse_forgotten
from backend.conversations.tables import ConversationRow, TurnRow
from chassis.room_names import kept_name

TURNS_TOLD = 20
TURNS_READ = 3 * TURNS_TOLD  # replies cut before a word was heard are not told


async def begin(session: AsyncSession, new: schema.NewConversation) -> bool | None:
    """A call of this conversation began. True when it is the first word of it; None when its user
    was deleted, and then nothing of it will be recorded."""
    user_id = new.user_id or LOCAL_USER
    await refuse_forgotten(session, new.conversation_id)
    if await is_forgotten(session, user_id):
        # With what came of it before this word, its sound for one: that was nobody's yet.
        await delete_conversations(session, [new.conversation_id])
        return None
    row = await session.get(ConversationRow, new.conversation_id)
    if row is None:
        row = ConversationRow(
            id=new.conversation_id, started_at=new.started_at, talked_before_s=0.0
        )
        session.add(row)
        created = True
    else:
        created = False
    if created or row.user_id == LOCAL_USER:  # made by a record that did not say whose it is
        row.user_id = user_id
    row.persona_id, row.channel = new.persona_id, new.channel
    row.room = None if new.room is None else kept_name(new.room)
    # Outboxes of two workers may deliver in any order: what is older does not undo what is newer.
    row.started_at = min(row.started_at, new.started_at)
    last_start = row.call_started_at or row.started_at
    if row.ended_at is not None and new.started_at > row.ended_at:
        row.talked_before_s += max(0.0, (row.ended_at - last_start).total_seconds())
        row.ended_at = row.ended_reason = None
    row.call_started_at = max(last_start, new.started_at)
    return created


async def add_turn(
    session: AsyncSession, conversation_id: str, turn: schema.NewTurn, key: str
) -> tuple[str, bool]:
    """The turn's id, and whether it is new: `key` tells a repeated delivery."""
    kept = await session.scalar(select(TurnRow.id).where(TurnRow.idempotency_key == key))
    if kept is not None:
        return kept, False
    await refuse_forgotten(session, conversation_id)
    await conversation_or_new(session, conversation_id, turn.started_at)
    turn_id = uuid4().hex
    values = turn.model_dump()
    session.add(
        TurnRow(
            id=turn_id,
            conversation_id=conversation_id,
            idempotency_key=key,
            recorded_at=datetime.now(UTC),
            **values,
        )
    )
    return turn_id, True


async def summarise(session: AsyncSession, conversation_id: str, text: str) -> None:
    await refuse_forgotten(session, conversation_id)
    row = await conversation_or_new(session, conversation_id, datetime.now(UTC))
    row.summary = text


async def end(session: AsyncSession, conversation_id: str, ended: schema.End) -> None:
    """Of two ends the later stays: a dead agent's is written by whoever noticed first."""
    await refuse_forgotten(session, conversation_id)
    row = await conversation_or_new(session, conversation_id, ended.ended_at)
    if row.ended_at is None or ended.ended_at >= row.ended_at:
        row.ended_at, row.ended_reason = ended.ended_at, ended.reason.value


async def conversation_or_new(
    session: AsyncSession, conversation_id: str, at: datetime
) -> ConversationRow:
    """The conversation, made if what tells of it came before word of its start."""
    row = await session.get(ConversationRow, conversation_id)
    if row is None:
        row = ConversationRow(id=conversation_id, user_id=LOCAL_USER, channel="web", started_at=at)
        session.add(row)
        await session.flush()
    return row


async def find_conversation(session: AsyncSession, conversation_id: str) -> ConversationRow | None:
    return await session.get(ConversationRow, conversation_id)


async def last_turns(session: AsyncSession, conversation_id: str) -> list[schema.Turn]:
    """The last 20 in which something was heard, oldest first."""
    newest = (
        select(TurnRow.role, TurnRow.text, TurnRow.heard_text, TurnRow.started_at)
        .where(TurnRow.conversation_id == conversation_id)
        .order_by(TurnRow.started_at.desc(), TurnRow.recorded_at.desc())
        .limit(TURNS_READ)
    )
    told: list[schema.Turn] = []
    for role, text, heard, at in await session.execute(newest):
        said = text if heard is None else heard
        if said and len(told) < TURNS_TOLD:
            told.append(schema.Turn(role=role, text=said, at=at))
    return told[::-1]
