"""Which memories bear on what is asked: by meaning where embeddings are there, else by words."""

import asyncio
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from backend.data.db import Database
from backend.memories import stored
from backend.memories.index import Contents, Indexes, Known
from backend.memories.tables import MemoryRow


class MemorySearch:
    """Of all users."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.indexes = Indexes(None)

    async def relevant(self, user_id: str, query: str) -> list[Known]:
        """Those that bear on `query`, best first, proposed ones too."""
        async with (
            self._database.reading() as session,
            self.indexes.of(session, user_id) as contents,
        ):
            # A thread: ten thousand memories would hold up every other request for milliseconds.
            return await asyncio.to_thread(_relevant, contents, query)

    async def told(self, user_id: str, query: str, limit: int) -> Sequence[Known]:
        """As `relevant`, of those that the agent may be told; without a query the newest."""
        async with self._database.reading() as session:
            if await stored.policy_of(session, user_id) == "off":
                return []
            if not query:
                return await _newest(session, user_id, limit)
        found = await self.relevant(user_id, query)
        return [known for known in found if not known.proposed][:limit]

    async def at_start(self, session: AsyncSession, user_id: str, limit: int) -> list[Known]:
        """What a call begins with: what was told last, as it is likely to matter again, and the
        newest."""
        if await stored.policy_of(session, user_id) == "off":
            return []
        used = [_known(row) for row in await stored.last_used(session, user_id, limit // 2)]
        new = await _newest(session, user_id, limit)
        return list({known.id: known for known in (*used, *new)}.values())[:limit]

    async def matching(self, session: AsyncSession, user_id: str, query: str) -> list[Known]:
        """Those that `query` means to forget."""
        async with self.indexes.of(session, user_id) as contents:
            ids = await asyncio.to_thread(contents.texts.best_matches, query)
            return [contents.known[id_] for id_ in ids]

    async def same(self, session: AsyncSession, user_id: str, text: str) -> str | None:
        """The id of the memory that says exactly this."""
        async with self.indexes.of(session, user_id) as contents:
            return contents.id_of(text)

    async def texts(self, session: AsyncSession, user_id: str) -> set[str]:
        """All that is known, word for word."""
        async with self.indexes.of(session, user_id) as contents:
            return {known.text for known in contents.known.values()}

    async def prepare(self, user_id: str) -> None:
        """Read what changed before a writer's turn is taken: then nothing is left to do in it."""
        async with self._database.reading() as session, self.indexes.of(session, user_id):
            pass


async def _newest(session: AsyncSession, user_id: str, limit: int) -> list[Known]:
    rows, _ = await stored.page(session, user_id, proposed=False, limit=limit)
    return [_known(row) for row in rows]


def _known(row: MemoryRow) -> Known:
    return Known(row.id, row.text, row.kind, row.proposed)


def _relevant(contents: Contents, query: str) -> list[Known]:
    return [contents.known[id_] for id_ in contents.texts.relevant(query)]
