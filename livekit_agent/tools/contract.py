"""What every tool keeps to: validated arguments and result, a time limit, failures as data."""

import asyncio
import functools
import json
from collections.abc import Awaitable, Callable
from typing import Any, get_type_hints, overload
from weakref import WeakSet

from livekit.agents import FunctionTool, function_tool
from livekit.agents.llm import ToolError
from pydantic import BaseModel, ConfigDict, ValidationError

from chassis.logs import get_logger

TOOL_TIMEOUT_S = 10.0
Tool = FunctionTool[..., Any]
ToolFunction = Callable[..., Awaitable["Result"]]

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


@overload
def tool(function: ToolFunction) -> Tool: ...
@overload
def tool(*, privileged: bool) -> Callable[[ToolFunction], Tool]: ...
def tool(
    function: ToolFunction | None = None, *, privileged: bool = False
) -> Tool | Callable[[ToolFunction], Tool]:
    """Offer `function` to the LLM: its docstring describes it, its return type is enforced.

    `privileged`: what it does cannot be taken back, costs money or outlives the call; the Guard
    then asks for the user's own words once foreign text is in the conversation.
    """
    if function is None:
        return lambda function: _offered(function, privileged)
    return _offered(function, privileged)


def declare_privileged(tool: object) -> None:
    """As `@tool(privileged=True)`, for a tool made by other means."""
    _privileged.add(tool)


def is_privileged(tool: object) -> bool:
    """Whether it was declared so."""
    return tool in _privileged


def failed(failure: ToolFailure) -> ToolError:
    """`failure` as the LLM is told of it."""
    return ToolError(json.dumps({"error": {"code": failure.code, "message": failure.message}}))


_privileged: WeakSet[object] = WeakSet()


def _offered(function: ToolFunction, privileged: bool) -> Tool:
    promised: type[Result] = get_type_hints(function)["return"]

    @functools.wraps(function)
    async def call(*args: Any, **kwargs: Any) -> str:
        try:
            async with asyncio.timeout(TOOL_TIMEOUT_S):
                result = await function(*args, **kwargs)
            # Serialised through the promised type, so a subclass or a stray field cannot slip out.
            return promised.model_validate(result.model_dump()).model_dump_json()
        except ToolFailure as exc:
            raise failed(exc) from exc
        except TimeoutError as exc:
            late = ToolFailure("timeout", f"no result within {TOOL_TIMEOUT_S:g} seconds")
            raise failed(late) from exc
        except ValidationError as exc:
            log.exception("tool_broke_its_promise", tool=function.__name__)
            broken = ToolFailure("internal_error", "the tool gave no usable result")
            raise failed(broken) from exc

    offered = function_tool(call)
    if privileged:
        declare_privileged(offered)
    return offered
