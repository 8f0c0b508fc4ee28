"""What the user asked to be remembered: told, looked up and forgotten by voice."""

import sqlite3
from datetime import UTC, datetime
from typing import Annotated, Protocol

from pydantic import Field

from livekit_agent.tools.contract import Result, Tool, ToolFailure, tool
from livekit_agent.tools.database import Database, StoreUnavailable
from livekit_agent.tools.matching import best_matches, shared, telling_words

MAX_NOTE_CHARS = 500
MAX_RECALLED = 5
MAX_NOTES = 1000  # of one user; the oldest go

Text = Annotated[str, Field(min_length=1, max_length=MAX_NOTE_CHARS)]


class MemoryUnavailable(ToolFailure):
    """What is remembered cannot be reached now."""

    def __init__(self) -> None:
        super().__init__("memory_unavailable", "my memory is out of reach just now")


class MemoryOff(ToolFailure):
    """The user chose that nothing is remembered."""

    def __init__(self) -> None:
        super().__init__("memory_off", "my memory is switched off in your settings")


class MemoryStore(Protocol):
    """The memory of one user. Every method raises MemoryUnavailable, the first two MemoryOff."""

    async def add(self, text: str) -> None:
        """Keep `text`, now or as soon as it can be."""

    async def find(self, query: str | None, limit: int) -> list[str]:
        """What fits `query`, the most fitting first; None: the newest first."""

    async def delete(self, query: str) -> list[str]:
        """Forget what fits `query` best, and return it."""


class Remembered(Result):
    text: str


class Recalled(Result):
    notes: list[str]


class Forgotten(Result):
    forgotten: list[str]


def memory_tools(memory: MemoryStore) -> list[Tool]:
    @tool(privileged=True)
    async def remember(text: Text) -> Remembered:
        """Remember something for the user, also for later calls.

        Args:
            text: the fact, in the user's own words, such as "the key is under the mat".
        """
        await memory.add(text)
        return Remembered(text=text)

    @tool
    async def recall(query: str | None = None) -> Recalled:
        """Look up what the user asked to be remembered.

        Args:
            query: words to look for; null for the latest notes.
        """
        return Recalled(notes=await memory.find(query, MAX_RECALLED))

    @tool(privileged=True)
    async def forget(query: Text) -> Forgotten:
        """Forget something that was remembered. Only when the user asks for it.

        Args:
            query: words of what is to be forgotten, such as "the key".
        """
        forgotten = await memory.delete(query)
        if not forgotten:
            raise ToolFailure("nothing_found", f"I have nothing noted about {query}")
        return Forgotten(forgotten=forgotten)

    return [remember, recall, forget]


class LocalMemory:
    """Notes in the database of this machine."""

    def __init__(self, database: Database, owner: str) -> None:
        self._database = database
        self._owner = owner

    async def add(self, text: str) -> None:
        now = datetime.now(UTC).isoformat(timespec="seconds")

        def work(db: sqlite3.Connection) -> None:
            db.execute(
                "INSERT INTO notes (owner, text, created_at) VALUES (?, ?, ?)",
                (self._owner, text, now),
            )
            db.execute(
                "DELETE FROM notes WHERE owner = ? AND id NOT IN"
                " (SELECT id FROM notes WHERE owner = ? ORDER BY id DESC LIMIT ?)",
                (self._owner, self._owner, MAX_NOTES),
            )

        try:
            await self._database.run(work)
        except StoreUnavailable as exc:
            raise MemoryUnavailable from exc

    async def find(self, query: str | None, limit: int) -> list[str]:
        texts = [text for _, text in await self._notes()]
        if query and telling_words(query):
            scored = [(shared(query, text), text) for text in texts]
            # sorted() keeps the newest first among those that fit alike.
            texts = [text for score, text in sorted(scored, key=lambda s: -s[0]) if score]
        return texts[:limit]

    async def delete(self, query: str) -> list[str]:
        notes = await self._notes()
        chosen = [notes[place] for place in best_matches(query, [text for _, text in notes])]
        ids = [(note_id,) for note_id, _ in chosen]
        try:
            await self._database.run(
                lambda db: db.executemany("DELETE FROM notes WHERE id = ?", ids)
            )
        except StoreUnavailable as exc:
            raise MemoryUnavailable from exc
        return [text for _, text in chosen]

    async def _notes(self) -> list[tuple[int, str]]:
        """The newest first."""
        select = "SELECT id, text FROM notes WHERE owner = ? ORDER BY id DESC"
        try:
            return await self._database.run(
                lambda db: [(int(i), str(text)) for i, text in db.execute(select, (self._owner,))]
            )
        except StoreUnavailable as exc:
            raise MemoryUnavailable from exc
