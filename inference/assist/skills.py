"""What the assistant can do by itself, with the results that the tools of docs/tools.md give."""

import random
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from inference.assist.arithmetic import calculate
from inference.assist.requests import (
    Calculate,
    ConvertUnits,
    DaysUntil,
    FlipCoin,
    GetDate,
    GetTime,
    Moment,
    Request,
    RollDice,
)
from inference.assist.units import convert

EARLIEST_HOUR = 7  # "tomorrow at five" is in the afternoon, "tomorrow at nine" is not
Clock = Callable[[ZoneInfo | None], datetime]
CHANCE = random.SystemRandom()  # a coin that can be foretold is no coin, whatever the temperature


def local_clock(timezone: str | None) -> Clock:
    """`timezone`: where "now" is meant when no place is named; None: this machine's."""
    home = ZoneInfo(timezone) if timezone else None
    return lambda zone: datetime.now(zone or home).astimezone(zone or home)


def perform(request: Request, clock: Clock) -> Mapping[str, Any] | None:
    """The result of `request`, or None when it needs a tool.

    Raises CannotCalculate or CannotConvert, both with a sentence to say.
    """
    match request:
        case GetTime(timezone=zone):
            return {"time": f"{_now(clock, zone):%H:%M}"}
        case GetDate() | DaysUntil():
            now = _now(clock, request.timezone if isinstance(request, GetDate) else None)
            return {"date": f"{now:%Y-%m-%d}", "weekday": f"{now:%A}"}
        case Calculate(expression=expression):
            return {"expression": expression, "value": calculate(expression)}
        case ConvertUnits(value=value, from_unit=from_unit, to_unit=str() as to_unit):
            return {**request.arguments(), "result": convert(value, from_unit, to_unit)}
        case FlipCoin():
            return {"outcome": CHANCE.choice(("heads", "tails"))}
        case RollDice(count=count, sides=sides):
            rolls = [CHANCE.randint(1, sides) for _ in range(count)]
            return {"rolls": rolls, "total": sum(rolls)}
        case _:
            return None


def coming(moment: Moment, clock: Clock) -> datetime:
    """The next time that `moment` can mean, where the assistant is."""
    now = clock(None)
    then = now.replace(hour=moment.hour, minute=moment.minute, second=0, microsecond=0)
    then += timedelta(days=moment.days)
    if moment.exact:
        return then if then > now else then + timedelta(days=1)
    if moment.days and moment.hour >= EARLIEST_HOUR:
        return then
    later = (then + timedelta(hours=hours) for hours in (0, 12, 24))
    return next(time for time in later if time > now and (not moment.days or time != then))


def _now(clock: Clock, zone: str | None) -> datetime:
    return clock(ZoneInfo(zone) if zone else None)
