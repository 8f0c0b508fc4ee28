"""What time and day it is, here and elsewhere."""

from datetime import UTC, datetime, tzinfo

import pytest

from livekit_agent.tools.clock import clock_tools
from tests.livekit_agent.tools.calls import call, code_of


def at_noon_utc(zone: tzinfo | None) -> datetime:
    return datetime(2026, 11, 20, 12, 5, tzinfo=UTC).astimezone(zone)


async def test_the_clock_knows_zones() -> None:
    tools = clock_tools("Europe/Paris", at_noon_utc)
    assert await call(tools, "get_time") == {"time": "13:05", "timezone": "Europe/Paris"}
    tokyo = await call(tools, "get_time", timezone="Asia/Tokyo")
    assert tokyo["time"] == "21:05"
    date = await call(tools, "get_date")
    assert (date["date"], date["weekday"]) == ("2026-11-20", "Friday")


@pytest.mark.parametrize(
    ("city", "time"), [("Tokyo", "21:05"), ("new york", "07:05"), ("Sao Paulo", "09:05")]
)
async def test_a_city_is_zone_enough(city: str, time: str) -> None:
    answer = await call(clock_tools("Europe/Paris", at_noon_utc), "get_time", timezone=city)
    assert answer["time"] == time


@pytest.mark.parametrize("zone", ["Mars/Base", "../etc/passwd", "\0", "nowhere"])
async def test_a_zone_that_is_none_is_refused(zone: str) -> None:
    assert await code_of(clock_tools(None), "get_time", timezone=zone) == "unknown_timezone"


@pytest.mark.parametrize(
    ("days", "date", "weekday"),
    [
        (10, "2026-11-30", "Monday"),
        (-21, "2026-10-30", "Friday"),
        (465, "2028-02-28", "Monday"),
        (None, "2026-11-20", "Friday"),
    ],
)
async def test_days_ahead_and_ago(days: int | None, date: str, weekday: str) -> None:
    answer = await call(clock_tools("UTC", at_noon_utc), "get_date", offset_days=days)
    assert (answer["date"], answer["weekday"]) == (date, weekday)


async def test_a_day_beyond_the_calendar_is_refused() -> None:
    tools = clock_tools("UTC", at_noon_utc)
    assert await code_of(tools, "get_date", offset_days=10**9) == "bad_date"
