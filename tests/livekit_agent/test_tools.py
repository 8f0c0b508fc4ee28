import asyncio
import json
import random
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from livekit.agents.llm import ToolError
from livekit.agents.llm.utils import build_strict_openai_schema

from livekit_agent.tools import all_tools
from livekit_agent.tools.arithmetic import arithmetic_tools, convert, evaluate
from livekit_agent.tools.chance import chance_tools
from livekit_agent.tools.clock import clock_tools
from livekit_agent.tools.contract import Result, Tool, ToolFailure, tool
from livekit_agent.tools.notes import Notes, note_tools
from livekit_agent.tools.timers import Timers, due_words, timer_tools


async def call(tools: list[Tool], name: str, **arguments: Any) -> dict[str, Any]:
    """What the LLM is given back."""
    chosen = next(t for t in tools if t.info.name == name)
    try:
        text = await chosen(**arguments)
    except ToolError as exc:
        text = exc.message
    parsed: dict[str, Any] = json.loads(text)
    return parsed


async def silent(_: str) -> None: ...


def test_every_tool_is_documented_and_has_a_schema() -> None:
    tools = all_tools(
        timezone=None, timers=Timers(silent), notes=Notes(Path("x")), hang_up=lambda: None
    )
    documented = (Path(__file__).parents[2] / "docs" / "tools.md").read_text()
    assert len(tools) == 12
    for each in tools:
        assert f"`{each.info.name}`" in documented
        assert each.info.description
        assert build_strict_openai_schema(each)["function"]["name"] == each.info.name


class Count(Result):
    count: int


async def test_a_result_of_another_type_than_promised_is_an_error() -> None:
    class More(Count):
        private: str = "x"

    @tool
    async def lie() -> Count:
        """Return more than promised."""
        return More(count=1)

    assert (await call([lie], "lie"))["error"]["code"] == "internal_error"


async def test_a_tool_that_hangs_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("livekit_agent.tools.contract.TOOL_TIMEOUT_S", 0.01)

    @tool
    async def hang() -> Count:
        """Never return."""
        await asyncio.Event().wait()
        return Count(count=0)

    assert (await call([hang], "hang"))["error"]["code"] == "timeout"


def at_noon_utc(zone: tzinfo | None) -> datetime:
    return datetime(2026, 11, 20, 12, 5, tzinfo=UTC).astimezone(zone)


async def test_the_clock_knows_zones() -> None:
    tools = clock_tools("Europe/Paris", at_noon_utc)
    assert await call(tools, "get_time") == {"time": "13:05", "timezone": "Europe/Paris"}
    tokyo = await call(tools, "get_time", timezone="Asia/Tokyo")
    assert tokyo["time"] == "21:05"
    date = await call(tools, "get_date")
    assert (date["date"], date["weekday"]) == ("2026-11-20", "Friday")
    for zone in ("Mars/Base", "../etc/passwd", "", "\0"):
        answer = await call(tools, "get_time", timezone=zone or "nowhere")
        assert answer["error"]["code"] == "unknown_timezone"


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("12 * 7", 84),
        ("0.1 + 0.2", 0.3),
        ("7 / 2", 3.5),
        ("(3 + 4) * -2", -14),
        ("2 ** 10", 1024),
        ("sqrt(81)", 9),
        ("10 % 3", 1),
        ("1e3", 1000),
    ],
)
def test_arithmetic(expression: str, value: float) -> None:
    assert evaluate(expression) == value


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("1 / 0", "division_by_zero"),
        ("9 ** 9 ** 9", "too_large"),
        ("2.5 ** 1e6", "too_large"),
        ("sqrt(-1)", "out_of_domain"),
        ("__import__('os').getcwd()", "bad_expression"),
        ("().__class__", "bad_expression"),
        ("'a' * 10", "bad_expression"),
        ("1 +", "bad_expression"),
        ("True", "bad_expression"),
        ("9" * 300, "too_long"),
        ("9" * 150, "too_large"),
        ("x", "bad_expression"),
        ("(-8) ** 0.5", "bad_expression"),
    ],
)
def test_what_is_not_arithmetic_is_refused(expression: str, code: str) -> None:
    with pytest.raises(ToolFailure) as caught:
        evaluate(expression)
    assert caught.value.code == code


@given(st.integers(-9999, 9999), st.integers(-9999, 9999), st.sampled_from("+-*"))
def test_whole_numbers_are_exact(a: int, b: int, operator: str) -> None:
    value = evaluate(f"({a}) {operator} ({b})")
    assert value == {"+": a + b, "-": a - b, "*": a * b}[operator]
    assert isinstance(value, int)


@given(st.text(max_size=60))
def test_any_text_is_a_number_or_a_refusal(text: str) -> None:
    try:
        value: object = evaluate(text)
    except ToolFailure:
        return
    assert isinstance(value, int | float)


def test_units() -> None:
    assert convert(5, "mile", "kilometer") == pytest.approx(8.04672)
    assert convert(100, "degree_Celsius", "degree_Fahrenheit") == pytest.approx(212)
    assert convert(90, "minute", "hour") == 1.5


@pytest.mark.parametrize(
    ("units", "code"),
    [(("mile", "kilogram"), "not_convertible"), (("smoot2", "mile"), "unknown_unit")],
)
async def test_units_that_do_not_fit(units: tuple[str, str], code: str) -> None:
    answer = await call(
        arithmetic_tools(), "convert_units", value=1, from_unit=units[0], to_unit=units[1]
    )
    assert answer["error"]["code"] == code


async def test_dice_and_coins() -> None:
    tools = chance_tools(random.Random(1))
    rolled = await call(tools, "roll_dice", count=3, sides=20)
    assert len(rolled["rolls"]) == 3
    assert rolled["total"] == sum(rolled["rolls"])
    outcomes = {(await call(tools, "flip_coin"))["outcome"] for _ in range(50)}
    assert outcomes == {"heads", "tails"}


async def test_a_timer_speaks_up_when_due() -> None:
    said: asyncio.Queue[str] = asyncio.Queue()
    async with Timers(said.put) as timers, asyncio.timeout(5):
        tools = timer_tools(timers)
        await call(tools, "set_timer", duration_s=600, label=None)
        assert await call(tools, "set_timer", duration_s=0.05, label="tea") == {
            "label": "tea",
            "duration_s": 0.05,
        }
        assert await said.get() == "Your tea timer is done."
        (left,) = (await call(tools, "list_timers"))["timers"]
        assert 590 < left["remaining_s"] <= 600


async def test_timers_are_cancelled_by_name_or_all() -> None:
    async with Timers(silent) as timers:
        tools = timer_tools(timers)
        for label in ("tea", "eggs", None):
            await call(tools, "set_timer", duration_s=60, label=label)
        assert await call(tools, "cancel_timer", label="Tea ") == {"cancelled": 1}
        assert await call(tools, "cancel_timer", label="pasta") == {"cancelled": 0}
        assert await call(tools, "cancel_timer", label=None) == {"cancelled": 2}
        assert timers.left() == []


async def test_a_timer_is_cancelled_by_its_length() -> None:
    async with Timers(silent) as timers:
        tools = timer_tools(timers)
        for duration_s in (300, 600):
            await call(tools, "set_timer", duration_s=duration_s, label=None)
        assert await call(tools, "cancel_timer", duration_s=300) == {"cancelled": 1}
        assert [timer.duration_s for timer in timers.left()] == [600]


async def test_leaving_a_call_cancels_its_timers() -> None:
    async with Timers(silent) as timers:
        timers.start(60, "tea")
        before = len(asyncio.all_tasks())
    assert timers.left() == []
    assert len(asyncio.all_tasks()) == before - 1


async def test_too_many_timers_are_refused() -> None:
    async with Timers(silent) as timers:
        tools = timer_tools(timers)
        answers = [await call(tools, "set_timer", duration_s=60) for _ in range(21)]
        assert answers[-1]["error"]["code"] == "too_many_timers"


@pytest.mark.parametrize(
    ("seconds", "label", "words"),
    [
        (300, None, "Your 5 minute timer is done."),
        (90, None, "Your 1 minute 30 second timer is done."),
        (5400, None, "Your 1 hour 30 minute timer is done."),
        (60, "tea", "Your tea timer is done."),
    ],
)
def test_a_due_timer_names_itself(seconds: float, label: str | None, words: str) -> None:
    assert due_words(seconds, label) == words


async def test_notes_outlive_the_call(tmp_path: Path) -> None:
    async with Notes(tmp_path) as notes:
        tools = note_tools(notes)
        await call(tools, "remember", text="my keys are in the kitchen")
        await call(tools, "remember", text="the wifi password is swordfish")
    async with Notes(tmp_path) as notes:
        tools = note_tools(notes)
        found = await call(tools, "recall", query="where are my keys")
        assert found == {"notes": ["my keys are in the kitchen"]}
        assert len((await call(tools, "recall"))["notes"]) == 2
        assert await call(tools, "recall", query="bicycle") == {"notes": []}


async def test_notes_of_two_calls_at_once(tmp_path: Path) -> None:
    async with Notes(tmp_path) as one, Notes(tmp_path) as two:
        await asyncio.gather(*(n.add(f"note {i}") for i, n in enumerate([one, two] * 10)))
        assert len(await one.find(None)) == 5
        assert (tmp_path / "notes.db").exists()
