"""What came back from a tool, in whatever form, as data or as a failure."""

import ast
import json
from dataclasses import dataclass
from typing import Any

from inference.assist.voice import Voice

MAX_RESULT_CHARS = 20_000
MAX_SAID_CHARS = 600
MAX_ITEMS = 10
MAX_DEPTH = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`value` as the tool gave it, or why it failed."""

    value: Any = None
    failure: str | None = None


def outcome(content: str, voice: Voice) -> Outcome:
    """Tools give JSON; frameworks make of it `str(dict)`, or plain words."""
    value = _parsed(content)
    if isinstance(value, dict) and (error := value.get("error")):
        if isinstance(error, dict):
            error = error.get("message") or error.get("code")
        return Outcome(failure=plain(error, voice) if error else voice.say("no_reason"))
    return Outcome(value=value)


def plain(value: Any, voice: Voice, depth: int = 0) -> str:
    """Any JSON as words, without making anything up: names, colons, commas."""
    if value is None:
        said = voice.say("nothing")
    elif isinstance(value, bool):
        said = voice.say("yes" if value else "no")
    elif isinstance(value, int | float):
        said = voice.number(value)
    elif isinstance(value, str):
        said = value.strip()
    elif depth >= MAX_DEPTH:
        said = voice.say("more")
    elif isinstance(value, dict):
        pairs = list(value.items())[:MAX_ITEMS]
        said = ", ".join(f"{_name(key)}: {plain(item, voice, depth + 1)}" for key, item in pairs)
    elif isinstance(value, list | tuple):
        said = ", ".join(plain(item, voice, depth + 1) for item in value[:MAX_ITEMS])
    else:
        said = str(value)
    return said if len(said) <= MAX_SAID_CHARS else f"{said[:MAX_SAID_CHARS].rsplit(' ', 1)[0]} …"


def _parsed(content: str) -> Any:
    if len(content) > MAX_RESULT_CHARS:
        return content
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        pass
    if not content.lstrip().startswith(("{", "[")):
        return content
    try:
        return ast.literal_eval(content.strip())
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return content


def _name(key: Any) -> str:
    return str(key).replace("_", " ")
