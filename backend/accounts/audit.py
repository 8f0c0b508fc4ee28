"""Who did what, and to what: written beside the deed, read by admins."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts.tables import AuditRow


async def record(
    session: AsyncSession,
    action: str,
    *,
    user_id: str | None,
    target: str | None = None,
    address: str | None = None,
) -> None:
    """Add an entry in the deed's own unit of work: neither is kept without the other.

    `action`: `<noun>_<verb past>`. `target`: an id, never a text.
    """
    now = datetime.now(UTC)
    session.add(AuditRow(at=now, user_id=user_id, action=action, target=target, address=address))


async def entries(session: AsyncSession, *, before: int | None, limit: int) -> Sequence[AuditRow]:
    """The newest `limit` entries, or those older than the entry with id `before`."""
    query = select(AuditRow).order_by(AuditRow.id.desc()).limit(limit)
    if before is not None:
        query = query.where(AuditRow.id < before)
    return (await session.scalars(query)).all()
