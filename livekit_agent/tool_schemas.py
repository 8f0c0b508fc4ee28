"""What the LLM is told of the tools: each described once, not anew for every request.

The SDK builds a pydantic model of every tool's arguments for every request: with two dozen tools a
third of all the CPU of a call. The tools that run are the agent's; these only have their schemas.
"""

import json
from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

from livekit.agents import function_tool
from livekit.agents.llm import FunctionTool, RawFunctionTool, Tool
from livekit.agents.llm.utils import build_legacy_openai_schema


class ToolSchemas:
    """The schemas of one call's tools."""

    def __init__(self) -> None:
        self._known: WeakKeyDictionary[Tool, tuple[Tool, int]] = WeakKeyDictionary()

    def of(self, tools: Sequence[Tool]) -> tuple[list[Tool], int]:
        """Tools to offer the LLM in place of `tools`, and the characters it takes to."""
        described = [self._described(tool) for tool in tools]
        return [tool for tool, _ in described], sum(chars for _, chars in described)

    def _described(self, tool: Tool) -> tuple[Tool, int]:
        if tool not in self._known:
            self._known[tool] = _describe(tool)
        return self._known[tool]


def _describe(tool: Tool) -> tuple[Tool, int]:
    if isinstance(tool, RawFunctionTool):
        return tool, len(json.dumps(tool.info.raw_schema))
    if not isinstance(tool, FunctionTool):
        return tool, 0
    schema: dict[str, Any] = build_legacy_openai_schema(tool)["function"]

    async def never(raw_arguments: dict[str, object]) -> None:
        raise NotImplementedError("described only: the agent has the tool that runs")

    return function_tool(never, raw_schema=schema), len(json.dumps(schema))
