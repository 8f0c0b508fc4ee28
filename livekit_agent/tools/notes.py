"""Things the user asked to be remembered, kept in a small database on this machine."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Self

import aiosqlite
from pydantic import Field

from livekit_agent.tools.contract import Result, Tool, ToolFailure, tool

MAX_NOTE_CHARS = 500
MAX_RECALLED = 5
MAX_NOTES = 1000
SCHEMA = "CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, text TEXT, created_at TEXT)"
# Words that say nothing about which note is meant.
COMMON_WORDS = frozenset(
    {"a", "about", "am", "an", "are", "did", "i", "is", "me", "my", "of", "on"}
    | {"the", "to", "was", "what", "where", "who", "you"}
)


class Remembered(Result):
    text: str


class Recalled(Result):
    notes: list[str]


class Notes:
    """The notes of this machine's user. Enter it for the length of a call."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._db: aiosqlite.Connection | None = None

    async def __aenter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._db = await aiosqlite.connect(self._folder / "notes.db", timeout=2.0)
        await self._db.execute("PRAGMA journal_mode=WAL")
        await self._db.execute(SCHEMA)
        await self._db.commit()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._db is not None:
            await self._db.close()

    async def add(self, text: str) -> None:
        """Keep `text`; the oldest go past MAX_NOTES."""
        db = self._open()
        now = datetime.now(UTC).isoformat(timespec="seconds")
        await db.execute("INSERT INTO notes (text, created_at) VALUES (?, ?)", (text, now))
        await db.execute(
            "DELETE FROM notes WHERE id NOT IN (SELECT id FROM notes ORDER BY id DESC LIMIT ?)",
            (MAX_NOTES,),
        )
        await db.commit()

    async def find(self, query: str | None) -> list[str]:
        """Up to MAX_RECALLED notes that share a word with `query`, the newest first; None: any."""
        async with self._open().execute("SELECT text FROM notes ORDER BY id DESC") as cursor:
            texts = [str(row[0]) for row in await cursor.fetchall()]
        wanted = _words(query) if query else set()
        return [text for text in texts if not wanted or wanted & _words(text)][:MAX_RECALLED]

    def _open(self) -> aiosqlite.Connection:
        if self._db is None:
            raise ToolFailure("no_notes", "my notes are not available")
        return self._db


def note_tools(notes: Notes) -> list[Tool]:
    @tool
    async def remember(
        text: Annotated[str, Field(min_length=1, max_length=MAX_NOTE_CHARS)],
    ) -> Remembered:
        """Remember something for the user.

        Args:
            text: the fact, in the user's own words, such as "the key is under the mat".
        """
        await notes.add(text)
        return Remembered(text=text)

    @tool
    async def recall(query: str | None = None) -> Recalled:
        """Look up what the user asked to be remembered.

        Args:
            query: words to look for; null for the latest notes.
        """
        return Recalled(notes=await notes.find(query))

    return [remember, recall]


def _words(text: str) -> set[str]:
    """The telling words of `text`, with a plain plural's s taken off."""
    cleaned = "".join(c if c.isalnum() else " " for c in text.lower())
    return {word.removesuffix("s") for word in cleaned.split() if word not in COMMON_WORDS}
