"""What is known about users, at hand: read from the database once, then only what changed."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import LargeBinary, Row, Select, case, func, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts.tables import UserRow
from backend.conversations.sealed import as_stored, keys_of
from backend.data.encryption import KeyRing, open_bytes, open_text
from backend.internal_schema import MemoryKind
from backend.memories.ranked import RankedTexts
from backend.memories.tables import MemoryRow
from backend.memories.vectors import Vectors

MEMORIES_AT_HAND = 100_000  # of all users, some 2 kB each and 4 bytes a number of an embedding
ROWS_AT_ONCE = 1_000  # taken from the driver on the event loop: some ms
MOST_CHANGES = 200  # opened on the event loop


@dataclass(frozen=True, slots=True)
class Known:
    """One memory, as far as searching needs it."""

    id: str
    text: str
    kind: MemoryKind
    proposed: bool


class Contents:
    """The memories of one user, searchable."""

    def __init__(self) -> None:
        self.known: dict[str, Known] = {}
        self.texts = RankedTexts()
        self.vectors = Vectors()

    def id_of(self, text: str) -> str | None:
        """The memory that says exactly this."""
        return next((known.id for known in self.known.values() if known.text == text), None)

    def put(self, known: Known, embedding: bytes | None) -> None:
        """`embedding`: float32 as bytes, None when there is none of the model in use."""
        before = self.known.get(known.id)
        self.known[known.id] = known
        if before is None or before.text != known.text:
            self.texts.put(known.id, known.text)
        if embedding is None:
            self.vectors.drop(known.id)
        else:
            self.vectors.put(known.id, np.frombuffer(embedding, np.float32))

    def drop(self, id_: str) -> None:
        """One that is not there is fine."""
        self.known.pop(id_, None)
        self.texts.drop(id_)
        self.vectors.drop(id_)


class UserIndex:
    """`contents` are those of `version` of the user's memories; -1: of none yet."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.contents = Contents()
        self.version = -1
        # Of a great many memories: it goes on when whoever asked for it gave up.
        self.reading: asyncio.Task[tuple[int, Contents]] | None = None


class Indexes:
    """Of the users who were asked about last."""

    def __init__(self, model: str | None) -> None:
        """`model`: whose embeddings count; None: no embeddings."""
        self._model = model
        self._users: OrderedDict[str, UserIndex] = OrderedDict()

    @asynccontextmanager
    async def of(self, session: AsyncSession, user_id: str) -> AsyncIterator[Contents]:
        """The user's memories as `session` sees them, left alone by others inside the block."""
        index = self._users.setdefault(user_id, UserIndex())
        self._users.move_to_end(user_id)
        async with index.lock:
            await self._refresh(session, user_id, index)
            self._make_room()
            yield index.contents

    def drop(self, user_id: str) -> None:
        """Nothing of the user stays in memory."""
        self._users.pop(user_id, None)

    async def forget(self, user_id: str, ids: Iterable[str]) -> None:
        """These were deleted: whoever asks next need not find out by comparing all ids."""
        index = self._users.get(user_id)
        if index is not None:
            async with index.lock:
                for id_ in ids:
                    index.contents.drop(id_)

    async def _refresh(self, session: AsyncSession, user_id: str, index: UserIndex) -> None:
        if index.reading is not None:
            await self._take(index)
        version = await session.scalar(
            select(UserRow.memories_version).where(UserRow.id == user_id)
        )
        if version is not None and version == index.version:
            return
        keys = keys_of(session)
        changed = await self._changed(session, user_id, index) if version is not None else None
        if changed is None:
            rows = await self._all(session, user_id)
            known = -1 if version is None else version
            index.reading = asyncio.create_task(_read(known, rows, keys))
            await self._take(index)
        else:
            for row in changed:
                index.contents.put(*_opened(row, keys))
            await _drop_deleted(session, user_id, index)
            index.version = version or 0

    async def _take(self, index: UserIndex) -> None:
        assert index.reading is not None
        try:
            index.version, index.contents = await asyncio.shield(index.reading)
        finally:
            if index.reading.done():
                index.reading = None

    async def _changed(
        self, session: AsyncSession, user_id: str, index: UserIndex
    ) -> Sequence[Row[Any]] | None:
        """None: so many that all may as well be read anew."""
        if index.version < 0:
            return None
        newer = self._rows(user_id).where(MemoryRow.version > index.version)
        rows = (await session.execute(newer.limit(MOST_CHANGES + 1))).all()
        return rows if len(rows) <= MOST_CHANGES else None

    async def _all(self, session: AsyncSession, user_id: str) -> list[Row[Any]]:
        rows: list[Row[Any]] = []
        stream = await session.stream(self._rows(user_id))
        async for some in stream.partitions(ROWS_AT_ONCE):
            rows += some
        return rows

    def _rows(self, user_id: str) -> Select[Any]:
        """Still sealed: opening ten thousand texts is for a thread."""
        embedding = case(
            (
                MemoryRow.embedding_model == self._model,
                type_coerce(MemoryRow.embedding, LargeBinary),
            )
        )
        return select(
            MemoryRow.id,
            as_stored(MemoryRow.text),
            MemoryRow.kind,
            MemoryRow.proposed,
            embedding.label("embedding"),
        ).where(MemoryRow.user_id == user_id)

    def _make_room(self) -> None:
        """Those asked about longest ago go; one in use stays with whoever uses it."""
        total = sum(len(index.contents.known) for index in self._users.values())
        while total > MEMORIES_AT_HAND and len(self._users) > 1:
            _, gone = self._users.popitem(last=False)
            total -= len(gone.contents.known)


async def _read(version: int, rows: Sequence[Row[Any]], keys: KeyRing) -> tuple[int, Contents]:
    return version, await asyncio.to_thread(_contents, rows, keys)


def _contents(rows: Sequence[Row[Any]], keys: KeyRing) -> Contents:
    contents = Contents()
    for row in rows:
        contents.put(*_opened(row, keys))
    return contents


def _opened(row: Row[Any], keys: KeyRing) -> tuple[Known, bytes | None]:
    text = open_text(row.text, "memories.text", keys)
    known = Known(id=row.id, text=text, kind=row.kind, proposed=row.proposed)
    sealed = row.embedding
    return known, None if sealed is None else open_bytes(sealed, "memories.embedding", keys)


async def _drop_deleted(session: AsyncSession, user_id: str, index: UserIndex) -> None:
    mine = MemoryRow.user_id == user_id
    total = await session.scalar(select(func.count()).select_from(MemoryRow).where(mine))
    if total == len(index.contents.known):
        return
    there = set(await session.scalars(select(MemoryRow.id).where(mine)))
    for id_ in index.contents.known.keys() - there:
        index.contents.drop(id_)
