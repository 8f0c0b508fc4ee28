"""From a checked request body to the chat an engine answers."""

from chassis.errors import InvalidRequest, NotFound
from inference.llm.engine import (
    Chat,
    Completion,
    Message,
    NamedTool,
    Sampling,
    Tool,
    ToolCall,
    ToolChoice,
)
from inference.llm.schema import (
    MAX_TEXT_CHARS,
    ChatBody,
    CompletionBody,
    MessageBody,
    SamplingBody,
)

# Names that clients written for OpenAI send; whatever model is configured answers.
FOREIGN_MODELS = ("gpt-", "chatgpt-", "o1", "o3", "o4")


def check_model(asked: str, model: str) -> None:
    """Raise NotFound unless `asked` is `model` or a name of OpenAI's."""
    if asked == model or asked.startswith(FOREIGN_MODELS):
        return
    raise NotFound(
        f"there is no model {asked[:100]!r} here: GET /v1/models lists what there is",
        param="model",
        code="model_not_found",
    )


def chat_of(body: ChatBody, *, structured_output: bool) -> Chat:
    """Raises InvalidRequest for what fits the schema but not together."""
    if sum(len(message.content or "") for message in body.messages) > MAX_TEXT_CHARS:
        raise InvalidRequest(
            f"the messages have more than {MAX_TEXT_CHARS} characters together",
            param="messages",
            code="context_length_exceeded",
        )
    _check_response_format(body, structured_output)
    return Chat(
        messages=tuple(_message(at, message) for at, message in enumerate(body.messages)),
        tools=tuple(_tools(body)),
        tool_choice=_tool_choice(body),
        parallel_tool_calls=body.parallel_tool_calls,
        sampling=_sampling(body, body.max_completion_tokens or body.max_tokens),
        stream=body.stream,
    )


def completion_of(body: CompletionBody) -> Completion:
    return Completion(
        prompt=body.prompt, sampling=_sampling(body, body.max_tokens), stream=body.stream
    )


def _sampling(body: SamplingBody, max_tokens: int | None) -> Sampling:
    return Sampling(
        temperature=body.temperature,
        top_p=body.top_p,
        presence_penalty=body.presence_penalty,
        frequency_penalty=body.frequency_penalty,
        max_tokens=max_tokens,
        stop=tuple(body.stop),
    )


def _message(at: int, body: MessageBody) -> Message:
    calls = tuple(
        ToolCall(id=call.id, name=call.function.name, arguments=call.function.arguments)
        for call in body.tool_calls or []
    )
    if body.content is None and not calls:
        raise InvalidRequest(
            f"a message of role {body.role} needs content", param=f"messages.{at}.content"
        )
    if calls and body.role != "assistant":
        raise InvalidRequest("only the assistant calls tools", param=f"messages.{at}.tool_calls")
    if body.role == "tool" and not body.tool_call_id:
        raise InvalidRequest(
            "a tool's message names the call it answers", param=f"messages.{at}.tool_call_id"
        )
    return Message(
        role=body.role, text=body.content or "", tool_calls=calls, tool_call_id=body.tool_call_id
    )


def _tools(body: ChatBody) -> list[Tool]:
    names = [tool.function.name for tool in body.tools]
    for at, name in enumerate(names):
        if name in names[:at]:
            raise InvalidRequest(f"two tools are named {name}", param=f"tools.{at}.function.name")
    return [
        Tool(
            name=tool.function.name,
            description=tool.function.description,
            parameters=tool.function.parameters.model_dump() if tool.function.parameters else {},
        )
        for tool in body.tools
    ]


def _tool_choice(body: ChatBody) -> ToolChoice:
    if body.tool_choice in ("auto", "none"):
        return body.tool_choice  # type: ignore[return-value]  # mypy does not narrow by `in`
    if not body.tools:
        raise InvalidRequest("a tool is demanded but none is offered", param="tool_choice")
    if body.tool_choice == "required":
        return "required"
    name = body.tool_choice.removeprefix("=")
    if name not in [tool.function.name for tool in body.tools]:
        raise InvalidRequest("the demanded function is not among the tools", param="tool_choice")
    return NamedTool(name)


def _check_response_format(body: ChatBody, structured_output: bool) -> None:
    kind = (body.response_format or {"type": "text"}).get("type")
    if kind not in ("text", "json_object", "json_schema"):
        raise InvalidRequest(
            "response_format.type is not one of text, json_object, json_schema",
            param="response_format.type",
        )
    if kind != "text" and not structured_output:
        raise InvalidRequest(
            "this model cannot promise JSON: leave response_format out, or use tools",
            param="response_format",
            code="unsupported",
        )
