"""From a checked request body to the chat an engine answers."""

from collections.abc import Container, Sequence

from chassis.errors import InvalidRequest, NotFound
from inference.llm.engine import (
    Abilities,
    Chat,
    Completion,
    ContextTooLong,
    JsonFormat,
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
    EmbeddingsBody,
    MessageBody,
    SamplingBody,
)

# Names that clients written for OpenAI send; whatever model is configured answers.
FOREIGN_MODELS = ("gpt-", "chatgpt-", "o1", "o3", "o4", "davinci-", "babbage-", "text-embedding-")


def check_model(asked: str | None, serving: Container[str | None], ids: Sequence[str] = ()) -> None:
    """Raise NotFound unless `asked` is of `serving`, nothing, or a name of OpenAI's. `ids`: what
    could be loaded instead."""
    if not asked or asked in serving or asked.startswith(FOREIGN_MODELS):
        return
    if asked in ids:
        raise NotFound(
            f"{asked[:100]!r} is here but not loaded: POST /v1/models/{asked[:100]}/load",
            param="model",
            code="model_not_loaded",
        )
    raise NotFound(
        f"there is no model {asked[:100]!r} here: GET /v1/models lists what there is",
        param="model",
        code="model_not_found",
    )


def chat_of(body: ChatBody, able: Abilities) -> Chat:
    """Raises InvalidRequest for what fits the schema but not together, and not the engine."""
    _check_size(sum(len(message.content or "") for message in body.messages), "messages")
    chat = Chat(
        messages=tuple(_message(at, message) for at, message in enumerate(body.messages)),
        tools=tuple(_tools(body)),
        tool_choice=_tool_choice(body),
        parallel_tool_calls=body.parallel_tool_calls,
        format=_format(body),
        sampling=_sampling(
            body, body.max_completion_tokens or body.max_tokens, _top_logprobs(body)
        ),
        stream=body.stream,
        reasoning_effort=body.reasoning_effort,
    )
    _check_able(chat, able)
    return chat


def completion_of(body: CompletionBody, able: Abilities) -> Completion:
    """Raises InvalidRequest for what the engine cannot do."""
    if not able.completions:
        raise _unable("this model only chats: POST /v1/chat/completions", "model")
    if body.logprobs is not None and not able.logprobs:
        raise _unable("this model tells no log probabilities: leave logprobs out", "logprobs")
    _check_size(len(body.prompt), "prompt")
    sampling = _sampling(body, body.max_tokens, body.logprobs)
    return Completion(prompt=body.prompt, sampling=sampling, stream=body.stream)


def texts_of(body: EmbeddingsBody, able: Abilities) -> list[str]:
    """Raises InvalidRequest where the engine makes no embeddings."""
    if not able.embeddings:
        raise _unable("the model that serves makes no embeddings", "model")
    _check_size(sum(map(len, body.input)), "input")
    return body.input


def _check_size(chars: int, param: str) -> None:
    if chars > MAX_TEXT_CHARS:
        raise ContextTooLong(
            f"this has {chars} characters, the most is {MAX_TEXT_CHARS}", param=param
        )


def _check_able(chat: Chat, able: Abilities) -> None:
    if chat.format and not able.json:
        raise _unable(
            "this model cannot promise JSON: leave response_format out, or use tools",
            "response_format",
        )
    if chat.sampling.top_logprobs is not None and not able.logprobs:
        raise _unable("this model tells no log probabilities: leave logprobs out", "logprobs")
    if chat.stream and chat.tools and chat.tool_choice == "auto" and not able.streamed_tools:
        raise _unable(
            "this backend cannot stream a reply that may call tools: "
            "leave stream or tools out, or demand one tool by tool_choice",
            "stream",
        )


def _unable(message: str, param: str) -> InvalidRequest:
    return InvalidRequest(message, param=param, code="unsupported")


def _sampling(body: SamplingBody, max_tokens: int | None, top_logprobs: int | None) -> Sampling:
    return Sampling(
        temperature=body.temperature,
        top_p=body.top_p,
        presence_penalty=body.presence_penalty,
        frequency_penalty=body.frequency_penalty,
        seed=body.seed,
        max_tokens=max_tokens,
        stop=tuple(body.stop),
        top_logprobs=top_logprobs,
    )


def _top_logprobs(body: ChatBody) -> int | None:
    if body.top_logprobs and not body.logprobs:
        raise InvalidRequest("top_logprobs needs logprobs: true", param="top_logprobs")
    return (body.top_logprobs or 0) if body.logprobs else None


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


def _format(body: ChatBody) -> JsonFormat | None:
    wanted = body.response_format
    if wanted is None or wanted.type == "text":
        return None
    if wanted.json_schema is None:
        return JsonFormat()
    return JsonFormat(schema=wanted.json_schema.schema_, name=wanted.json_schema.name)
