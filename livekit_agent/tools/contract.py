"""What every tool keeps to: validated arguments and result, a time limit, failures as data."""

import asyncio
import functools
import json
from collections.abc import Awaitable, Callable
from typing import Any, get_type_hints

from livekit.agents import FunctionTool, function_tool
from livekit.agents.llm import ToolError
from pydantic import BaseModel, ConfigDict, ValidationError

from chassis.logs import get_logger

TOOL_TIMEOUT_S = 10.0
Tool = FunctionTool[..., Any]

log = get_logger(__name__)


class Result(BaseModel):
    """Base of every tool's result."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ToolFailure(Exception):
    """A tool could not do what was asked, for a reason the user may hear."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def tool(function: Callable[..., Awaitable[Result]]) -> Tool:
    """Offer `function` to the LLM: its docstring describes it, its return type is enforced."""
    promised: type[Result] = get_type_hints(function)["return"]

    @functools.wraps(function)
    async def call(*args: Any, **kwargs: Any) -> str:
        try:
            async with asyncio.timeout(TOOL_TIMEOUT_S):
                result = await function(*args, **kwargs)
            # Serialised through the promised type, so a subclass or a stray field cannot slip out.
            return promised.model_validate(result.model_dump()).model_dump_json()
        except ToolFailure as exc:
            raise _failed(exc.code, exc.message) from exc
        except TimeoutError as exc:
            raise _failed("timeout", f"no result within {TOOL_TIMEOUT_S:g} seconds") from exc
        except ValidationError as exc:
            log.exception("tool_broke_its_promise", tool=function.__name__)
            raise _failed("internal_error", "the tool gave no usable result") from exc

    return function_tool(call)


def _failed(code: str, message: str) -> ToolError:
    return ToolError(json.dumps({"error": {"code": code, "message": message}}))
