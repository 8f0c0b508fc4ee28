"""What a chat engine takes and gives: one frozen chat in, a stream of typed deltas out."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from chassis.errors import InvalidRequest
from inference.model_status import EngineFailed

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
class JsonFormat:
    """The reply must be JSON; with a `schema`, of that shape."""

    schema: Mapping[str, Any] | None = None
    name: str = "answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How the next token is chosen and when to stop. None: the engine's own default."""

    temperature: float | None = None
    top_p: float | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    seed: int | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    top_logprobs: int | None = None  # None: no log probabilities; 0: of the chosen token alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """Everything an engine needs to write the next message."""

    messages: tuple[Message, ...]
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice = "auto"
    parallel_tool_calls: bool = True
    format: JsonFormat | None = None  # None: free text
    sampling: Sampling = Sampling()
    stream: bool = True  # whether the client sees deltas as they come
    reasoning_effort: str | None = None  # "none": reply without thinking first


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """A bare text to go on with."""

    prompt: str
    sampling: Sampling = Sampling()
    stream: bool = True


@dataclass(frozen=True, slots=True)
class TextDelta:
    """Some more of the reply's text."""

    text: str
    logprobs: tuple[Mapping[str, Any], ...] = ()  # OpenAI's objects, of the tokens of `text`


@dataclass(frozen=True, slots=True)
class ReasoningDelta:
    """Some more of what the model thinks before it replies; never spoken."""

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
    cached_tokens: int = 0  # of the prompt, that were not computed again


Delta = TextDelta | ReasoningDelta | ToolCallDelta | Finish


@dataclass(frozen=True, slots=True, kw_only=True)
class Embeddings:
    """One vector a text, in their order."""

    vectors: tuple[Sequence[float], ...]
    prompt_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """What an engine can do. Asked for more, the server refuses with 400 and says so."""

    json: bool  # can promise JSON, as `response_format` asks
    streamed_tools: bool  # tools of `auto` choice in a streamed reply
    logprobs: bool
    completions: bool
    embeddings: bool
    context_tokens: int | None  # of one chat, prompt and reply together; None: no such limit
    can_skip_reasoning: bool = False  # where `reasoning_effort` is "none"


class Engine(AbstractContextManager["Engine"], Protocol):
    """A backend of the chat server. `__enter__` loads it and may block; so may `__exit__`.

    The generators raise before their first delta what the request can be refused for
    (InvalidRequest; ContextTooLong among them), and EngineFailed where the backend broke or fell
    silent, at any time. Closing one cancels its work in the backend.
    """

    model: str
    slots: int  # chats at once; more wait in the server's queue
    abilities: Abilities

    def chat(self, chat: Chat) -> AsyncGenerator[Delta, None]:
        """The next message."""

    def complete(self, completion: Completion) -> AsyncGenerator[Delta, None]:
        """What follows the prompt: TextDeltas and a Finish."""

    async def embed(self, texts: Sequence[str]) -> Embeddings:
        """Raises InvalidRequest where it cannot, EngineFailed where it broke."""

    async def infer(self) -> None:
        """Prove by one real token that it works. Raises EngineFailed."""


class ContextTooLong(InvalidRequest):
    """The chat does not fit into the model's context."""

    code = "context_length_exceeded"


class EngineSilent(EngineFailed):
    """The backend wrote nothing for too long; `code` says which limit that was."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code
