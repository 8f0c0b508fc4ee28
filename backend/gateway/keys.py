"""API keys as they are kept: made, listed, replaced, revoked."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.gateway.schema import NewApiKey
from backend.gateway.tables import ApiKeyRow
from chassis.errors import Conflict, InvalidRequest, NotFound

PREFIX = "pk-"
KEY_BYTES = 32  # 43 characters of base64: nobody guesses one, so its plain SHA-256 can be kept
HINT_CHARS = len(PREFIX) + 4
MAX_KEYS = 100  # of a user, revoked and expired ones too


def hash_of(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


async def keys_of(session: AsyncSession, user_id: str) -> Sequence[ApiKeyRow]:
    mine = select(ApiKeyRow).where(ApiKeyRow.user_id == user_id)
    return (await session.scalars(mine.order_by(ApiKeyRow.created_at.desc(), ApiKeyRow.id))).all()


async def make_key(
    session: AsyncSession, user_id: str, asked: NewApiKey, now: datetime
) -> tuple[ApiKeyRow, str]:
    """The row and the key, which is nowhere else. Raises InvalidRequest, Conflict for too many."""
    if asked.expires_at is not None and asked.expires_at <= now:
        raise InvalidRequest("expires_at: is past", param="expires_at")
    fields = asked.model_dump() | {"scopes": sorted(set(asked.scopes))}
    return await _add(session, user_id, fields, now)


async def rotate_key(
    session: AsyncSession, user_id: str, key_id: str, overlap_s: float, now: datetime
) -> tuple[ApiKeyRow, str]:
    """A new key like the old one, which ends after `overlap_s`. Raises NotFound, Conflict."""
    old = await _one_of(session, user_id, key_id)
    if not _works(old, now):
        raise Conflict("the key has ended: make a new one", param="id", code="key_ended")
    kept = (
        "name",
        "scopes",
        "requests_per_minute",
        "audio_minutes_per_day",
        "tokens_per_day",
        "expires_at",
    )
    fields = {name: getattr(old, name) for name in kept} | {"rotated_from": old.id}
    made = await _add(session, user_id, fields, now)
    ends_at = now + timedelta(seconds=overlap_s)
    old.expires_at = ends_at if old.expires_at is None else min(old.expires_at, ends_at)
    return made


async def revoke_key(session: AsyncSession, user_id: str, key_id: str, now: datetime) -> None:
    """Ends it now; again is fine. Raises NotFound."""
    row = await _one_of(session, user_id, key_id)
    row.revoked_at = row.revoked_at or now


def _works(row: ApiKeyRow, now: datetime) -> bool:
    return row.revoked_at is None and (row.expires_at is None or row.expires_at > now)


async def _one_of(session: AsyncSession, user_id: str, key_id: str) -> ApiKeyRow:
    row = await session.get(ApiKeyRow, key_id)
    if row is None or row.user_id != user_id:
        raise NotFound("there is no such key", param="id")
    return row


async def _add(
    session: AsyncSession, user_id: str, fields: dict[str, object], now: datetime
) -> tuple[ApiKeyRow, str]:
    count = await session.scalar(
        select(func.count()).select_from(ApiKeyRow).where(ApiKeyRow.user_id == user_id)
    )
    if (count or 0) >= MAX_KEYS:
        await _drop_ended(session, user_id, now)
    key = PREFIX + secrets.token_urlsafe(KEY_BYTES)
    row = ApiKeyRow(
        id=secrets.token_hex(8),
        user_id=user_id,
        hint=key[:HINT_CHARS],
        key_hash=hash_of(key),
        created_at=now.astimezone(UTC),
        **fields,
    )
    session.add(row)
    return row, key


async def _drop_ended(session: AsyncSession, user_id: str, now: datetime) -> None:
    """Room for one more. Raises Conflict when all still work."""
    ended = [row for row in await keys_of(session, user_id) if not _works(row, now)]
    if not ended:
        raise Conflict(f"{MAX_KEYS} keys are the most: revoke one", code="too_many_keys")
    await session.delete(ended[-1])
