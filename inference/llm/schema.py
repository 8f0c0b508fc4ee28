"""The bodies of OpenAI's chat and completion requests, checked."""

import json
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

MAX_MESSAGES = 1_000
MAX_TEXT_CHARS = 400_000  # of all messages together: about 100 000 tokens
MAX_TOOLS = 128  # OpenAI's limit
MAX_STOPS = 4
MAX_TOP_LOGPROBS = 20
MAX_COMPLETION_LOGPROBS = 5
MAX_INPUTS = 2_048  # OpenAI's limit
MAX_ID_CHARS = 200
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


def _json(value: Any) -> Any:
    """As every backend can read it: no NaN, no half characters."""
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as exc:
        raise ValueError("not JSON that can be passed on") from exc
    return value


Text = Annotated[str, AfterValidator(_encodable)]
Id = Annotated[Text, Field(max_length=MAX_ID_CHARS)]
Content = Annotated[str | None, BeforeValidator(_joined), AfterValidator(_encodable)]
Flag = Annotated[bool, _or_default(False)]


class FunctionCallBody(BaseModel):
    name: Id
    arguments: Annotated[Text, _or_default("")] = ""


class ToolCallBody(BaseModel):
    id: Id
    type: Literal["function"] = "function"
    function: FunctionCallBody


class MessageBody(BaseModel):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: Content = None
    tool_calls: list[ToolCallBody] | None = None
    tool_call_id: Id | None = None


class ParametersBody(BaseModel):
    """A JSON schema: what has to be right for a tool to be called, and all else as it came."""

    model_config = ConfigDict(extra="allow")

    type: Literal["object"] = "object"
    properties: dict[str, Any] = {}
    required: list[str] = []


class FunctionBody(BaseModel):
    """A function on offer. `strict` is not passed on: backends have broken on it."""

    name: str = Field(pattern=NAME)
    description: Annotated[Text, _or_default("")] = ""
    parameters: Annotated[ParametersBody | None, BeforeValidator(_json)] = None


class ToolBody(BaseModel):
    type: Literal["function"]
    function: FunctionBody


class StreamOptions(BaseModel):
    include_usage: Flag = False


class JsonSchemaBody(BaseModel):
    name: str = Field(pattern=NAME)
    schema_: Annotated[dict[str, Any], BeforeValidator(_json)] = Field(alias="schema")


class ResponseFormatBody(BaseModel):
    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchemaBody | None = None

    @model_validator(mode="after")
    def _has_its_schema(self) -> "ResponseFormatBody":
        if (self.type == "json_schema") != (self.json_schema is not None):
            raise ValueError("json_schema goes with the type json_schema, and only with it")
        return self


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

    model: Text | None = Field(default=None, max_length=200)  # None: the one that serves
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
        list[Annotated[Text, Field(min_length=1, max_length=200)]], BeforeValidator(_stops)
    ] = Field(default=[], max_length=MAX_STOPS)
    stream: Annotated[bool, _or_default(False)] = Field(default=False, strict=True)
    stream_options: StreamOptions | None = None
    n: Annotated[Literal[1], _or_default(1)] = 1
    seed: int | None = Field(default=None, ge=-(2**63), lt=2**63, strict=True)
    logit_bias: Any = None  # of token numbers, which differ from model to model

    @field_validator(
        "logit_bias", "functions", "audio", "modalities", "suffix", "echo", check_fields=False
    )
    @classmethod
    def _not_here(cls, value: Any, info: ValidationInfo) -> Any:
        if value not in (None, False, 0, [], {}, "", ["text"]):
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
    response_format: ResponseFormatBody | None = None
    max_completion_tokens: int | None = Field(default=None, ge=1, strict=True)
    logprobs: Annotated[bool, _or_default(False)] = Field(default=False, strict=True)
    top_logprobs: int | None = Field(default=None, ge=0, le=MAX_TOP_LOGPROBS, strict=True)
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high", "xhigh"] | None = None
    functions: Any = None  # the tools of 2023
    audio: Any = None
    modalities: Any = None


def _one_prompt(prompt: Any) -> Any:
    return prompt[0] if isinstance(prompt, list) and len(prompt) == 1 else prompt


class CompletionBody(SamplingBody):
    """`POST /v1/completions`."""

    prompt: Annotated[Text, BeforeValidator(_one_prompt)]
    logprobs: int | None = Field(default=None, ge=0, le=MAX_COMPLETION_LOGPROBS, strict=True)
    best_of: Annotated[Literal[1], _or_default(1)] = 1
    suffix: Any = None
    echo: Any = None


def _texts(asked: Any) -> Any:
    """One text, or a list of texts; OpenAI's token numbers belong to models of its own."""
    if isinstance(asked, list) and any(isinstance(one, int | list) for one in asked):
        raise ValueError("token numbers are not understood here: send texts")
    return [asked] if isinstance(asked, str) else asked


class EmbeddingsBody(BaseModel):
    """`POST /v1/embeddings`."""

    model: Text | None = Field(default=None, max_length=200)
    input: Annotated[list[Annotated[Text, Field(min_length=1)]], BeforeValidator(_texts)] = Field(
        min_length=1, max_length=MAX_INPUTS
    )
    encoding_format: Annotated[Literal["float", "base64"], _or_default("float")] = "float"
    dimensions: None = None  # a vector has as many as the model gives it
