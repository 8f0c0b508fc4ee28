"""Decides what comes next in a chat: words, calls of the tools on offer, or both."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from inference.assist import small_talk
from inference.assist.arithmetic import CannotCalculate
from inference.assist.recognise import recognise, too_long
from inference.assist.replies import REPLIES, Pick, reply, sentence
from inference.assist.requests import Goodbye, Request, Talk, Value
from inference.assist.results import outcome, plain
from inference.assist.skills import Clock, perform
from inference.assist.units import CannotConvert
from inference.llm.engine import Chat, Message, NamedTool, Tool

QUOTED = re.compile(
    r"[\"\N{LEFT DOUBLE QUOTATION MARK}](.{2,300}?)[\"\N{RIGHT DOUBLE QUOTATION MARK}]"
)
# What recognisers write for breath, music and silence.
NOISE = re.compile(
    r"\[[^\]]*\]|\([^)]*\)|<[^>]*>|\b(?:u+h+|u+m+|h+m+|m+h*m+|e+r+m*|a+h+|o+h+)\b", re.I
)


@dataclass(frozen=True, slots=True)
class Call:
    """A tool to call, with its arguments."""

    tool: str
    arguments: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Answer:
    """The next message: text to speak, tools to call, or both."""

    text: str = ""
    calls: tuple[Call, ...] = ()


def answer(chat: Chat, clock: Clock) -> Answer:
    """The next message of `chat`. Says only what it knows, calls only what is offered."""
    last = chat.messages[-1]
    asked = _last_text(chat, "user")
    pick = Pick(f"{asked}#{len(chat.messages)}")
    if last.role == "tool":
        return Answer(_after_tools(chat, asked, pick))
    if last.role in ("system", "developer"):
        return Answer(_instructed(chat, pick))
    if last.role == "assistant":
        return Answer(small_talk.still_here(pick))
    if not re.search(r"\w", NOISE.sub(" ", last.text)):
        return Answer(small_talk.say_again(pick))
    if too_long(last.text):
        return Answer(small_talk.too_long(pick))
    return _to_requests(chat, recognise(last.text), clock, pick)


def _to_requests(chat: Chat, requests: tuple[Request, ...], clock: Clock, pick: Pick) -> Answer:
    calls: list[Call] = []
    said: list[str] = []
    for request in requests:
        call = _call(chat, request)
        if call is not None and (chat.parallel_tool_calls or not calls):
            calls.append(call)
        else:
            said.append(_say(chat, request, clock, pick))
    if not calls and (forced := _forced(chat)) is not None:
        return Answer(calls=(forced,))
    if not requests:
        said.append(small_talk.outside({tool.name for tool in chat.tools}, pick))
    return Answer(" ".join(said), tuple(calls))


def _call(chat: Chat, request: Request) -> Call | None:
    """The call that serves `request`, if such a tool is on offer and may be used."""
    if request.tool is None or chat.tool_choice == "none":
        return None
    if isinstance(chat.tool_choice, NamedTool) and chat.tool_choice.name != request.tool:
        return None
    offered = next((tool for tool in chat.tools if tool.name == request.tool), None)
    if offered is None:
        return None
    return _fitting(offered, request.arguments())


def _forced(chat: Chat) -> Call | None:
    """The call that `tool_choice` demands, where it needs no argument that nobody has said."""
    if isinstance(chat.tool_choice, NamedTool):
        candidates = [tool for tool in chat.tools if tool.name == chat.tool_choice.name]
    elif chat.tool_choice == "required" and len(chat.tools) == 1:
        candidates = list(chat.tools)
    else:
        return None
    return _fitting(candidates[0], {}) if candidates else None


def _fitting(tool: Tool, arguments: Mapping[str, Value]) -> Call | None:
    """Only arguments the tool takes; None when it requires one there is no value for."""
    properties = tool.parameters.get("properties")
    required = tool.parameters.get("required")
    takes = set(properties) if isinstance(properties, dict) else set()
    needs = set(map(str, required)) if isinstance(required, list) else set()
    given = {
        name: value
        for name, value in arguments.items()
        if name in takes and (value is not None or name in needs)
    }
    for name in needs - given.keys():
        if not _nullable(properties.get(name) if isinstance(properties, dict) else None):
            return None
        given[name] = None
    return Call(tool.name, given)


def _nullable(schema: Any) -> bool:
    """Strict tools require every argument and let the optional ones be null."""
    if not isinstance(schema, dict):
        return False
    kinds = schema.get("type")
    variants = [schema, *(schema.get("anyOf") or [])]
    return "null" in (kinds if isinstance(kinds, list) else []) or any(
        isinstance(variant, dict) and variant.get("type") == "null" for variant in variants
    )


def _say(chat: Chat, request: Request, clock: Clock, pick: Pick) -> str:
    """An answer that needs no tool."""
    if isinstance(request, Talk):
        return _talk(chat, request, pick)
    if isinstance(request, Goodbye):
        return small_talk.farewell(pick)
    try:
        result = perform(request, clock)
    except (CannotCalculate, CannotConvert) as exc:
        return str(exc)
    if result is None or request.tool is None:
        return small_talk.without_tool(request)
    return reply(request.tool, result, request, pick)


def _talk(chat: Chat, request: Talk, pick: Pick) -> str:
    match request.topic:
        case "Repeat":
            return _last_text(chat, "assistant") or "I haven't said anything yet."
        case "Help":
            return small_talk.help_text({tool.name for tool in chat.tools}, pick)
        case "Greet":
            return small_talk.greeting(pick)
        case "WhoAreYou":
            return small_talk.about_me(_prompt(chat), pick)
        case topic:
            return pick(*small_talk.SIMPLE[topic])


def _instructed(chat: Chat, pick: Pick) -> str:
    """To an instruction: the words it quotes, a greeting at the start, else a sign of life."""
    if any(message.role == "assistant" for message in chat.messages):
        quoted = QUOTED.search(chat.messages[-1].text)
        return quoted.group(1) if quoted else small_talk.still_here(pick)
    return small_talk.greeting(pick)


def _after_tools(chat: Chat, asked: str, pick: Pick) -> str:
    """The results since the last call, each as a sentence."""
    requests = {request.tool: request for request in recognise(asked)}
    results: list[Message] = []
    called: dict[str, str] = {}
    for message in reversed(chat.messages):
        if message.role == "tool":
            results.insert(0, message)
            continue
        called = {call.id: call.name for call in message.tool_calls}
        break
    said = []
    for result in results:
        tool = called.get(result.tool_call_id or "", "")
        said.append(_told(tool, result.text, requests.get(tool), pick))
    return " ".join(said)


def _told(tool: str, content: str, request: Request | None, pick: Pick) -> str:
    result = outcome(content)
    if result.failure is not None:
        return small_talk.failed(tool, result.failure)
    if tool in REPLIES and isinstance(result.value, dict):
        try:
            return reply(tool, result.value, request, pick)
        except (KeyError, TypeError, ValueError, OverflowError):
            pass  # not the promised shape: told plainly below
    elif tool in REPLIES:  # these tools give objects: bare words are an error's
        return small_talk.failed(tool, plain(result.value) or "it gave no result")
    words = plain(result.value)
    return sentence(words) if words else "That's done."


def _last_text(chat: Chat, role: str) -> str:
    texts = (m.text for m in reversed(chat.messages) if m.role == role and m.text.strip())
    return next(texts, "")


def _prompt(chat: Chat) -> str:
    return "\n".join(m.text for m in chat.messages if m.role in ("system", "developer"))
