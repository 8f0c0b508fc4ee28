"""What a chat engine takes and gives: one frozen chat in, a stream of typed deltas out."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

Role = Literal["system", "developer", "user", "assistant", "tool"]
FinishReason = Literal["stop", "length", "tool_calls"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A call of a tool; `arguments` is JSON text, as on the wire."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of a chat, its text parts joined."""

    role: Role
    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A function on offer. `parameters` is a JSON schema, whatever its author put there."""

    name: str
    description: str = ""
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class NamedTool:
    """A `tool_choice` of one function."""

    name: str


ToolChoice = Literal["auto", "none", "required"] | NamedTool


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """Everything an engine needs to write the next message."""

    messages: tuple[Message, ...]
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice = "auto"
    parallel_tool_calls: bool = True
    temperature: float = 1.0
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TextDelta:
    """Some more of the reply's text."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCallDelta:
    """A piece of the tool call at `index`; the first piece of each has its id and name."""

    index: int
    id: str | None = None
    name: str | None = None
    arguments: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """The last delta: why the reply ends, and what it took."""

    reason: FinishReason
    prompt_tokens: int
    completion_tokens: int


Delta = TextDelta | ToolCallDelta | Finish


class Engine(Protocol):
    """A backend of the chat server."""

    model: str
    structured_output: bool  # can it promise JSON, as `response_format` asks?

    def chat(self, chat: Chat) -> AsyncGenerator[Delta, None]:
        """The next message. Errors come before the first delta; closing it cancels the work."""
        ...

    @property
    def full(self) -> bool:
        """Would another chat be refused now?"""
        ...
