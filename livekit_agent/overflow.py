"""Tell a refusal for want of context from others, however a chat server says it."""

import re
from dataclasses import dataclass

STATUSES = (400, 413)
CODES = frozenset({"context_length_exceeded", "exceed_context_size_error"})
WORDS = re.compile(
    r"maximum context length|exceeds? (?:the )?(?:available |model'?s )?context|prompt is too long",
    re.IGNORECASE,
)
NEEDED = re.compile(r"request (?:of |\()(\d{1,9})|requested (\d{1,9})", re.IGNORECASE)
LIMIT = re.compile(r"(?:context of|context length is|context size \()\s?(\d{1,9})", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overflow:
    """How many tokens the request had, and the model takes; None where the server does not say."""

    needed_tokens: int | None
    limit_tokens: int | None


def overflow_of(error: BaseException) -> Overflow | None:
    """None when `error`, of the SDK or of openai, is about something else."""
    if getattr(error, "status_code", None) not in STATUSES:
        return None
    body = getattr(error, "body", None)
    told = body.get("error", body) if isinstance(body, dict) else None
    fields = told if isinstance(told, dict) else {}
    message = str(fields.get("message") or getattr(error, "message", error))
    if not {fields.get("code"), fields.get("type")} & CODES and not WORDS.search(message):
        return None
    return Overflow(
        needed_tokens=_number(fields.get("n_prompt_tokens"), NEEDED, message),
        limit_tokens=_number(fields.get("n_ctx"), LIMIT, message),
    )


def _number(field: object, words: re.Pattern[str], message: str) -> int | None:
    if isinstance(field, int):
        return field
    found = words.search(message)
    return int(next(group for group in found.groups() if group)) if found else None
