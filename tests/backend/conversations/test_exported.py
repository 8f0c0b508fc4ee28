"""A conversation as a file: what was heard, when, and by whom."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.conversations.exported import disposition, file_of
from backend.conversations.schema import ConversationDetail, PersonaName, ToldTurn

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
CUE = re.compile(r"(\d+)\n(\d\d:\d\d:\d\d,\d{3}) --> (\d\d:\d\d:\d\d,\d{3})\n(.+)\n\n")


def turn(second: float, role: Any, text: str, **fields: Any) -> ToldTurn:
    rest: dict[str, Any] = {
        "heard_text": None,
        "interrupted": False,
        "confidence": None,
        "timing": {},
        "tools": [],
    }
    started_at = NOON + timedelta(seconds=second)
    return ToldTurn(id="t", role=role, text=text, started_at=started_at, **rest | fields)


def of(*turns: ToldTurn, **fields: Any) -> ConversationDetail:
    values: dict[str, Any] = {
        "id": "c1",
        "title": None,
        "preview": None,
        "channel": "web",
        "persona": PersonaName(id="lumina", name="Lumina"),
        "started_at": NOON,
        "ended_at": None,
        "ended_reason": None,
        "duration_s": None,
        "turn_count": len(turns),
        "recorded": False,
        "live": False,
        "latencies_s": [],
        "summary": None,
        "turns": list(turns),
        "recordings": [],
    }
    return ConversationDetail(**values | fields)


TALK = of(
    turn(5, "assistant", "Hello, I am Lumina.", timing={"first_sound_at_s": 0, "total_s": 1.5}),
    turn(8, "user", "How far\nis the moon?", timing={"speech_s": 2}),
    turn(11, "assistant", "About 384,400 km, and", heard_text="About 384", interrupted=True),
    turn(12, "assistant", "never heard", heard_text=""),
    turn(12.5, "user", "thanks"),
    title="The moon",
    summary="They spoke of the moon.",
)


def test_subtitles_begin_with_the_first_turn_and_say_what_was_heard() -> None:
    assert file_of(TALK, "srt") == (
        "1\n00:00:00,000 --> 00:00:01,500\nLumina: Hello, I am Lumina.\n\n"
        "2\n00:00:03,000 --> 00:00:05,000\nYou: How far is the moon?\n\n"
        "3\n00:00:06,000 --> 00:00:07,000\nLumina: About 384\n\n"
        "4\n00:00:07,500 --> 00:00:08,500\nYou: thanks\n\n"
    )


def test_the_text_reads_as_it_was_said() -> None:
    assert file_of(TALK, "txt") == (
        "The moon\n2026-01-02 12:00 UTC\n\nThey spoke of the moon.\n"
        "\n[12:00:05] Lumina: Hello, I am Lumina.\n"
        "\n[12:00:08] You: How far\nis the moon?\n"
        "\n[12:00:11] Lumina: About 384 —\n"
        "\n[12:00:12] You: thanks\n"
    )


def test_the_json_has_every_turn_and_nothing_of_the_moment() -> None:
    told = json.loads(file_of(TALK, "json"))
    assert len(told["turns"]) == 5
    assert told["turns"][2]["text"] == "About 384,400 km, and"
    assert not {"live", "match"} & set(told)


def test_nothing_said_is_an_empty_file_of_subtitles() -> None:
    assert file_of(of(), "srt") == ""


@given(st.lists(st.tuples(st.floats(0, 90_000), st.text(min_size=1, max_size=40)), max_size=8))
def test_cues_are_numbered_in_order_and_do_not_overlap(said: list[tuple[float, str]]) -> None:
    turns = [turn(second, "user", text) for second, text in sorted(said)]
    cues = CUE.findall(file_of(of(*turns), "srt"))
    assert len(cues) == len([text for _, text in said if text.strip()])
    times = [time for _, start, end, _ in cues for time in (start, end)]
    assert times == sorted(times)
    assert [number for number, *_ in cues] == [str(i + 1) for i in range(len(cues))]


@pytest.mark.parametrize(
    "timing", [{"speech_s": 1e300}, {"total_s": 1e308, "first_sound_at_s": -1e308}]
)
def test_a_length_that_nobody_can_have_spoken_is_a_day(timing: dict[str, float]) -> None:
    told = file_of(of(turn(0, "user", "Hi", timing=timing)), "srt")
    assert "00:00:00,000 --> 24:00:00,000" in told


@given(st.text(max_size=200))
def test_any_title_makes_a_header_that_is_one_line_of_ascii(title: str) -> None:
    said = disposition(of(title=title), "txt")
    assert said.isascii()
    assert said.isprintable()
    assert re.fullmatch(
        r'attachment; filename="[^"/\\]+\.txt"; filename\*=UTF-8\'\'[^/\\\s]+', said
    )
