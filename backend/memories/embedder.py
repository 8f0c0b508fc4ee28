"""Gives memories their embeddings after they were written, when nobody waits.

What is still to be done is read from the database each time: a restart, a change of the model or
hours without the server lose nothing, and nothing piles up in memory.
"""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select, update

from backend.background import Background
from backend.data.db import Database
from backend.memories import stored
from backend.memories.embeddings import Embeddings, EmbeddingsRefused, EmbeddingsUnavailable
from backend.memories.tables import MemoryRow
from chassis.errors import Unavailable
from chassis.logs import get_logger

AT_ONCE = 32
EMBED_WITHIN_S = 30.0
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Missing:
    id: str
    user_id: str
    text: str
    version: int


class Embedder(Background):
    """Of all users. Enter it; `wake` it when a memory was written."""

    def __init__(self, database: Database, embeddings: Embeddings) -> None:
        self._database = database
        self._embeddings = embeddings
        self._wanted = asyncio.Event()
        self._wanted.set()  # something may have been left by the last run

    def wake(self) -> None:
        """There may be texts without embeddings."""
        self._wanted.set()

    async def _run(self) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            try:
                while await self._batch():
                    pause_s = FIRST_PAUSE_S
            except (EmbeddingsUnavailable, Unavailable) as exc:
                log.warning("memories_not_embedded", reason=str(exc), again_in_s=pause_s)
                self._wanted.set()
                await asyncio.sleep(pause_s)
                pause_s = min(LONGEST_PAUSE_S, 2 * pause_s)

    async def _batch(self) -> bool:
        """Whether there was anything to do."""
        missing = await self._missing()
        if not missing:
            return False
        try:
            vectors = await self._embeddings.of([m.text for m in missing], EMBED_WITHIN_S)
            embedded = {m.id: v.tobytes() for m, v in zip(missing, vectors, strict=True)}
        except EmbeddingsRefused:  # one of them is too long, or what not
            embedded = await self._one_by_one(missing)
        await self._keep(missing, embedded)
        return True

    async def _missing(self) -> list[_Missing]:
        model = MemoryRow.embedding_model
        rows = select(MemoryRow.id, MemoryRow.user_id, MemoryRow.text, MemoryRow.version).where(
            or_(model.is_(None), model != self._embeddings.model)
        )
        async with self._database.reading() as session:
            found = await session.execute(rows.limit(AT_ONCE))
            return [_Missing(*row) for row in found]

    async def _one_by_one(self, missing: Sequence[_Missing]) -> dict[str, bytes]:
        embedded = {}
        for each in missing:
            with contextlib.suppress(EmbeddingsRefused):
                (vector,) = await self._embeddings.of([each.text], EMBED_WITHIN_S)
                embedded[each.id] = vector.tobytes()
        return embedded

    async def _keep(self, missing: Sequence[_Missing], embedded: Mapping[str, bytes]) -> None:
        """One without an embedding is marked all the same, or it would be asked for for ever. What
        was changed meanwhile is left for the next round."""
        async with self._database.writing() as session:
            versions = {
                user_id: await stored.raised_version(session, user_id)
                for user_id in {each.user_id for each in missing}
            }
            for each in missing:
                unchanged = (MemoryRow.id == each.id, MemoryRow.version == each.version)
                await session.execute(
                    update(MemoryRow)
                    .where(*unchanged)
                    .values(
                        embedding=embedded.get(each.id),
                        embedding_model=self._embeddings.model,
                        version=versions[each.user_id],
                    )
                )
