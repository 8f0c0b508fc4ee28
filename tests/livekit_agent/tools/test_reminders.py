"""Reminders, in this call or in a later one."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from livekit_agent.tools.contract import ToolFailure
from livekit_agent.tools.database import Database
from livekit_agent.tools.reminders import moment, reminder_tools
from livekit_agent.tools.schedule import Due, Schedule, due_words
from tests.livekit_agent.tools.calls import call, code_of

PARIS = ZoneInfo("Europe/Paris")
NOW_S = datetime(2026, 11, 20, 14, 5, tzinfo=PARIS).timestamp()  # a Friday


async def silent(_: str) -> None: ...


class Clock:
    """Unix time that tests move."""

    def __init__(self) -> None:
        self.now_s = NOW_S

    def __call__(self) -> float:
        return self.now_s


def schedule(
    folder: Path,
    clock: Callable[[], float],
    announce: Callable[[str], Awaitable[None]] = silent,
    conversation: str = "c1",
    owner: str = "local",
) -> Schedule:
    return Schedule(
        Database(folder), announce, conversation_id=conversation, owner=owner, now=clock
    )


@pytest.mark.parametrize(
    ("when", "meant"),
    [
        ("2026-11-20T17:00", "2026-11-20T17:00+01:00"),
        ("2026-11-20 17:00:30", "2026-11-20T17:00:30+01:00"),
        ("2026-11-20T17:00+00:00", "2026-11-20T18:00+01:00"),
        ("2026-11-20T17:00:00Z", "2026-11-20T18:00+01:00"),
        ("17:00", "2026-11-20T17:00+01:00"),
        ("09:30", "2026-11-21T09:30+01:00"),
        ("2026-11-25", "2026-11-25T09:00+01:00"),
        ("2027-07-01T08:00", "2027-07-01T08:00+02:00"),
    ],
)
def test_when_is_a_time_where_the_user_is(when: str, meant: str) -> None:
    assert moment(when, NOW_S, PARIS) == datetime.fromisoformat(meant).timestamp()


@pytest.mark.parametrize(
    ("when", "code"),
    [
        (None, "when_missing"),
        ("2026-11-20T10:00", "in_the_past"),
        ("tomorrow", "bad_time"),
        ("", "bad_time"),
        ("25:99", "bad_time"),
        ("9999-12-31T23:59", "too_far"),
    ],
)
def test_a_time_that_cannot_be_is_refused(when: str | None, code: str) -> None:
    with pytest.raises(ToolFailure) as caught:
        moment(when, NOW_S, PARIS)
    assert caught.value.code == code


async def test_reminders_are_set_listed_and_cancelled(tmp_path: Path) -> None:
    tools = reminder_tools(schedule(tmp_path, Clock()), "Europe/Paris")
    assert await call(tools, "set_reminder", text="call mum", when="2026-11-20T17:00") == {
        "text": "call mum",
        "due_at": "2026-11-20T17:00+01:00",
        "in_s": 10_500,
    }
    await call(tools, "set_reminder", text="take the bread out", duration_s=600)
    assert await call(tools, "list_reminders") == {
        "reminders": [
            {"text": "take the bread out", "due_at": "2026-11-20T14:15+01:00"},
            {"text": "call mum", "due_at": "2026-11-20T17:00+01:00"},
        ]
    }
    assert await call(tools, "cancel_reminder", text="the dentist") == {"cancelled": []}
    assert await call(tools, "cancel_reminder", text="my mum") == {"cancelled": ["call mum"]}
    assert await call(tools, "cancel_reminder") == {"cancelled": ["take the bread out"]}


async def test_a_reminder_needs_a_time(tmp_path: Path) -> None:
    tools = reminder_tools(schedule(tmp_path, Clock()), None)
    assert await code_of(tools, "set_reminder", text="call mum") == "when_missing"


async def test_what_was_due_while_nobody_was_there_is_told_at_the_next_call(
    tmp_path: Path,
) -> None:
    clock, said = Clock(), asyncio.Queue[str]()
    first = reminder_tools(schedule(tmp_path, clock), None)
    await call(first, "set_reminder", text="call mum", duration_s=600)
    clock.now_s += 2 * 3600
    async with asyncio.timeout(5):
        async with schedule(tmp_path, clock, said.put, conversation="another"):
            assert await said.get() == "A reminder from 1 hour ago: call mum."
        async with schedule(tmp_path, clock, said.put, conversation="a third") as third:
            assert await call(reminder_tools(third, None), "list_reminders") == {"reminders": []}
    assert said.empty()


async def test_a_reminder_is_heard_by_its_user_only_and_once(tmp_path: Path) -> None:
    clock, said = Clock(), asyncio.Queue[str]()
    overheard: asyncio.Queue[str] = asyncio.Queue()
    own = reminder_tools(schedule(tmp_path, clock, owner="ann"), None)
    await call(own, "set_reminder", text="call mum", duration_s=600)
    clock.now_s += 601
    async with (
        asyncio.timeout(5),
        schedule(tmp_path, clock, overheard.put, owner="bob") as bob,
        schedule(tmp_path, clock, said.put, "c2", "ann") as one,
        schedule(tmp_path, clock, said.put, "c3", "ann") as two,
    ):
        assert await said.get() == "Reminder: call mum."
        for each in (bob, one, two):
            assert await each.pending("reminder") == []
    assert said.empty()
    assert overheard.empty()


def test_a_reminder_in_french() -> None:
    due = Due(1, "reminder", "appeler maman", None, 0)
    assert due_words(due, 0, "fr") == "Rappel : appeler maman."
    assert due_words(due, 7200, "fr") == "Un rappel d'il y a 2 heures : appeler maman."
