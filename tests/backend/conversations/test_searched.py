"""Conversations found by words that the database itself cannot read."""

import itertools
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from backend.accounts.tables import LOCAL_USER
from backend.conversations.cursors import Cursor
from backend.conversations.listed import Filter
from backend.conversations.searched import BATCH, SEARCH_FOR_S, fold, search, snippet
from backend.conversations.tables import ConversationRow
from backend.data.db import Database
from tests.backend.apps import SERVICE_KEY, BuildApp
from tests.backend.conversations.history import NOON, begin, listed, say

BEARER = {"authorization": f"Bearer {SERVICE_KEY}"}


@pytest.mark.parametrize(
    ("text", "query", "found"),
    [
        ("Das große Straßenfest", "STRASSE", True),
        ("Un café crème", "CAFE creme", True),
        ("un cafe", "café", True),
        ("İstanbul", "istanbul", True),
        ("tea", "coffee", False),
        ("tea and cake", "cake coffee", False),
        ("", "x", False),
    ],
)
def test_case_and_accents_do_not_count(text: str, query: str, found: bool) -> None:
    assert (snippet(text, fold(query).split()) is not None) is found


def test_a_snippet_is_the_text_around_the_hit() -> None:
    text = "ﬁx Éé " + "so " * 100 + "NEEDLE" + " yes" * 100
    told = snippet(text, ["needle"])
    assert told is not None
    assert told.startswith("…")
    assert told.endswith("…")
    assert "so so NEEDLE yes yes" in told
    assert len(told) < 170


def test_a_search_looks_in_titles_turns_and_summaries(build_app: BuildApp) -> None:
    with TestClient(build_app(encryption_keys=["k" * 32]), headers=BEARER) as agent:
        for i, id_ in enumerate(("title", "turn", "summary", "nothing")):
            begin(agent, id_, minute=i)
            say(agent, id_, "I like the sea", minute=i)
        agent.patch("/api/conversations/title", json={"title": "À la pêche"})
        say(agent, "turn", "On va à la pêche aux moules", minute=9, role="assistant")
        agent.put("/internal/conversations/summary/summary", json={"text": "La Peche!"})
        begin(agent, "others", user_id="ann")
        say(agent, "others", "peche", minute=1)
        found = listed(agent, q="la PÊCHE")["conversations"]
        assert [(c["id"], c["match"]) for c in found] == [
            ("summary", "La Peche!"),
            ("turn", "On va à la pêche aux moules"),
            ("title", "À la pêche"),
        ]
        assert [c["id"] for c in listed(agent, q="peche", limit=1)["conversations"]] == ["summary"]
        assert listed(agent, q="sea peche") == {"conversations": [], "next_cursor": None}
        assert len(listed(agent, q="  ")["conversations"]) == 4


def test_a_search_goes_on_where_its_page_was_full(agent: TestClient) -> None:
    for i in range(BATCH + 5):
        say(agent, f"c{i}", "needle" if i % 10 == 0 else "hay", minute=i)
    seen, cursor = [], ""
    while cursor is not None:
        page = listed(agent, q="needle", limit=1, **({"cursor": cursor} if cursor else {}))
        seen += [c["id"] for c in page["conversations"]]
        cursor = page["next_cursor"]
    assert seen == ["c20", "c10", "c0"]


async def test_a_search_that_takes_too_long_ends_its_page(database: Database) -> None:
    count = 2 * BATCH + 1
    async with database.writing() as session:
        session.add_all(
            ConversationRow(
                id=f"c{i}",
                user_id=LOCAL_USER,
                channel="web",
                started_at=NOON + timedelta(minutes=i),
                title="needle" if i == 0 else "hay",
            )
            for i in range(count)
        )
    wanted, cursor, pages = Filter(user_id=LOCAL_USER), None, 0
    while True:
        slow = itertools.count(0, SEARCH_FOR_S).__next__  # a batch takes all the time there is
        page = await search(database, wanted, "needle", cursor, 10, clock=slow)
        pages += 1
        if page.next_cursor is None:
            break
        assert page.conversations == []
        cursor = Cursor.parse(page.next_cursor)
    assert pages == 3
    assert [c.id for c in page.conversations] == ["c0"]
