"""Which memories bear on what is asked: by meaning where embeddings are there, and by words."""

import asyncio
import time
from collections import defaultdict
from contextlib import AsyncExitStack, suppress
from typing import Self

from sqlalchemy.ext.asyncio import AsyncSession

from backend.data.db import Database
from backend.memories import stored
from backend.memories.embedder import Embedder
from backend.memories.embeddings import Embeddings, EmbeddingsRefused, EmbeddingsUnavailable
from backend.memories.index import Contents, Indexes, Known
from backend.memories.tables import MemoryRow
from backend.memories.uses import Uses
from backend.memories.vectors import Vector
from chassis.errors import Unavailable
from chassis.logs import get_logger

EMBED_IN_A_TURN_S = 0.025  # the agent waits 40 ms for the whole answer
EMBED_FOR_A_PAGE_S = 1.0
MOST_FOUND = 1_000
REST_S = 5.0  # without asking, after the server was late or away
# Of two texts that have nothing to do with each other most models say less.
LEAST_COSINE = 0.3
# Reciprocal rank fusion, with the constant of its authors (Cormack et al. 2009): scores of words
# and of vectors cannot be added, places can.
FUSED_FROM = 60

log = get_logger(__name__)


class MemorySearch:
    """Of all users. Enter it for the service's life."""

    def __init__(self, database: Database, embeddings: Embeddings | None = None) -> None:
        """`embeddings` None: by words alone."""
        self._database = database
        self._embeddings = embeddings
        self._rests_until_s = float("-inf")
        self._uses = Uses(database)
        self._embedder = Embedder(database, embeddings) if embeddings else None
        self._stack = AsyncExitStack()
        self._reading_ahead: set[asyncio.Task[None]] = set()
        self.indexes = Indexes(embeddings.model if embeddings else None)

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self._uses)
        if self._embedder is not None:
            await self._stack.enter_async_context(self._embedder)
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._reading_ahead:
            task.cancel()
        await asyncio.gather(*self._reading_ahead, return_exceptions=True)
        await self._stack.aclose()

    def wrote(self) -> None:
        """To be called when a memory was added or its text changed."""
        if self._embedder is not None:
            self._embedder.wake()

    async def relevant(
        self, user_id: str, query: str, within_s: float = EMBED_FOR_A_PAGE_S
    ) -> list[Known]:
        """Those that bear on `query`, best first, 1,000 at most, proposed ones too. `within_s`: how
        long its embedding is waited for."""
        vector = await self._vector(query, within_s)
        async with (
            self._database.reading() as session,
            self.indexes.of(session, user_id) as contents,
        ):
            # A thread: ten thousand memories would hold up every other request for milliseconds.
            return await asyncio.to_thread(_relevant, contents, query, vector)

    async def told(self, user_id: str, query: str, limit: int) -> list[Known]:
        """As `relevant`, of those that the agent may be told; without a query the newest."""
        async with self._database.reading() as session:
            if await stored.policy_of(session, user_id) == "off":
                return []
            told = [] if query else await _newest(session, user_id, limit)
        if query:
            found = await self.relevant(user_id, query, EMBED_IN_A_TURN_S)
            told = [known for known in found if not known.proposed][:limit]
        self._uses.note(*(known.id for known in told))
        return told

    async def at_start(self, session: AsyncSession, user_id: str, limit: int) -> list[Known]:
        """What a call begins with: what was told last, as it is likely to matter again, and the
        newest. All are read ahead: the first turn comes in seconds, and waits for none of it."""
        if await stored.policy_of(session, user_id) == "off":
            return []
        task = asyncio.create_task(self._read_ahead(user_id))
        self._reading_ahead.add(task)
        task.add_done_callback(self._reading_ahead.discard)
        used = [_known(row) for row in await stored.last_used(session, user_id, limit // 2)]
        new = await _newest(session, user_id, limit)
        return list({known.id: known for known in (*used, *new)}.values())[:limit]

    async def matching(self, session: AsyncSession, user_id: str, query: str) -> list[Known]:
        """Those that `query` means to forget: by words alone, as what is lost is lost."""
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

    async def _read_ahead(self, user_id: str) -> None:
        with suppress(Unavailable):  # whoever asks then is told so
            await self.prepare(user_id)

    async def _vector(self, query: str, within_s: float) -> Vector | None:
        now_s = time.monotonic()
        if self._embeddings is None or now_s < self._rests_until_s:
            return None
        try:
            (vector,) = await self._embeddings.of([query], within_s)
        except EmbeddingsRefused:
            return None
        except EmbeddingsUnavailable as exc:
            self._rests_until_s = now_s + REST_S
            log.info("query_not_embedded", reason=str(exc))
            return None
        return vector


async def _newest(session: AsyncSession, user_id: str, limit: int) -> list[Known]:
    rows, _ = await stored.page(session, user_id, proposed=False, limit=limit)
    return [_known(row) for row in rows]


def _known(row: MemoryRow) -> Known:
    return Known(row.id, row.text, row.kind, row.proposed)


def _relevant(contents: Contents, query: str, vector: Vector | None) -> list[Known]:
    by_words = contents.texts.relevant(query, MOST_FOUND)
    if vector is None:
        return [contents.known[id_] for id_ in by_words]
    by_meaning = contents.vectors.nearest(vector, LEAST_COSINE)[:MOST_FOUND]
    places: defaultdict[str, float] = defaultdict(float)
    for ranking in (by_meaning, by_words):
        for place, id_ in enumerate(ranking):
            places[id_] += 1 / (FUSED_FROM + place)
    # sorted() keeps the order of those that fit alike, so that pages follow each other.
    return [contents.known[id_] for id_ in sorted(places, key=lambda id_: -places[id_])]
