"""Every conversation comes exactly once, whatever the size of pages and whoever talks meanwhile."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from backend.accounts.tables import LOCAL_USER
from backend.conversations.cursors import Cursor
from backend.conversations.listed import Filter, list_page
from backend.conversations.tables import ConversationRow
from backend.data.db import Database
from chassis.errors import InvalidRequest
from tests.backend.conversations.history import NOON

MINUTES = st.integers(0, 5)  # few: many conversations start at the same instant


@settings(max_examples=40, deadline=None)
@given(
    there=st.lists(MINUTES, max_size=25),
    meanwhile=st.lists(MINUTES, max_size=6),
    size=st.integers(1, 7),
)
def test_every_conversation_comes_once(
    page_url: str, there: list[int], meanwhile: list[int], size: int
) -> None:
    asyncio.run(_page_through(page_url, there, meanwhile, size))


async def test_pages_are_the_same_on_every_database(database: Database) -> None:
    await _add(database, "old", [0, 1, 1, 1, 2, 2, 5])
    assert await _ids_of_pages(database, 2, []) == [
        "old6", "old4", "old5", "old1", "old2", "old3", "old0"
    ]  # fmt: skip


@given(st.text(max_size=40))
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest):
        Cursor.parse(text)


@given(st.datetimes(timezones=st.just(UTC)), st.text(max_size=64))
def test_a_cursor_comes_back_as_it_went(started_at: datetime, id_: str) -> None:
    cursor = Cursor(started_at=started_at, id=id_)
    assert Cursor.parse(str(cursor)) == cursor


async def _page_through(url: str, there: list[int], meanwhile: list[int], size: int) -> None:
    async with Database(url) as database:
        async with database.writing() as session:
            await session.execute(delete(ConversationRow))
        await _add(database, "old", there)
        seen = await _ids_of_pages(database, size, list(enumerate(meanwhile)))
        assert len(seen) == len(set(seen))
        assert {id_ for id_ in seen if id_.startswith("old")} == {
            f"old{i}" for i in range(len(there))
        }


async def _ids_of_pages(
    database: Database, size: int, meanwhile: list[tuple[int, int]]
) -> list[str]:
    seen: list[str] = []
    cursor: Cursor | None = None
    while True:
        async with database.reading() as session:
            page = await list_page(session, Filter(user_id=LOCAL_USER), cursor, size)
        seen += [conversation.id for conversation in page.conversations]
        if page.next_cursor is None:
            return seen
        cursor = Cursor.parse(page.next_cursor)
        if meanwhile:
            number, minute = meanwhile.pop()
            await _add(database, f"new{number}-", [minute])


async def _add(database: Database, name: str, minutes: list[int]) -> None:
    async with database.writing() as session:
        session.add_all(
            ConversationRow(
                id=f"{name}{i}",
                user_id=LOCAL_USER,
                channel="web",
                started_at=NOON + timedelta(minutes=minute),
            )
            for i, minute in enumerate(minutes)
        )
