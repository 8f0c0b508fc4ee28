"""Calls by telephone on record: begun once each, whose they are, and why they ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from secrets import token_urlsafe
from uuid import uuid4

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts.tables import UserRow
from backend.conversations.cursors import Cursor
from backend.conversations.tables import ConversationRow
from backend.phone import schema
from backend.phone.numbers import normal
from backend.phone.tables import CallRow, Direction, PhoneLineRow
from chassis.ended import EndedReason
from chassis.errors import NotFound
from chassis.room_names import kept_name


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCall:
    """A call that begins in `room`."""

    room: str
    direction: Direction
    line: PhoneLineRow | None
    caller: str | None
    called: str | None
    sip_call_id: str | None = None
    persona_id: str | None = None
    conversation_id: str | None = None  # None: a new one
    answered: bool = True
    pin_typed: bool = False


async def find_call(session: AsyncSession, room: str) -> CallRow | None:
    """The call of a room, under the name that the SFU gives it."""
    return await session.scalar(select(CallRow).where(CallRow.room == kept_name(room)))


async def get_call(session: AsyncSession, call_id: str) -> CallRow:
    """Raises NotFound."""
    row = await session.get(CallRow, call_id)
    if row is None:
        raise NotFound("there is no such call", param="call_id")
    return row


async def begin(session: AsyncSession, new: NewCall) -> CallRow:
    """A call of which nothing was known."""
    line, now = new.line, datetime.now(UTC)
    row = CallRow(
        id=uuid4().hex,
        user_id=line.user_id if line else None,
        is_known=line is not None and await _is_known(session, line, new),
        line_id=line.id if line else None,
        persona_id=new.persona_id or (line.persona_id if line else None),
        room=kept_name(new.room),
        direction=new.direction,
        caller=new.caller,
        called=new.called,
        sip_call_id=new.sip_call_id,
        conversation_id=new.conversation_id or token_urlsafe(16),
        started_at=now,
        answered_at=now if new.answered else None,
        is_guess=False,
    )
    session.add(row)
    return row


def speaks_as(row: CallRow) -> str:
    """The user whose memories are told in this call: of one we do not know, the conversation's
    own id, which is nobody's."""
    assert row.conversation_id is not None
    return row.user_id if row.is_known and row.user_id else row.conversation_id


def end(row: CallRow, reason: EndedReason, at: datetime, *, guess: bool = False) -> bool:
    """Whether it is news. Word of who was there replaces what was guessed from outside."""
    if row.ended_at is not None and (guess or not row.is_guess):
        return False
    row.ended_at = max(at, row.started_at)
    row.ended_reason, row.is_guess = reason.value, guess
    return True


def takes_a_line(row: CallRow) -> bool:
    """While it is on: the agent is in it, or it rings somewhere for the agent."""
    return row.answered_at is not None or row.direction == "outbound"


async def on_now(session: AsyncSession, but: str | None = None) -> int:
    """Calls that take a line now, without the one with id `but`."""
    takes_one = or_(CallRow.answered_at.is_not(None), CallRow.direction == "outbound")
    count = select(func.count()).where(CallRow.ended_at.is_(None), takes_one)
    if but is not None:
        count = count.where(CallRow.id != but)
    return await session.scalar(count) or 0


async def open_calls(session: AsyncSession) -> Sequence[CallRow]:
    return (await session.scalars(select(CallRow).where(CallRow.ended_at.is_(None)))).all()


async def owner_of(session: AsyncSession, conversation_id: str) -> str | None:
    """Whose line a conversation came through; None when it was by no telephone, or nobody's."""
    query = select(CallRow.user_id).where(CallRow.conversation_id == conversation_id).limit(1)
    return await session.scalar(query)


async def page(
    session: AsyncSession,
    *,
    asker: str | None,
    state: schema.CallState | None,
    cursor: Cursor | None,
    limit: int,
) -> schema.CallList:
    """The newest first. `state` live: those that ring too."""
    query = select(CallRow).order_by(CallRow.started_at.desc(), CallRow.id).limit(limit + 1)
    query = query.where(*_in_state(state))
    if cursor is not None:
        # The first condition is what the index understands.
        query = query.where(
            CallRow.started_at <= cursor.started_at,
            or_(CallRow.started_at < cursor.started_at, CallRow.id > cursor.id),
        )
    rows = (await session.scalars(query)).all()
    shown = rows[:limit]
    readable = await _readable(session, shown, asker)
    more = len(rows) > limit
    following = Cursor(started_at=shown[-1].started_at, id=shown[-1].id) if more else None
    return schema.CallList(
        calls=[told(row, row.id in readable) for row in shown],
        next_cursor=None if following is None else str(following),
    )


def told(row: CallRow, readable: bool = False) -> schema.Call:
    values = {name: getattr(row, name, None) for name in schema.Call.model_fields}
    state: schema.CallState = "live"
    if row.ended_at is not None:
        state = "ended"
    elif row.answered_at is None:
        state = "ringing"
    return schema.Call.model_validate(values | {"state": state, "conversation_open": readable})


async def _is_known(session: AsyncSession, line: PhoneLineRow, new: NewCall) -> bool:
    """Whether it is the line's owner who speaks, as far as a telephone tells."""
    owner = await session.get(UserRow, line.user_id or "")
    if owner is None or owner.disabled_at is not None:
        return False
    if new.direction == "outbound":  # nobody types a PIN there
        return normal(new.called) in line.trusted_callers
    has_typed = new.pin_typed and line.pin is not None
    return has_typed or normal(new.caller) in line.trusted_callers


def _in_state(state: schema.CallState | None) -> list[ColumnElement[bool]]:
    if state is None:
        return []
    if state == "ended":
        return [CallRow.ended_at.is_not(None)]
    return [CallRow.ended_at.is_(None)]


async def _readable(
    session: AsyncSession, rows: Sequence[CallRow], asker: str | None
) -> frozenset[str]:
    """Ids of the calls whose conversation the asker may read."""
    wanted = {row.conversation_id: row.id for row in rows if row.conversation_id}
    theirs = select(ConversationRow.id).where(
        ConversationRow.id.in_(wanted), ConversationRow.user_id == (asker or "")
    )
    return frozenset(wanted[id_] for id_ in await session.scalars(theirs))
