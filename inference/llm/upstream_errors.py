"""What a backend's refusal means, in our errors."""

import json
import re
from collections.abc import Mapping
from typing import Any

from chassis.errors import InvalidRequest, NotFound, ParleyError, RateLimited, Unavailable
from inference.llm.engine import ContextTooLong
from inference.model_status import EngineFailed

MAX_SHOWN_CHARS = 300
RETRY_AFTER_S = 2.0
MAX_RETRY_AFTER_S = 3600.0
# llama.cpp, llama-cpp-python, vLLM, OpenAI, Ollama: each says it in words of its own.
TOO_LONG_TYPES = ("exceed_context_size_error", "context_length_exceeded")
TOO_LONG = re.compile(
    r"maximum context length|exceeds? (?:the )?(?:available |model'?s? )?context"
    r"|context (?:window|length|size).{0,40}exceed|prompt is too long|maximum model length",
    re.IGNORECASE,
)
NEEDED = re.compile(
    r"(?:requested|request \(|tokens \(|prompt contains|contains at least)\D{0,12}(\d+)"
)
LIMIT = re.compile(
    r"(?:context length (?:is|of)|context size \(|context window of|model length of)\D{0,8}(\d+)"
)
SECRETS = re.compile(r"\b(?:sk|hf|key|Bearer)[-_ ][\w.\-*]{6,}|https?://\S+")
SAID = re.compile(r"(Failed to parse input at pos \d+):.*", re.DOTALL)  # llama.cpp quotes it all
PATHS = re.compile(r"(?<![#\w])(?:[A-Za-z]:)?(?:[/\\][\w.@\-+]+){2,}")

Json = dict[str, Any]


def refusal(
    status: int, headers: Mapping[str, str], content: bytes, *, field: str = "messages"
) -> ParleyError | EngineFailed:
    """The error for an answer other than 200. `field`: of our request, that may be too long."""
    error = _error(content)
    words = cleaned(_message(error))
    if too_long := context_too_long(error, field):
        return too_long
    if status == 429:
        return RateLimited(
            f"the backend has too much to do: {words}",
            code="backend_busy",
            retry_after_s=_retry_after_s(headers),
        )
    if status in (401, 403):
        return Unavailable(
            f"the backend refused our key (LLM_BASE_URL_KEY), {status}: {words}",
            code="backend_refused",
            retry_after_s=RETRY_AFTER_S,
        )
    if status == 404 and "model" in words.lower():
        return NotFound(f"the backend: {words}", param="model", code="model_not_found")
    if status in (404, 405, 501):
        return InvalidRequest(
            f"the backend cannot do this: {words}", param="model", code="unsupported"
        )
    if status in (400, 413, 422):
        return InvalidRequest(f"the backend refused this: {words}", param=_param(error))
    return EngineFailed(f"the backend answered {status}: {words}")


def in_band(error: object) -> ParleyError | EngineFailed:
    """The error for one that came inside a stream."""
    told = error if isinstance(error, dict) else {"message": error}
    if too_long := context_too_long(told):
        return too_long
    words = cleaned(_message(told))
    if told.get("code") == 400 or told.get("type") == "invalid_request_error":
        return InvalidRequest(f"the backend refused this: {words}", param=_param(told))
    return EngineFailed(f"the backend failed in the middle of its answer: {words}")


def context_too_long(error: Mapping[str, Any], field: str = "messages") -> ContextTooLong | None:
    """Where the refusal is for want of context; with the numbers, where it tells them."""
    message = _message(error)
    is_typed = any(error.get(name) in TOO_LONG_TYPES for name in ("type", "code"))
    if not is_typed and not TOO_LONG.search(message):
        return None
    needed = _count(error, "n_prompt_tokens") or _number(NEEDED, message)
    limit = _count(error, "n_ctx") or _number(LIMIT, message)
    size = f" of {needed} tokens" if needed else ""
    room = f" of {limit} tokens" if limit else ""
    return ContextTooLong(
        f"the request{size} does not fit into the model's context{room}", param=field
    )


def cleaned(words: str) -> str:
    """One line without keys, addresses, paths and what was said, of a bearable length."""
    words = SAID.sub(r"\1", words)
    line = " ".join("".join(c if c.isprintable() else " " for c in words).split())
    return PATHS.sub("…", SECRETS.sub("…", line[: 4 * MAX_SHOWN_CHARS]))[:MAX_SHOWN_CHARS]


def _error(content: bytes) -> Json:
    """The `error` of any dialect: an object, a text, FastAPI's `detail`; a page is not shown."""
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        is_page = content.lstrip()[:1] == b"<"
        return {"message": "a web page" if is_page else content[:1000].decode(errors="replace")}
    if not isinstance(answer, dict):
        return {"message": str(answer)}
    error = answer.get("error", answer.get("detail", answer))
    return error if isinstance(error, dict) else {"message": error}


def _message(error: Mapping[str, Any]) -> str:
    message = error.get("message")
    return message if isinstance(message, str) else json.dumps(message or "no reason given")


def _param(error: Mapping[str, Any]) -> str:
    param = error.get("param")
    return param[:100] if isinstance(param, str) and param else "body"


def _count(error: Mapping[str, Any], name: str) -> int | None:
    value = error.get(name)
    return value if isinstance(value, int) else None


def _number(pattern: re.Pattern[str], text: str) -> int | None:
    found = pattern.search(text)
    return int(found[1][:12]) if found else None


def _retry_after_s(headers: Mapping[str, str]) -> float:
    try:
        return min(max(float(headers.get("retry-after", "")), 1.0), MAX_RETRY_AFTER_S)
    except ValueError:  # absent, or a date
        return RETRY_AFTER_S
