"""What the assistant can do by itself, with the results that the tools of docs/tools.md give."""

import random
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from inference.assist.arithmetic import calculate
from inference.assist.requests import (
    Calculate,
    ConvertUnits,
    FlipCoin,
    GetDate,
    GetTime,
    Request,
    RollDice,
)
from inference.assist.units import convert

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
        case GetDate(timezone=zone):
            now = _now(clock, zone)
            return {"date": f"{now:%Y-%m-%d}", "weekday": f"{now:%A}"}
        case Calculate(expression=expression):
            return {"expression": expression, "value": calculate(expression)}
        case ConvertUnits(value=value, from_unit=from_unit, to_unit=to_unit):
            return {**request.arguments(), "result": convert(value, from_unit, to_unit)}
        case FlipCoin():
            return {"outcome": CHANCE.choice(("heads", "tails"))}
        case RollDice(count=count, sides=sides):
            rolls = [CHANCE.randint(1, sides) for _ in range(count)]
            return {"rolls": rolls, "total": sum(rolls)}
        case _:
            return None


def _now(clock: Clock, zone: str | None) -> datetime:
    return clock(ZoneInfo(zone) if zone else None)
