"""The history of one user, newest first: a page at a time, reading no more than the page."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, and_, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.conversations import schema
from backend.conversations.cursors import Cursor
from backend.conversations.tables import ConversationRow, RecordingRow, TurnRow
from backend.internal_schema import Channel
from backend.personas.tables import EVERYONE, PersonaRow

PREVIEW_CHARS = 160
LATENCIES_SHOWN = 40
LATENCY = "e2e_latency_s"
# The agent ends a call after AGENT_MAX_CALL_S, this by default: what is older was never ended, for
# want of a worker that could say so.
LONGEST_CALL = timedelta(hours=4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Whose conversations, and which. `after` and `before` are of their start, `after` included."""

    user_id: str
    channel: Channel | None = None
    after: datetime | None = None
    before: datetime | None = None


async def list_page(
    session: AsyncSession, wanted: Filter, cursor: Cursor | None, limit: int
) -> schema.ConversationPage:
    """At most `limit` conversations after `cursor`, and the cursor of the next page."""
    rows = (await session.execute(lines(wanted, cursor).limit(limit + 1))).all()
    shown = rows[:limit]
    more = len(rows) > limit
    return schema.ConversationPage(
        conversations=await _told(session, shown),
        next_cursor=str(Cursor(started_at=shown[-1].started_at, id=shown[-1].id)) if more else None,
    )


async def some(
    session: AsyncSession, user_id: str, ids: Sequence[str]
) -> dict[str, schema.Conversation]:
    """Those of `ids` that are this user's."""
    if not ids:
        return {}
    rows = await session.execute(
        lines(Filter(user_id=user_id), None).where(ConversationRow.id.in_(ids))
    )
    return {told.id: told for told in await _told(session, rows.all())}


def lines(wanted: Filter, cursor: Cursor | None) -> Select[Any]:
    """What a line of the history needs, newest first; each part of it found by an index."""
    of_it = TurnRow.conversation_id == ConversationRow.id
    preview = (
        select(TurnRow.text)
        .where(of_it, TurnRow.role == "user")
        .order_by(TurnRow.started_at)
        .limit(1)
        .scalar_subquery()
    )
    columns: list[Any] = [
        ConversationRow.id,
        ConversationRow.title,
        ConversationRow.channel,
        ConversationRow.started_at,
        ConversationRow.call_started_at,
        ConversationRow.talked_before_s,
        ConversationRow.ended_at,
        ConversationRow.ended_reason,
        PersonaRow.id.label("persona_id"),
        PersonaRow.name.label("persona_name"),
        preview.label("preview"),
        select(func.count())
        .select_from(TurnRow)
        .where(of_it)
        .scalar_subquery()
        .label("turn_count"),
        exists().where(RecordingRow.conversation_id == ConversationRow.id).label("recorded"),
    ]
    # What an import names may be somebody else's.
    theirs = and_(
        PersonaRow.id == ConversationRow.persona_id,
        PersonaRow.owner_id.in_((wanted.user_id, EVERYONE)),
    )
    query = select(*columns).outerjoin(PersonaRow, theirs)
    return filtered(query, wanted, cursor)


def filtered(query: Select[Any], wanted: Filter, cursor: Cursor | None) -> Select[Any]:
    """`query` of conversations: those wanted that come after `cursor`, newest first."""
    query = query.where(ConversationRow.user_id == wanted.user_id)
    if wanted.channel is not None:
        query = query.where(ConversationRow.channel == wanted.channel)
    if wanted.after is not None:
        query = query.where(ConversationRow.started_at >= wanted.after)
    if wanted.before is not None:
        query = query.where(ConversationRow.started_at < wanted.before)
    if cursor is not None:
        # The first condition is what the index understands.
        query = query.where(
            ConversationRow.started_at <= cursor.started_at,
            or_(ConversationRow.started_at < cursor.started_at, ConversationRow.id > cursor.id),
        )
    return query.order_by(ConversationRow.started_at.desc(), ConversationRow.id)


async def _told(session: AsyncSession, rows: Sequence[Row[Any]]) -> list[schema.Conversation]:
    latencies = await _latencies(session, [row.id for row in rows])
    now = datetime.now(UTC)
    return [
        schema.Conversation(
            id=row.id,
            title=row.title,
            preview=first_words(row.preview),
            channel=row.channel,
            persona=schema.PersonaName(id=row.persona_id, name=row.persona_name)
            if row.persona_id
            else None,
            started_at=row.started_at,
            ended_at=row.ended_at,
            ended_reason=row.ended_reason,
            duration_s=_duration_s(row),
            turn_count=row.turn_count,
            recorded=row.recorded,
            live=row.ended_at is None and now - _call_start(row) < LONGEST_CALL,
            latencies_s=latencies[row.id],
        )
        for row in rows
    ]


def first_words(text: str | None) -> str | None:
    """A line of it; None when nothing was said."""
    words = " ".join(text.split()) if text else ""
    if len(words) > PREVIEW_CHARS:
        words = words[: PREVIEW_CHARS - 1].rstrip() + "…"
    return words or None


def _call_start(row: Row[Any]) -> datetime:
    start: datetime = row.call_started_at or row.started_at
    return start


def _duration_s(row: Row[Any]) -> float | None:
    if row.ended_at is None:
        return None
    last_call_s = (row.ended_at - _call_start(row)).total_seconds()
    return round(float(row.talked_before_s + max(0.0, last_call_s)), 3)


async def _latencies(session: AsyncSession, ids: Sequence[str]) -> defaultdict[str, list[float]]:
    """Of the first replies of each that have one, in seconds, oldest first."""
    latency = TurnRow.timing[LATENCY].as_float()
    order = func.row_number().over(
        partition_by=TurnRow.conversation_id, order_by=TurnRow.started_at
    )
    numbered = (
        select(TurnRow.conversation_id, latency.label("latency_s"), order.label("number"))
        .where(TurnRow.conversation_id.in_(ids), latency.is_not(None))
        .subquery()
    )
    found = await session.execute(
        select(numbered.c.conversation_id, numbered.c.latency_s)
        .where(numbered.c.number <= LATENCIES_SHOWN)
        .order_by(numbered.c.conversation_id, numbered.c.number)
    )
    by_id: defaultdict[str, list[float]] = defaultdict(list)
    for conversation_id, latency_s in found:
        by_id[conversation_id].append(latency_s)
    return by_id
