"""What time and day it is."""

from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from livekit_agent.tools.contract import Result, Tool, ToolFailure, tool
from livekit_agent.tools.matching import folded

Now = Callable[[tzinfo | None], datetime]


class Time(Result):
    """24-hour `HH:MM`."""

    time: str
    timezone: str


class Date(Result):
    """ISO date and English weekday."""

    date: str
    weekday: str
    timezone: str


def clock_tools(default_zone: str | None, now: Now = datetime.now) -> list[Tool]:
    """`default_zone`: IANA name, None for this machine's zone."""

    def local(zone: str | None) -> datetime:
        name = zone or default_zone
        if name is None:
            return now(None).astimezone()
        return now(_zone(name))

    @tool
    async def get_time(timezone: str | None = None) -> Time:
        """The current time of day.

        Args:
            timezone: IANA name such as Europe/Paris, or a city; null for the user's own.
        """
        instant = local(timezone)
        return Time(time=f"{instant:%H:%M}", timezone=_zone_name(instant))

    @tool
    async def get_date(timezone: str | None = None, offset_days: int | None = None) -> Date:
        """Today's date and day of the week, or those of a day before or after.

        Args:
            timezone: IANA name such as Europe/Paris, or a city; null for the user's own.
            offset_days: days from today, negative for the past; null for today.
        """
        try:
            instant = local(timezone) + timedelta(days=offset_days or 0)
        except OverflowError as exc:
            raise ToolFailure("bad_date", "that is beyond the calendar") from exc
        return Date(
            date=f"{instant:%Y-%m-%d}", weekday=f"{instant:%A}", timezone=_zone_name(instant)
        )

    return [get_time, get_date]


def _zone(name: str) -> ZoneInfo:
    """By IANA name, or by the city alone: "new york" is America/New_York. Raises ToolFailure."""
    try:
        return ZoneInfo(_zones_of_cities().get(folded(name).replace(" ", "_"), name))
    except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
        raise ToolFailure("unknown_timezone", f"there is no timezone {name}") from exc


@cache
def _zones_of_cities() -> dict[str, str]:
    return {zone.rpartition("/")[2].lower(): zone for zone in available_timezones() if "/" in zone}


def _zone_name(instant: datetime) -> str:
    return getattr(instant.tzinfo, "key", None) or instant.tzname() or "local"
