"""What is known about a user between calls, and which of it bears on what is asked."""

import functools
import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import uuid4

from rank_bm25 import BM25Plus  # type: ignore[import-untyped]  # it ships no types
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend import internal_schema as schema
from backend.memories.tables import MemoryRow

MEMORIES_RANKED = 1_000  # newest first; ranking them takes a few ms, a turn has 40 ms for all of it
WORDS_KEPT = 4 * MEMORIES_RANKED  # texts whose words are at hand
STEM_CHARS = 4  # a shorter word's last s is not a plural: bus, has, gas
FORGET_SHARE = 0.5  # of the query's words that a memory must have to be deleted by it
WORD = re.compile(r"\w+")
# Words that are in every question, in the languages spoken here.
ENGLISH = """
a about am an and any are as at be been but by can could d did do does for forget from had
has have her him his how i if in is it its know ll m me my of on or our please re remember s
she should so t tell than that the their them then there they this to ve was we were what when
where which who whose why will with would you your
"""
FRENCH = """
au aux avec ai as c ce ces cet cette comment d dans de des du elle en es est et eu il ils j je
l la le les leur lui m ma mais me mes mon n ne nos notre nous on ont ou oublie par pas pour qu
quand que quel quelle quels quelles qui quoi sa se ses sont souviens sur ta te tes toi ton tu
un une vos votre vous y
"""
STOPWORDS = frozenset(ENGLISH.split() + FRENCH.split())


async def remember(
    session: AsyncSession, new: schema.NewMemory, user_id: str, key: str
) -> tuple[str, bool]:
    """The memory's id, and whether it is new: told twice, it is kept once."""
    known = select(MemoryRow.id).where(MemoryRow.idempotency_key == key)
    kept = await session.scalar(known)
    if kept is not None:
        return kept, False
    for memory in await newest(session, user_id):  # encrypted: the database cannot compare them
        if memory.text == new.text:
            return memory.id, False
    memory_id = uuid4().hex
    session.add(
        MemoryRow(
            id=memory_id,
            user_id=user_id,
            conversation_id=new.conversation_id,
            idempotency_key=key,
            text=new.text,
            kind=new.kind,
            proposed=False,
            recorded_at=datetime.now(UTC),
        )
    )
    return memory_id, True


async def newest(
    session: AsyncSession, user_id: str, limit: int = MEMORIES_RANKED
) -> list[schema.Memory]:
    # Columns, not mapped rows: a thousand of those take four times as long.
    rows = (
        select(MemoryRow.id, MemoryRow.text, MemoryRow.kind)
        .where(MemoryRow.user_id == user_id)
        .order_by(MemoryRow.recorded_at.desc())
        .limit(limit)
    )
    found = await session.execute(rows)
    return [schema.Memory(id=id_, text=text, kind=kind) for id_, text, kind in found]


async def forget(session: AsyncSession, user_id: str, query: str) -> list[schema.Memory]:
    """Delete those that match `query` best, and return them."""
    gone = best_matches(query, await newest(session, user_id))
    ids = [memory.id for memory in gone]
    await session.execute(delete(MemoryRow).where(MemoryRow.id.in_(ids)))
    return gone


def relevant(query: str, memories: Sequence[schema.Memory], limit: int) -> list[schema.Memory]:
    """Those that share a word with `query`, best first by BM25."""
    asked = words_of(query)
    documents = [words_of(memory.text) for memory in memories]
    if not asked or not any(documents):
        return []
    # The plain variant scores a word below zero when half of few memories have it.
    scores = BM25Plus(documents).get_scores(asked)
    matching = [i for i, words in enumerate(documents) if set(words) & set(asked)]
    matching.sort(key=lambda i: scores[i], reverse=True)
    return [memories[i] for i in matching[:limit]]


def best_matches(query: str, memories: Sequence[schema.Memory]) -> list[schema.Memory]:
    """Those with as many words of `query` as any has, if that is at least half of them."""
    asked = set(words_of(query))
    shared = [len(asked & set(words_of(memory.text))) for memory in memories]
    most = max(shared, default=0)
    if most == 0 or most < FORGET_SHARE * len(asked):
        return []
    return [memory for memory, count in zip(memories, shared, strict=True) if count == most]


@functools.lru_cache(WORDS_KEPT)
def words_of(text: str) -> tuple[str, ...]:
    """Words that carry meaning, without accents, case and plural ending."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    return tuple(_stem(word) for word in WORD.findall(plain) if word not in STOPWORDS)


def _stem(word: str) -> str:
    if len(word) >= STEM_CHARS and word[-1] in "sx" and not word.endswith("ss"):
        return word[:-1]
    return word
