import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from chassis.ended import EndedReason
from chassis.metrics import Metrics
from livekit_agent import journal as journal_module
from livekit_agent.backend_client import BackendClient, backend_http
from livekit_agent.delivery import Deliverer
from livekit_agent.journal import Journal, ToolUse
from livekit_agent.outbox import Letter, Outbox, OutboxUnavailable
from tests.livekit_agent.backend_process import KEY, backend_in
from tests.livekit_agent.test_outbox import everything

NOON_S = 1_767_355_200.0  # 2026-01-02T12:00:00Z


async def letters_of(folder: Path) -> list[Letter]:
    async with Outbox(folder) as outbox:
        return await everything(outbox)


def body(letter: Letter) -> Any:
    return json.loads(letter.body)


async def test_a_call_is_recorded_in_order(tmp_path: Path) -> None:
    async with Outbox(tmp_path) as outbox, Journal(outbox, "c1", user_id="ann") as journal:
        journal.started(channel="web", room="call-1", persona_id="atlas", at_s=NOON_S)
        journal.user_turn("what is two plus two", at_s=NOON_S + 1, confidence=0.9)
        journal.agent_turn(
            "Four. Anything else?",
            heard_text="Four.",
            at_s=NOON_S + 2,
            interrupted=True,
            timing={"llm_ttft_s": 0.2},
            tools=[ToolUse(name="calc", arguments={"e": "2+2"}, result={"value": 4})],
        )
        journal.summary("Sums.")
        journal.remembered("The user likes sums", "preference")
        journal.ended(EndedReason.USER_HUNG_UP, at_s=NOON_S + 3)
    letters = await letters_of(tmp_path)
    assert [(x.method, x.path.removeprefix("/internal/")) for x in letters] == [
        ("POST", "conversations"),
        ("POST", "conversations/c1/turns"),
        ("POST", "conversations/c1/turns"),
        ("PUT", "conversations/c1/summary"),
        ("POST", "memories"),
        ("POST", "conversations/c1/end"),
    ]
    assert body(letters[0])["started_at"] == "2026-01-02T12:00:00+00:00"
    assert body(letters[1])["heard_text"] is None
    assert body(letters[2])["heard_text"] == "Four."
    assert body(letters[2])["tools"][0]["result"] == {"value": 4}
    assert body(letters[4])["user_id"] == "ann"
    assert body(letters[5])["reason"] == "user_hung_up"
    assert {letter.lane for letter in letters} == {"c1"}
    assert len({letter.key for letter in letters}) == 6


async def test_turns_of_two_agents_of_one_conversation_are_different_turns(tmp_path: Path) -> None:
    async with Outbox(tmp_path) as outbox:
        for _ in range(2):
            async with Journal(outbox, "c1") as journal:
                journal.user_turn("hello")
    assert len(await letters_of(tmp_path)) == 2


async def test_without_an_outbox_nothing_is_recorded() -> None:
    async with Journal(None, "c1") as journal:
        journal.user_turn("hello")
        journal.ended(EndedReason.ERROR)


async def test_a_disk_without_room_delays_the_journal_not_the_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "RETRY_S", 0.01)
    full = True
    tried = asyncio.Event()

    class FullOutbox(Outbox):
        async def put(self, *args: Any, **kwargs: Any) -> None:
            tried.set()
            if full:
                raise OutboxUnavailable("database or disk is full")
            await super().put(*args, **kwargs)

    async with FullOutbox(tmp_path) as outbox, Journal(outbox, "c1") as journal:
        for i in range(5):
            journal.user_turn(str(i))
        await asyncio.wait_for(tried.wait(), 10)
        full = False
    assert [body(letter)["text"] for letter in await letters_of(tmp_path)] == list("01234")


async def test_a_disk_that_stays_full_does_not_hold_up_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "CLOSE_WITHIN_S", 0.1)
    (tmp_path / "file").write_text("in the way")
    async with asyncio.timeout(20):
        async with Outbox(tmp_path / "file") as outbox, Journal(outbox, "c1") as journal:
            for i in range(journal_module.MAX_WAITING + 10):
                journal.user_turn(str(i))


async def test_a_recorded_call_goes_on_where_it_was(tmp_path: Path) -> None:
    metrics = Metrics("test")
    with backend_in(tmp_path) as backend:
        async with (
            backend_http(backend.url, SecretStr(KEY), metrics) as http,
            Outbox(tmp_path) as outbox,
            Deliverer(tmp_path, http, metrics),
        ):
            async with Journal(outbox, "c1") as journal:
                journal.started(channel="web", room="call-1", persona_id="atlas", at_s=NOON_S)
                journal.user_turn("hello", at_s=NOON_S + 1, confidence=0.5, timing={"total_s": 1})
                journal.agent_turn("Hi there. How", heard_text="Hi there.", at_s=NOON_S + 2)
                journal.summary("They met.")
                journal.remembered("The user is called Sam", "fact", journal.last_user_turn)
                journal.ended(EndedReason.USER_LEFT, at_s=NOON_S + 3)
            async with asyncio.timeout(60):
                while await outbox.count():  # noqa: ASYNC110  # another process's work
                    await asyncio.sleep(0.02)
            assert await outbox.dead() == 0
            kept = (await http.get("/api/memories")).json()["memories"][0]
            turns = (await http.get("/api/conversations/c1")).json()["turns"]
            context = await BackendClient(http).context("c1", within_s=20)
    assert context.resumed
    assert context.persona.name == "Atlas"
    assert context.summary == "They met."
    assert [(t.role, t.text) for t in context.turns] == [
        ("user", "hello"),
        ("assistant", "Hi there."),
    ]
    assert [memory.text for memory in context.memories] == ["The user is called Sam"]
    assert kept["turn_id"] == turns[0]["id"]


async def test_a_telephone_call_ends_for_the_list_of_calls_too(tmp_path: Path) -> None:
    async with Outbox(tmp_path) as outbox, Journal(outbox, "c1", call_id="x/1") as journal:
        journal.ended(EndedReason.TRANSFERRED, at_s=NOON_S)
    letters = await letters_of(tmp_path)
    assert [x.path for x in letters] == [
        "/internal/calls/x%2F1/ended",
        "/internal/conversations/c1/end",
    ]
    assert {body(x)["reason"] for x in letters} == {"transferred"}


async def test_a_call_that_was_turned_away_is_no_conversation(tmp_path: Path) -> None:
    async with Outbox(tmp_path) as outbox:
        async with Journal(outbox, "c1", call_id="x1") as journal:
            journal.refused(EndedReason.LINES_BUSY)
        async with Journal(outbox, "c2") as journal:  # the backend knows of no such call
            journal.refused(EndedReason.LINES_BUSY)
    assert [x.path for x in await letters_of(tmp_path)] == ["/internal/calls/x1/ended"]
