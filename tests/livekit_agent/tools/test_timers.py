"""Timers, and that they outlive an agent."""

import asyncio
from pathlib import Path

import pytest

from livekit_agent.tools.database import Database
from livekit_agent.tools.durations import duration_named
from livekit_agent.tools.schedule import Due, Schedule, due_words
from livekit_agent.tools.timers import timer_tools
from tests.livekit_agent.tools.calls import call, code_of


async def silent(_: str) -> None: ...


def schedule(folder: Path, announce: object = silent, conversation: str = "c1") -> Schedule:
    return Schedule(
        Database(folder),
        announce,  # type: ignore[arg-type]  # any coroutine function of one text
        conversation_id=conversation,
        owner="local",
    )


async def test_a_timer_speaks_up_when_due(tmp_path: Path) -> None:
    said: asyncio.Queue[str] = asyncio.Queue()
    async with schedule(tmp_path, said.put) as timers, asyncio.timeout(5):
        tools = timer_tools(timers)
        await call(tools, "set_timer", duration_s=600, label=None)
        assert await call(tools, "set_timer", duration_s=0.05, label="tea") == {
            "label": "tea",
            "duration_s": 0.05,
        }
        assert await said.get() == "Your tea timer is done."
        (left,) = (await call(tools, "list_timers"))["timers"]
        assert 590 < left["remaining_s"] <= 600


async def test_nobody_waits_for_a_timer_of_a_store_that_is_out_of_reach(tmp_path: Path) -> None:
    """Else who fell silent would hold the line until the longest call is over."""
    (tmp_path / "file").touch()
    assert not await schedule(tmp_path / "file").is_awaited()
    timers = schedule(tmp_path)
    await call(timer_tools(timers), "set_timer", duration_s=60, label=None)
    assert await timers.is_awaited()


async def test_timers_are_cancelled_by_name_or_all(tmp_path: Path) -> None:
    tools = timer_tools(schedule(tmp_path))
    for label in ("tea", "eggs", None):
        await call(tools, "set_timer", duration_s=60, label=label)
    assert await call(tools, "cancel_timer", label="Tea ") == {"cancelled": 1}
    assert await call(tools, "cancel_timer", label="pasta") == {"cancelled": 0}
    assert await call(tools, "cancel_timer", label=None) == {"cancelled": 2}
    assert await call(tools, "list_timers") == {"timers": []}


@pytest.mark.parametrize(
    "which",
    [
        {"duration_s": 300},
        {"label": "five minute"},
        {"label": "the five minute timer"},
        {"label": "5 min"},
        {"label": "cinq minutes"},
        {"label": "minuteur de 5 minutes"},
    ],
)
async def test_a_timer_is_cancelled_by_its_length(tmp_path: Path, which: dict[str, object]) -> None:
    tools = timer_tools(schedule(tmp_path))
    for duration_s in (300, 600):
        await call(tools, "set_timer", duration_s=duration_s, label=None)
    assert await call(tools, "cancel_timer", **which) == {"cancelled": 1}
    (left,) = (await call(tools, "list_timers"))["timers"]
    assert left["duration_s"] == 600


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("five minute", 300),
        ("90 s", 90),
        ("twenty five minutes", 1500),
        ("an hour and a half", 5400),
        ("one hour thirty", 5400),
        ("half an hour", 1800),
        ("a quarter of an hour", 900),
        ("three quarters of an hour", 2700),
        ("1.5 hours", 5400),
        ("une heure et demie", 5400),
        ("une demi-heure", 1800),
        ("trois quarts d'heure", 2700),
        ("quatre-vingt-dix secondes", 90),
        ("vingt et une minutes", 1260),
        ("soixante-dix minutes", 4200),
        ("tea", None),
        ("ten minute pasta", None),
        ("seven", None),
        ("", None),
    ],
)
def test_a_length_in_words(text: str, seconds: float | None) -> None:
    assert duration_named(text) == seconds


async def test_a_replaced_agent_goes_on_with_the_timers(tmp_path: Path) -> None:
    said: asyncio.Queue[str] = asyncio.Queue()
    # Never left, as by kill -9: all that is known is in the file.
    await call(timer_tools(schedule(tmp_path)), "set_timer", duration_s=0.3, label="tea")
    await call(timer_tools(schedule(tmp_path)), "set_timer", duration_s=600, label="bread")
    async with schedule(tmp_path, said.put) as resumed, asyncio.timeout(5):
        assert await said.get() == "Your tea timer is done."
        (left,) = (await call(timer_tools(resumed), "list_timers"))["timers"]
        assert left["label"] == "bread"


async def test_a_timer_of_another_conversation_is_not_heard(tmp_path: Path) -> None:
    await call(timer_tools(schedule(tmp_path)), "set_timer", duration_s=600, label="tea")
    other = timer_tools(schedule(tmp_path, conversation="c2"))
    assert await call(other, "list_timers") == {"timers": []}
    assert await call(other, "cancel_timer") == {"cancelled": 0}


async def test_one_announcement_at_a_time_and_none_lost(tmp_path: Path) -> None:
    free = asyncio.Event()
    said: asyncio.Queue[str] = asyncio.Queue()

    async def announce(words: str) -> None:
        await said.put(words)
        await free.wait()

    async with asyncio.timeout(5):
        async with schedule(tmp_path, announce) as first:
            tools = timer_tools(first)
            await call(tools, "set_timer", duration_s=0.01, label="a")
            await call(tools, "set_timer", duration_s=0.02, label="b")
            assert await said.get() == "Your a timer is done."
            assert said.empty()
        # Left before "a" was said to the end: both are told in the next.
        free.set()
        async with schedule(tmp_path, announce):
            assert {await said.get(), await said.get()} == {
                "Your a timer is done.",
                "Your b timer is done.",
            }


async def test_a_session_that_cannot_speak_loses_no_timer(tmp_path: Path) -> None:
    tried = asyncio.Event()

    async def broken(_: str) -> None:
        tried.set()
        raise RuntimeError("AgentSession isn't running")

    said: asyncio.Queue[str] = asyncio.Queue()
    async with asyncio.timeout(5):
        async with schedule(tmp_path, broken) as first:
            await call(timer_tools(first), "set_timer", duration_s=0.01, label="a")
            await tried.wait()
        async with schedule(tmp_path, said.put):
            assert await said.get() == "Your a timer is done."


async def test_leaving_a_call_leaves_no_task(tmp_path: Path) -> None:
    before = len(asyncio.all_tasks())
    async with schedule(tmp_path) as timers:
        await call(timer_tools(timers), "set_timer", duration_s=60)
    assert len(asyncio.all_tasks()) == before


async def test_too_many_timers_are_refused(tmp_path: Path) -> None:
    tools = timer_tools(schedule(tmp_path))
    answers = [await call(tools, "set_timer", duration_s=60) for _ in range(21)]
    assert answers[-1]["error"]["code"] == "too_many"


async def test_a_timer_of_more_than_a_week_is_refused(tmp_path: Path) -> None:
    tools = timer_tools(schedule(tmp_path))
    assert await code_of(tools, "set_timer", duration_s=8 * 86_400) == "too_long"


async def test_a_cancelled_turn_leaves_a_timer_whole_or_none(tmp_path: Path) -> None:
    tools = timer_tools(schedule(tmp_path))
    setting = asyncio.create_task(call(tools, "set_timer", duration_s=60, label="tea"))
    await asyncio.sleep(0)
    setting.cancel()
    await asyncio.gather(setting, return_exceptions=True)
    assert len((await call(tools, "list_timers"))["timers"]) in (0, 1)
    assert await call(tools, "set_timer", duration_s=60, label="eggs") == {
        "label": "eggs",
        "duration_s": 60,
    }


async def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    tools = timer_tools(schedule(tmp_path / "file"))
    assert await code_of(tools, "set_timer", duration_s=60) == "storage_unavailable"


@pytest.mark.parametrize(
    ("seconds", "label", "late_s", "words"),
    [
        (300, None, 0, "Your 5 minute timer is done."),
        (90, None, 0, "Your 1 minute 30 second timer is done."),
        (5400, None, 1, "Your 1 hour 30 minute timer is done."),
        (60, "tea", 0, "Your tea timer is done."),
        (60, "tea timer", 0, "Your tea timer is done."),
        (300, None, 200, "Your 5 minute timer was done 3 minutes ago."),
        (300, "tea", 7300, "Your tea timer was done 2 hours ago."),
    ],
)
def test_a_due_timer_names_itself(
    seconds: float, label: str | None, late_s: float, words: str
) -> None:
    assert due_words(Due(1, "timer", label, seconds, 0), late_s, "en") == words


@pytest.mark.parametrize(
    ("seconds", "label", "late_s", "words"),
    [
        (300, None, 0, "Votre minuteur de 5 minutes est terminé."),
        (3600, None, 0, "Votre minuteur de 1 heure est terminé."),
        (60, "thé", 0, "Votre minuteur thé est terminé."),
        (60, "thé", 130, "Votre minuteur thé est terminé depuis 2 minutes."),
    ],
)
def test_a_due_timer_names_itself_in_french(
    seconds: float, label: str | None, late_s: float, words: str
) -> None:
    assert due_words(Due(1, "timer", label, seconds, 0), late_s, "fr") == words
