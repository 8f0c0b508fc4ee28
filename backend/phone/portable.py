"""What a user's file tells of their telephone: for the reader; an import leaves it out."""

from collections.abc import AsyncIterator
from datetime import datetime

from pydantic import BaseModel, ConfigDict
from sqlalchemy import select

from backend.data.db import Database
from backend.phone import lines
from backend.phone.tables import CallRow, Direction, PhoneLineRow

CALLS_AT_ONCE = 200


class PortableCall(BaseModel):
    """One call through a line of the user."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    direction: Direction
    caller: str | None
    called: str | None
    line_id: str | None
    conversation_id: str | None
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    ended_reason: str | None


async def exported_calls(database: Database, user_id: str) -> AsyncIterator[list[str]]:
    """JSON, in pages."""
    last = ""
    while True:
        query = select(CallRow).where(CallRow.user_id == user_id, CallRow.id > last)
        async with database.reading() as session:
            page = query.order_by(CallRow.id).limit(CALLS_AT_ONCE)
            rows = (await session.scalars(page)).all()
        if not rows:
            return
        yield [PortableCall.model_validate(row).model_dump_json() for row in rows]
        last = rows[-1].id


async def exported_lines(database: Database, user_id: str) -> AsyncIterator[list[str]]:
    """JSON, without passwords and PINs."""
    query = select(PhoneLineRow).where(PhoneLineRow.user_id == user_id)
    async with database.reading() as session:
        rows = (await session.scalars(query.order_by(PhoneLineRow.created_at))).all()
    yield [lines.told(row).model_dump_json(exclude={"state", "reason"}) for row in rows]
