"""What is recorded is the same however often and in whatever order it is delivered."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from backend import internal_schema as schema
from backend.conversations import recorded, told
from backend.conversations.tables import ConversationRow
from backend.data.db import Database
from chassis.ended import EndedReason
from tests.backend.conversations.history import NOON

CALL = "c1"
Record = tuple[str, int]
RECORDS: list[Record] = [("begin", 0), ("turn", 1), ("turn", 2), ("turn", 3), ("end", 4)]


@settings(max_examples=40, deadline=None)
@given(
    order=st.permutations(RECORDS),
    again=st.lists(st.sampled_from(RECORDS), max_size=6),
)
def test_any_order_and_any_repetition_tells_the_same(
    page_url: str, order: Sequence[Record], again: Sequence[Record]
) -> None:
    once = asyncio.run(_delivered(page_url, RECORDS))
    assert asyncio.run(_delivered(page_url, [*order, *again])) == once


async def _delivered(url: str, records: Sequence[Record]) -> Any:
    async with Database(url) as database:
        async with database.writing() as session:
            await session.execute(delete(ConversationRow))
        for what, minute in records:
            async with database.writing() as session:
                await _deliver(session, what, minute)
        conversation = await told.tell(database, "ann", CALL)
    turns = [(turn.text, turn.started_at) for turn in conversation.turns]
    return conversation.model_dump(exclude={"turns"}), turns


async def _deliver(session: Any, what: str, minute: int) -> None:
    at = NOON + timedelta(minutes=minute)
    if what == "begin":
        begun = schema.NewConversation(
            conversation_id=CALL, channel="sip", user_id="ann", started_at=at
        )
        await recorded.begin(session, begun)
    elif what == "turn":
        turn = schema.NewTurn(role="user", text=f"turn {minute}", started_at=at)
        await recorded.add_turn(session, CALL, turn, f"key {minute}")
    else:
        await recorded.end(session, CALL, schema.End(reason=EndedReason.USER_LEFT, ended_at=at))
