"""Coins and dice."""

import random

from livekit_agent.tools.chance import chance_tools
from tests.livekit_agent.tools.calls import call


async def test_dice_and_coins() -> None:
    tools = chance_tools(random.Random(1))
    rolled = await call(tools, "roll_dice", count=3, sides=20)
    assert len(rolled["rolls"]) == 3
    assert rolled["total"] == sum(rolled["rolls"])
    outcomes = {(await call(tools, "flip_coin"))["outcome"] for _ in range(50)}
    assert outcomes == {"heads", "tails"}
