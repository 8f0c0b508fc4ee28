"""The bodies of OpenAI's chat and completion requests, checked."""

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    ValidationInfo,
    field_validator,
)

MAX_MESSAGES = 1_000
MAX_TEXT_CHARS = 400_000  # of all messages together: about 100 000 tokens
MAX_TOOLS = 128  # OpenAI's limit
MAX_STOPS = 4
NAME = r"^[a-zA-Z0-9_-]{1,64}$"


def _or_default(default: Any) -> BeforeValidator:
    """Some clients send null for what they leave out."""
    return BeforeValidator(lambda value: default if value is None else value)


def _joined(content: Any) -> Any:
    """A string, or the text parts of a list of parts joined; other parts are refused."""
    if not isinstance(content, list):
        return content
    texts = []
    for part in content:
        kind = part.get("type") if isinstance(part, dict) else None
        text = part.get("refusal" if kind == "refusal" else "text") if kind else None
        if kind not in ("text", "input_text", "refusal") or not isinstance(text, str):
            shown = f" of type {kind[:40]!r}" if isinstance(kind, str) else ""
            raise ValueError(f"only text parts can be read here, not one{shown}")
        texts.append(text)
    return "\n".join(texts)


def _encodable(text: str | None) -> str | None:
    """JSON can spell half a character; nothing downstream can."""
    try:
        (text or "").encode()
    except UnicodeEncodeError as exc:
        raise ValueError("the text holds half a surrogate pair") from exc
    return text


Content = Annotated[str | None, BeforeValidator(_joined), AfterValidator(_encodable)]
Flag = Annotated[bool, _or_default(False)]


class FunctionCallBody(BaseModel):
    name: str = Field(max_length=200)
    arguments: str = ""


class ToolCallBody(BaseModel):
    id: str = Field(max_length=200)
    type: Literal["function"] = "function"
    function: FunctionCallBody


class MessageBody(BaseModel):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: Content = None
    tool_calls: list[ToolCallBody] | None = None
    tool_call_id: str | None = None


class ParametersBody(BaseModel):
    """The part of a JSON schema that has to be right for a tool to be called."""

    type: Literal["object"] = "object"
    properties: dict[str, Any] = {}
    required: list[str] = []


class FunctionBody(BaseModel):
    name: str = Field(pattern=NAME)
    description: Annotated[str, _or_default("")] = ""
    parameters: ParametersBody | None = None


class ToolBody(BaseModel):
    type: Literal["function"]
    function: FunctionBody


class StreamOptions(BaseModel):
    include_usage: Flag = False


def _choice_name(choice: Any) -> Any:
    """`"auto"`, or OpenAI's `{"type": "function", "function": {"name"}}` as `=name`."""
    if isinstance(choice, dict):
        function = choice.get("function")
        name = function.get("name") if isinstance(function, dict) else None
        if choice.get("type") != "function" or not isinstance(name, str):
            raise ValueError('not of the form {"type": "function", "function": {"name": …}}')
        return f"={name}"
    if choice not in (None, "auto", "none", "required"):
        raise ValueError("not one of auto, none, required or a named function")
    return choice or "auto"


def _stops(stop: Any) -> Any:
    return [stop] if isinstance(stop, str) else stop or []


class SamplingBody(BaseModel):
    """What chat and completion requests have in common. Unknown fields are ignored."""

    model: str = Field(max_length=200)
    max_tokens: int | None = Field(default=None, ge=1, strict=True)
    temperature: float | None = Field(default=None, ge=0, le=2, allow_inf_nan=False, strict=True)
    top_p: float | None = Field(default=None, ge=0, le=1, allow_inf_nan=False, strict=True)
    presence_penalty: float | None = Field(
        default=None, ge=-2, le=2, allow_inf_nan=False, strict=True
    )
    frequency_penalty: float | None = Field(
        default=None, ge=-2, le=2, allow_inf_nan=False, strict=True
    )
    stop: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=200)]], BeforeValidator(_stops)
    ] = Field(default=[], max_length=MAX_STOPS)
    stream: Annotated[bool, _or_default(False)] = Field(default=False, strict=True)
    stream_options: StreamOptions | None = None
    n: Annotated[Literal[1], _or_default(1)] = 1
    logprobs: Any = None

    @field_validator("logprobs", "functions", "audio", "suffix", "echo", check_fields=False)
    @classmethod
    def _not_here(cls, value: Any, info: ValidationInfo) -> Any:
        if value not in (None, False, 0, [], ""):
            raise ValueError(f"{info.field_name} is not available here: leave it out")
        return None

    @property
    def wants_usage(self) -> bool:
        return self.stream_options is not None and self.stream_options.include_usage


class ChatBody(SamplingBody):
    """`POST /v1/chat/completions`."""

    messages: list[MessageBody] = Field(min_length=1, max_length=MAX_MESSAGES)
    tools: Annotated[list[ToolBody], _or_default([])] = Field(default=[], max_length=MAX_TOOLS)
    tool_choice: Annotated[str, BeforeValidator(_choice_name)] = "auto"
    parallel_tool_calls: Annotated[bool, _or_default(True)] = True
    response_format: dict[str, Any] | None = None
    max_completion_tokens: int | None = Field(default=None, ge=1, strict=True)
    functions: Any = None
    audio: Any = None


def _one_prompt(prompt: Any) -> Any:
    return prompt[0] if isinstance(prompt, list) and len(prompt) == 1 else prompt


class CompletionBody(SamplingBody):
    """`POST /v1/completions`."""

    prompt: Annotated[str, BeforeValidator(_one_prompt), AfterValidator(_encodable)] = Field(
        max_length=MAX_TEXT_CHARS
    )
    suffix: Any = None
    echo: Any = None
