"""Coins and dice."""

import random
from typing import Annotated, Literal

from pydantic import Field

from livekit_agent.tools.contract import Result, Tool, tool

MAX_DICE = 20
MAX_SIDES = 1000


class Coin(Result):
    outcome: Literal["heads", "tails"]


class Dice(Result):
    rolls: list[int]
    total: int


def chance_tools(source: random.Random | None = None) -> list[Tool]:
    """`source`: randomness; tests pass a seeded one."""
    rng = source or random.SystemRandom()

    @tool
    async def flip_coin() -> Coin:
        """Flip a coin."""
        return Coin(outcome=rng.choice(("heads", "tails")))

    @tool
    async def roll_dice(
        count: Annotated[int, Field(ge=1, le=MAX_DICE)] = 1,
        sides: Annotated[int, Field(ge=2, le=MAX_SIDES)] = 6,
    ) -> Dice:
        """Roll dice.

        Args:
            count: how many dice.
            sides: sides of each.
        """
        rolls = [rng.randint(1, sides) for _ in range(count)]
        return Dice(rolls=rolls, total=sum(rolls))

    return [flip_coin, roll_dice]
