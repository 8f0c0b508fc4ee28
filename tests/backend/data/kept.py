"""Conversations put into a database, and read out of it, by their titles."""

from datetime import UTC, datetime
from uuid import uuid4

from sqlalchemy import select

from backend.conversations.tables import ConversationRow
from backend.data.db import Database

KEY = "k" * 32


async def add(database: Database, *titles: str) -> None:
    """All in one write."""
    async with database.writing() as session:
        for title in titles:
            session.add(
                ConversationRow(
                    id=uuid4().hex,
                    user_id="local",
                    channel="web",
                    started_at=datetime.now(UTC),
                    title=title,
                )
            )


async def titles(database: Database) -> list[str]:
    async with database.reading() as session:
        found = await session.scalars(select(ConversationRow.title))
        return sorted(title for title in found if title)
