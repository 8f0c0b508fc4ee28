"""Which API keys work now: read from the database once, then kept true beside it.

A key in use is looked at again each second, all of them in one query and in no request's time, so
that one revoked by another backend ends within REFRESH_EVERY_S; one revoked here ends at once.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Self

from sqlalchemy import ColumnElement, select

from backend.accounts.tables import UserRow
from backend.data.db import Database
from backend.gateway.keys import PREFIX, hash_of
from backend.gateway.tables import ApiKeyRow
from chassis.errors import Unauthorized, Unavailable

REFRESH_EVERY_S = 1.0
TRUSTED_S = 2.0  # how old what is known of a key may be: then a request waits for the database
KEPT_S = 60.0  # an unused key is forgotten
MAX_KEPT = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownKey:
    """A key that works, as last read."""

    id: str
    user_id: str
    scopes: frozenset[str]
    requests_per_minute: int | None
    audio_minutes_per_day: float | None
    tokens_per_day: int | None
    expires_at: datetime | None


@dataclass(slots=True)
class _Kept:
    key: KnownKey
    read_at_s: float  # on time.monotonic, as the next one
    used_at_s: float = field(default_factory=time.monotonic)


class Keychain:
    """Enter it for the service's life: it refreshes until left."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._kept: dict[str, _Kept] = {}  # by the key's hash
        self._ended: dict[str, float] = {}  # ids that ended here, and when: a read may be older
        self._used = asyncio.Event()
        self._refreshing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._refreshing = asyncio.create_task(self._refresh_until_left())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._refreshing is not None:
            self._refreshing.cancel()
            await asyncio.gather(self._refreshing, return_exceptions=True)

    async def find(self, secret: str) -> KnownKey:
        """Raises Unauthorized for what is no key that works, Unavailable without a database."""
        if not secret.startswith(PREFIX):
            raise _no_such_key()
        hashed = hash_of(secret)
        kept = self._kept.get(hashed)
        now_s = time.monotonic()
        if kept is None or now_s - kept.read_at_s > TRUSTED_S:
            await self._read(ApiKeyRow.key_hash == hashed, [hashed])
            kept = self._kept.get(hashed)
        if kept is None:
            raise _no_such_key()
        if _is_past(kept.key.expires_at):
            raise Unauthorized("this API key has expired", param="Authorization")
        kept.used_at_s = now_s
        self._used.set()
        return kept.key

    def works(self, secret: str) -> bool:
        """Whether a key is known to, without a read. One that nobody used for a while is not."""
        kept = self._kept.get(hash_of(secret))
        return kept is not None and not _is_past(kept.key.expires_at)

    def ended(self, key_id: str) -> None:
        """Call once a key was revoked or given an end: what is known of it is wrong."""
        self._ended[key_id] = time.monotonic()
        for hashed in [h for h, kept in self._kept.items() if kept.key.id == key_id]:
            del self._kept[hashed]

    async def _refresh_until_left(self) -> None:
        while True:
            if not self._kept:
                self._used.clear()
                await self._used.wait()
            await asyncio.sleep(REFRESH_EVERY_S)
            self._drop_unused()
            hashes = list(self._kept)
            if not hashes:
                continue
            try:
                await self._read(ApiKeyRow.key_hash.in_(hashes), hashes)
            except Unavailable:
                continue  # the database said so itself; from TRUSTED_S on, requests are told

    def _drop_unused(self) -> None:
        now_s = time.monotonic()
        by_use = sorted(self._kept, key=lambda hashed: self._kept[hashed].used_at_s)
        too_many = set(by_use[: max(0, len(by_use) - MAX_KEPT)])
        for hashed, kept in list(self._kept.items()):
            if hashed in too_many or now_s - kept.used_at_s > KEPT_S:
                del self._kept[hashed]
        for key_id, at_s in list(self._ended.items()):
            if now_s - at_s > KEPT_S:
                del self._ended[key_id]

    async def _read(self, which: ColumnElement[bool], hashes: Sequence[str]) -> None:
        """What `hashes` are now, and that those not found are nothing."""
        asked_at_s = time.monotonic()
        rows = select(ApiKeyRow).join(UserRow, UserRow.id == ApiKeyRow.user_id)
        live = (ApiKeyRow.revoked_at.is_(None), UserRow.disabled_at.is_(None))
        async with self._database.reading() as session:
            found = {row.key_hash: row for row in await session.scalars(rows.where(which, *live))}
        for hashed in hashes:
            row = found.get(hashed)
            kept = self._kept.get(hashed)
            if row is None or self._ended.get(row.id, float("-inf")) >= asked_at_s:
                self._kept.pop(hashed, None)
            elif kept is None:
                self._kept[hashed] = _Kept(_known(row), asked_at_s)
            else:
                kept.key, kept.read_at_s = _known(row), asked_at_s


def _known(row: ApiKeyRow) -> KnownKey:
    return KnownKey(
        id=row.id,
        user_id=row.user_id,
        scopes=frozenset(row.scopes),
        requests_per_minute=row.requests_per_minute,
        audio_minutes_per_day=row.audio_minutes_per_day,
        tokens_per_day=row.tokens_per_day,
        expires_at=row.expires_at,
    )


def _is_past(instant: datetime | None) -> bool:
    return instant is not None and datetime.now(UTC) >= instant


def _no_such_key() -> Unauthorized:
    return Unauthorized("this API key is unknown or was revoked", param="Authorization")
