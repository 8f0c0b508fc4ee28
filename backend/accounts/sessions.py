"""Browsers that are signed in: opened, looked up by their token, closed."""

import asyncio
import secrets
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from weakref import WeakValueDictionary

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts.tables import Role, SessionRow, UserRow
from backend.data.db import Database
from chassis.errors import Unavailable

TOKEN_BYTES = 32
SEEN_EVERY = timedelta(minutes=5)  # a visit is written down at most that often
BELIEVED_S = 3.0  # how long another process may take to hear that a session was closed
MAX_REMEMBERED = 10_000
MAX_USER_AGENT_CHARS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """A user who may ask. `session_id`: of the browser; None for the one local user."""

    user_id: str
    role: Role
    session_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    principal: Principal
    expires_at: datetime
    believed_until_s: float  # time.monotonic()


class OpenSessions:
    """Who a token belongs to, remembered for seconds: most requests ask the database nothing."""

    def __init__(self, database: Database, lasts: timedelta) -> None:
        """`lasts`: from the last visit on."""
        self.lasts = lasts
        self._database = database
        self._found: dict[str, _Found] = {}
        self._looking: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._closed = 0  # counts: what was read before a closing must not be remembered after it

    async def principal(self, token: str) -> Principal | None:
        """None for a token that is unknown, expired, or of a disabled user."""
        hashed = hash_of(token)
        found = self._believed(hashed)
        if found is None:
            # A browser's burst of requests is one look: each would take a connection.
            async with self._looking.setdefault(hashed, asyncio.Lock()):
                found = self._believed(hashed) or await self._look_up(hashed)
        if found is None or datetime.now(UTC) >= found.expires_at:
            return None
        return found.principal

    def forget(self, user_id: str) -> None:
        """To be called when sessions of the user were closed, or their rights changed."""
        self._closed += 1
        self._found = {
            hashed: found
            for hashed, found in self._found.items()
            if found.principal.user_id != user_id
        }

    def _believed(self, hashed: str) -> _Found | None:
        found = self._found.get(hashed)
        return found if found and time.monotonic() <= found.believed_until_s else None

    async def _look_up(self, hashed: str) -> _Found | None:
        closed_before = self._closed
        now = datetime.now(UTC)
        async with self._database.reading() as session:
            row = await find(session, hashed, now)
        if row is None:
            self._found.pop(hashed, None)
            return None
        kept, role = row
        expires_at = kept.expires_at
        if now - kept.last_seen_at > SEEN_EVERY:
            with suppress(Unavailable):  # the visit counts, though it cannot be written down now
                async with self._database.writing() as session:
                    expires_at = await _seen(session, kept, now, self.lasts)
        principal = Principal(user_id=kept.user_id, role=role, session_id=kept.id)
        found = _Found(
            principal=principal,
            expires_at=expires_at,
            believed_until_s=time.monotonic() + BELIEVED_S,
        )
        if self._closed == closed_before:
            if len(self._found) >= MAX_REMEMBERED:
                self._found.clear()
            self._found[hashed] = found
        return found


async def open_session(
    session: AsyncSession, user_id: str, *, address: str, user_agent: str, lasts: timedelta
) -> tuple[str, SessionRow]:
    """A new token, told this once, and its row."""
    now = datetime.now(UTC)
    await session.execute(delete(SessionRow).where(SessionRow.expires_at <= now))
    token = secrets.token_urlsafe(TOKEN_BYTES)
    row = SessionRow(
        id=secrets.token_urlsafe(12),
        user_id=user_id,
        token_hash=hash_of(token),
        created_at=now,
        last_seen_at=now,
        expires_at=now + lasts,
        address=address,
        user_agent=user_agent[:MAX_USER_AGENT_CHARS],
    )
    session.add(row)
    await session.execute(update(UserRow).where(UserRow.id == user_id).values(last_seen_at=now))
    return token, row


async def find(
    session: AsyncSession, token_hash: str, now: datetime
) -> tuple[SessionRow, Role] | None:
    query = (
        select(SessionRow, UserRow.role)
        .join(UserRow, UserRow.id == SessionRow.user_id)
        .where(SessionRow.token_hash == token_hash, SessionRow.expires_at > now)
        .where(UserRow.disabled_at.is_(None))
    )
    row = (await session.execute(query)).one_or_none()
    return None if row is None else (row[0], row[1])


async def sessions_of(session: AsyncSession, user_id: str) -> Sequence[SessionRow]:
    query = (
        select(SessionRow)
        .where(SessionRow.user_id == user_id, SessionRow.expires_at > datetime.now(UTC))
        .order_by(SessionRow.last_seen_at.desc(), SessionRow.id)
    )
    return (await session.scalars(query)).all()


async def close_session(session: AsyncSession, user_id: str, session_id: str) -> bool:
    """False when the user has no such session."""
    return await _close(session, SessionRow.user_id == user_id, SessionRow.id == session_id)


async def close_token(session: AsyncSession, token: str) -> bool:
    return await _close(session, SessionRow.token_hash == hash_of(token))


async def close_all(session: AsyncSession, user_id: str, *, but: str | None = None) -> bool:
    """`but`: the session that stays. False when there was none."""
    others = [] if but is None else [SessionRow.id != but]
    return await _close(session, SessionRow.user_id == user_id, *others)


def hash_of(token: str) -> str:
    """Tokens have 256 random bits: nothing slower than SHA-256 is needed."""
    return sha256(token.encode("utf-8", "replace")).hexdigest()


async def _close(session: AsyncSession, *which: ColumnElement[bool]) -> bool:
    closed = await session.scalars(delete(SessionRow).where(*which).returning(SessionRow.id))
    return bool(closed.all())


async def _seen(
    session: AsyncSession, row: SessionRow, now: datetime, lasts: timedelta
) -> datetime:
    expires_at = now + lasts
    await session.execute(
        update(SessionRow)
        .where(SessionRow.id == row.id)
        .values(last_seen_at=now, expires_at=expires_at)
    )
    await session.execute(update(UserRow).where(UserRow.id == row.user_id).values(last_seen_at=now))
    return expires_at
