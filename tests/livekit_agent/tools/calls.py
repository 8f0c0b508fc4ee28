"""Tools called as an LLM does, for tests."""

import json
from typing import Any

from livekit.agents.llm import ToolError

from livekit_agent.tools.contract import Tool


async def call(tools: list[Tool], name: str, **arguments: Any) -> dict[str, Any]:
    """What the LLM is given back."""
    chosen = next(t for t in tools if t.info.name == name)
    try:
        text = await chosen(**arguments)
    except ToolError as exc:
        text = exc.message
    parsed: dict[str, Any] = json.loads(text)
    return parsed


async def code_of(tools: list[Tool], name: str, **arguments: Any) -> str:
    """The code of the failure that the LLM is given back."""
    failure: str = (await call(tools, name, **arguments))["error"]["code"]
    return failure
