"""What a backend is asked, in the part of OpenAI's format that all of them understand."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from chassis.errors import InvalidRequest
from inference.llm.engine import (
    Chat,
    Completion,
    JsonFormat,
    Message,
    NamedTool,
    Sampling,
    Tool,
    ToolCall,
)

Json = dict[str, Any]
MAX_INT = 0x7FFF_FFFF  # C backends take 32 bits


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """Where a backend differs from OpenAI."""

    extra: Mapping[str, Any] = field(default_factory=dict)  # fields of every chat and completion
    schema_in_json_object: bool = False  # wants a JSON schema under the type `json_object`
    max_tokens: str = "max_tokens"  # the field's name
    null_content: bool = True  # of a message that only calls tools; else it must be ""
    knows_required: bool = True  # the tool choice; else only that of one named tool
    knows_named: bool = True  # the choice of one tool; else it is the only one on offer


def chat_body(chat: Chat, model: str, dialect: Dialect, *, stream: bool) -> Json:
    body: Json = {
        "model": model,
        "messages": [_message(one, dialect) for one in plain(chat.messages)],
    }
    if chat.tools and chat.tool_choice != "none":
        body |= _tools(chat, dialect)
        body["parallel_tool_calls"] = chat.parallel_tool_calls
    if chat.format:
        body["response_format"] = _response_format(chat.format, dialect)
    if chat.reasoning_effort:
        body["reasoning_effort"] = chat.reasoning_effort
    if chat.sampling.top_logprobs is not None:
        body |= {"logprobs": True, "top_logprobs": chat.sampling.top_logprobs}
    return body | _sampling(chat.sampling, dialect) | _streamed(stream) | dict(dialect.extra)


def completion_body(completion: Completion, model: str, dialect: Dialect) -> Json:
    body: Json = {"model": model, "prompt": completion.prompt}
    if completion.sampling.top_logprobs is not None:
        body["logprobs"] = completion.sampling.top_logprobs
    return body | _sampling(completion.sampling, dialect) | _streamed(True) | dict(dialect.extra)


def plain(messages: Sequence[Message]) -> list[Message]:
    """The same chat as every chat template takes it: at most one system message, the first;
    nobody but tools speaks twice in a row where that says the same; someone has asked.

    Instructions that come later stay where they are, as words of the user: moved to the front
    they would make the backend read everything again.
    """
    opening = 0
    while opening < len(messages) and messages[opening].role in ("system", "developer"):
        opening += 1
    said = [
        replace(one, role="user") if one.role in ("system", "developer") else one
        for one in messages[opening:]
    ]
    instructions = [one.text for one in messages[:opening]]
    if not any(one.role == "user" for one in said) and instructions:
        said.insert(0, Message(role="user", text=instructions.pop()))
    merged: list[Message] = []
    for one in said:
        if merged and one.role == merged[-1].role == "user":
            merged[-1] = replace(merged[-1], text=f"{merged[-1].text}\n\n{one.text}")
        else:
            merged.append(one)
    system = [Message(role="system", text="\n\n".join(instructions))] if instructions else []
    return system + merged


def _message(message: Message, dialect: Dialect) -> Json:
    body: Json = {"role": message.role, "content": message.text}
    if message.tool_calls:
        body["content"] = message.text or (None if dialect.null_content else "")
        body["tool_calls"] = [_call(call) for call in message.tool_calls]
    if message.role == "tool":
        body["tool_call_id"] = message.tool_call_id
    return body


def _call(call: ToolCall) -> Json:
    function = {"name": call.name, "arguments": _parsable(call.arguments)}
    return {"id": call.id, "type": "function", "function": function}


def _parsable(arguments: str) -> str:
    """Chat templates parse what a model once wrote, and fail the whole chat where they cannot."""
    try:
        if isinstance(json.loads(arguments or "{}"), dict):
            return arguments or "{}"
    except (ValueError, RecursionError):
        pass
    return json.dumps({"arguments": arguments})


def _tool(tool: Tool) -> Json:
    function: Json = {"name": tool.name, "description": tool.description}
    function["parameters"] = dict(tool.parameters) or {"type": "object", "properties": {}}
    return {"type": "function", "function": function}


def _tools(chat: Chat, dialect: Dialect) -> Json:
    tools, choice = chat.tools, chat.tool_choice
    if choice == "required" and not dialect.knows_required:
        if len(tools) > 1:
            raise InvalidRequest(
                "this backend cannot demand any one of several tools: name one",
                param="tool_choice",
                code="unsupported",
            )
        choice = NamedTool(tools[0].name)
    told: str | Json
    if not isinstance(choice, NamedTool):
        told = choice
    elif dialect.knows_named:
        told = {"type": "function", "function": {"name": choice.name}}
    else:
        tools = tuple(tool for tool in tools if tool.name == choice.name)
        told = "required"
    return {"tools": [_tool(tool) for tool in tools], "tool_choice": told}


def _response_format(wanted: JsonFormat, dialect: Dialect) -> Json:
    if wanted.schema is None:
        return {"type": "json_object"}
    if dialect.schema_in_json_object:
        return {"type": "json_object", "schema": dict(wanted.schema)}
    schema = {"name": wanted.name, "schema": dict(wanted.schema), "strict": True}
    return {"type": "json_schema", "json_schema": schema}


def _sampling(sampling: Sampling, dialect: Dialect) -> Json:
    told: Json = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "presence_penalty": sampling.presence_penalty,
        "frequency_penalty": sampling.frequency_penalty,
        "seed": None if sampling.seed is None else sampling.seed & MAX_INT,
        dialect.max_tokens: sampling.max_tokens and min(sampling.max_tokens, MAX_INT),
        "stop": list(sampling.stop) or None,
    }
    return {name: value for name, value in told.items() if value is not None}


def _streamed(stream: bool) -> Json:
    return {"stream": True, "stream_options": {"include_usage": True}} if stream else {}
