"""The history searched for words. The database cannot read what it keeps: conversations are opened
batch by batch, newest first, in a thread, for as long as one request may take."""

import asyncio
import re
import time
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.conversations import schema
from backend.conversations.cursors import Cursor
from backend.conversations.listed import Filter, filtered, some
from backend.conversations.sealed import as_stored, keys_of, opened
from backend.conversations.tables import ConversationRow, TurnRow
from backend.data.db import Database
from backend.data.encryption import KeyRing

BATCH = 25
SEARCH_FOR_S = 0.6  # then the page ends, and its cursor goes on from there
BEFORE_CHARS, AFTER_CHARS = 50, 110  # of a snippet, around the hit
MARKS = re.compile("[\u0300-\u036f]")  # the accents that NFKD takes off letters


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    conversations: Sequence[Row[Any]]
    turns: dict[str, list[str]]  # by conversation, as stored
    keys: KeyRing


async def search(
    database: Database,
    wanted: Filter,
    query: str,
    cursor: Cursor | None,
    limit: int,
    clock: Callable[[], float] = time.monotonic,
) -> schema.ConversationPage:
    """Those with all words of `query` in one turn, the title or the summary. The page may have
    fewer than `limit`, even none, and yet a next one: it looked as far as its time went."""
    words = fold(query).split()
    until_s = clock() + SEARCH_FOR_S
    hits: dict[str, str] = {}
    while True:
        async with database.reading() as session:
            batch = await _read(session, wanted, cursor)
        cursor, found = await asyncio.to_thread(_look, batch, words, limit - len(hits))
        hits |= found
        if cursor is None or len(hits) >= limit or clock() >= until_s:
            break
    async with database.reading() as session:
        lines = await some(session, wanted.user_id, list(hits))
    return schema.ConversationPage(
        conversations=[
            lines[id_].model_copy(update={"match": match})
            for id_, match in hits.items()
            if id_ in lines
        ],
        next_cursor=None if cursor is None else str(cursor),
    )


def fold(text: str) -> str:
    """Without case and accents."""
    if text.isascii():
        return text.lower()
    return MARKS.sub("", unicodedata.normalize("NFKD", text.casefold()))


def snippet(text: str, words: Sequence[str]) -> str | None:
    """Where all of `words`, folded, are in `text`; None when one is not."""
    folded = fold(text)
    places = [folded.find(word) for word in words]
    if min(places, default=-1) < 0:
        return None
    hit = _unfolded(text, min(places))
    start, end = max(0, hit - BEFORE_CHARS), hit + AFTER_CHARS
    cut = " ".join(text[start:end].split())
    return f"{'…' if start else ''}{cut}{'…' if end < len(text) else ''}"


def _unfolded(text: str, place: int) -> int:
    """Where in `text` is what is at `place` of its folding: a letter may fold to several."""
    so_far = 0
    for index, char in enumerate(text):
        so_far += len(fold(char))
        if so_far > place:
            return index
    return len(text)


async def _read(session: AsyncSession, wanted: Filter, cursor: Cursor | None) -> _Batch:
    query = select(
        ConversationRow.id,
        ConversationRow.started_at,
        as_stored(ConversationRow.title),
        as_stored(ConversationRow.summary),
    )
    found = await session.execute(filtered(query, wanted, cursor).limit(BATCH))
    conversations = found.all()
    said = await session.execute(
        select(TurnRow.conversation_id, as_stored(TurnRow.text))
        .where(TurnRow.conversation_id.in_([row.id for row in conversations]))
        .order_by(TurnRow.conversation_id, TurnRow.started_at)
    )
    turns: dict[str, list[str]] = defaultdict(list)
    for conversation_id, text in said:
        turns[conversation_id].append(text)
    return _Batch(conversations=conversations, turns=turns, keys=keys_of(session))


def _look(batch: _Batch, words: Sequence[str], most: int) -> tuple[Cursor | None, dict[str, str]]:
    """Up to `most` hits of the batch, and where to go on: None when nothing is older."""
    hits: dict[str, str] = {}
    for row in batch.conversations:
        texts = (snippet(text, words) for text in _texts(batch, row))
        hit = next((text for text in texts if text is not None), None)
        if hit is not None:
            hits[row.id] = hit
            if len(hits) == most:
                return Cursor(started_at=row.started_at, id=row.id), hits
    if len(batch.conversations) < BATCH:
        return None, hits
    last = batch.conversations[-1]
    return Cursor(started_at=last.started_at, id=last.id), hits


def _texts(batch: _Batch, row: Row[Any]) -> Iterator[str]:
    yield opened(row.title, ConversationRow.title, batch.keys) or ""
    for text in batch.turns.get(row.id, ()):
        yield opened(text, TurnRow.text, batch.keys) or ""
    yield opened(row.summary, ConversationRow.summary, batch.keys) or ""
