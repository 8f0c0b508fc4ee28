"""Invitations: each lets one person sign up."""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts.sessions import hash_of
from backend.accounts.tables import InviteRow, Role
from chassis.errors import Forbidden, NotFound

TOKEN_BYTES = 24


async def create_invite(
    session: AsyncSession, role: Role, *, created_by: str, lasts: timedelta
) -> tuple[str, InviteRow]:
    """A token, told this once, and its row."""
    now = datetime.now(UTC)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    row = InviteRow(
        id=secrets.token_urlsafe(12),
        token_hash=hash_of(token),
        role=role,
        created_by=created_by,
        created_at=now,
        expires_at=now + lasts,
    )
    session.add(row)
    return token, row


async def open_invite(session: AsyncSession, token: str) -> InviteRow:
    """Raises Forbidden when it is unknown, used or expired, never saying which."""
    query = select(InviteRow).where(
        InviteRow.token_hash == hash_of(token),
        InviteRow.used_at.is_(None),
        InviteRow.expires_at > datetime.now(UTC),
    )
    invite = (await session.scalars(query)).one_or_none()
    if invite is None:
        raise Forbidden(
            "this invitation cannot be used: ask for a new one",
            param="invite",
            code="invite_invalid",
        )
    return invite


async def invites(session: AsyncSession) -> Sequence[InviteRow]:
    return (await session.scalars(select(InviteRow).order_by(InviteRow.created_at.desc()))).all()


async def delete_invite(session: AsyncSession, invite_id: str) -> None:
    """Raises NotFound."""
    deleted = delete(InviteRow).where(InviteRow.id == invite_id).returning(InviteRow.id)
    if not (await session.scalars(deleted)).all():
        raise NotFound("there is no such invitation", param="invite_id")
