"""What was used: added up in memory, written a few seconds later, read by day."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts.tables import UserRow
from backend.data.db import Database
from backend.gateway.schema import Usage
from backend.gateway.tables import ApiKeyRow, UsageRow
from chassis.errors import InvalidRequest, Unavailable
from chassis.logs import get_logger

WRITE_EVERY_S = 2.0

log = get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What one request used."""

    audio_s: float = 0.0
    tokens: int = 0
    characters: int = 0


@dataclass(slots=True)
class _Sum:
    requests: int = 0
    audio_s: float = 0.0
    tokens: int = 0
    characters: int = 0

    def add(self, other: "_Sum") -> None:
        self.requests += other.requests
        self.audio_s += other.audio_s
        self.tokens += other.tokens
        self.characters += other.characters


Account = tuple[str, str, str, str]  # user, key or "", day, service: the row's primary key


def today() -> str:
    return datetime.now(UTC).date().isoformat()


class Ledger:
    """Enter it for the service's life: it writes what was added, at the latest when left."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sums: dict[Account, _Sum] = {}
        self._last_used: dict[str, datetime] = {}  # by key
        self._some = asyncio.Event()
        self._turn = asyncio.Lock()  # who reads waits for what is being written
        self._writing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._writing = asyncio.create_task(self._write_until_left())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._writing is not None:
            async with self._turn:  # a write that was cut off would be lost, or counted twice
                self._writing.cancel()
            await asyncio.gather(self._writing, return_exceptions=True)
        await self.write()

    def add(self, user_id: str, key_id: str, service: str, used: Used, requests: int = 0) -> None:
        """`key_id`: "" of what the user did in the web app."""
        sums = self._sums.setdefault((user_id, key_id, today(), service), _Sum())
        sums.add(_Sum(requests, used.audio_s, used.tokens, used.characters))
        if key_id:
            self._last_used[key_id] = datetime.now(UTC)
        self._some.set()

    async def write(self) -> None:
        """Everything added until now. What cannot be written stays for the next time."""
        async with self._turn:
            sums, self._sums = self._sums, {}
            last_used, self._last_used = self._last_used, {}
            self._some.clear()
            if not sums:
                return
            try:
                await self._write(sums, last_used)
            except (Unavailable, InvalidRequest) as exc:
                log.warning("usage_not_written", code=exc.error_code, rows=len(sums))
                self._take_back(sums, last_used)

    async def _write(self, sums: dict[Account, _Sum], last_used: dict[str, datetime]) -> None:
        async with self._database.writing() as session:
            await _add(session, sums)
            for key_id, at in last_used.items():
                used = update(ApiKeyRow).where(ApiKeyRow.id == key_id)
                await session.execute(used.values(last_used_at=at))

    def _take_back(self, sums: dict[Account, _Sum], last_used: dict[str, datetime]) -> None:
        for account, one in sums.items():
            self._sums.setdefault(account, _Sum()).add(one)
        self._last_used = last_used | self._last_used
        self._some.set()

    async def _write_until_left(self) -> None:
        while True:
            await self._some.wait()
            await asyncio.sleep(WRITE_EVERY_S)
            await self.write()


async def usage_of(session: AsyncSession, user_id: str, days: int) -> list[Usage]:
    """The user's last `days` days, today the last of them; the newest first."""
    first = (datetime.now(UTC).date() - timedelta(days=days - 1)).isoformat()
    names = select(ApiKeyRow.id, ApiKeyRow.name).where(ApiKeyRow.user_id == user_id)
    named = {row.id: row.name for row in await session.execute(names)}
    mine = select(UsageRow).where(UsageRow.user_id == user_id, UsageRow.day >= first)
    ordered = mine.order_by(UsageRow.day.desc(), UsageRow.key_id, UsageRow.service)
    return [_told(row, named) for row in await session.scalars(ordered)]


async def used_today(session: AsyncSession, key_id: str) -> Used:
    """What a key used so far, as it was written."""
    mine = select(UsageRow).where(UsageRow.key_id == key_id, UsageRow.day == today())
    rows = (await session.scalars(mine)).all()
    return Used(audio_s=sum(r.audio_s for r in rows), tokens=sum(r.tokens for r in rows))


def _told(row: UsageRow, named: dict[str, str]) -> Usage:
    return Usage.model_validate(
        {
            "day": row.day,
            "key_id": row.key_id or None,
            "key_name": named.get(row.key_id),
            "service": row.service,
            "requests": row.requests,
            "audio_s": round(row.audio_s, 3),
            "tokens": row.tokens,
            "characters": row.characters,
        }
    )


async def _add(session: AsyncSession, sums: dict[Account, _Sum]) -> None:
    """Nobody else writes meanwhile. Users who are gone take what they used along."""
    there = await _users_there(session, {account[0] for account in sums})
    for account, one in sums.items():
        user_id, key_id, day, service = account
        if user_id not in there:
            continue
        row = await session.get(UsageRow, (user_id, key_id, day, service))
        if row is None:
            row = UsageRow(user_id=user_id, key_id=key_id, day=day, service=service)
            row.requests, row.audio_s, row.tokens, row.characters = 0, 0.0, 0, 0
            session.add(row)
        row.requests += one.requests
        row.audio_s += one.audio_s
        row.tokens += one.tokens
        row.characters += one.characters


async def _users_there(session: AsyncSession, users: Iterable[str]) -> Sequence[str]:
    return (await session.scalars(select(UserRow.id).where(UserRow.id.in_(list(users))))).all()
