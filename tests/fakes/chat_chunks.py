"""A streamed chat completion, chunk by chunk, as OpenAI's clients want it."""

from collections.abc import Sequence
from typing import Any

from tests.fakes.openai_backend import DONE, Json, Reply, Step, event

HEAD: Json = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}


def delta(finish: str | None = None, **delta: Any) -> bytes:
    return event(HEAD | {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})


def pieces(*texts: str) -> list[Step]:
    """The beginning of a reply; nothing says that it is over."""
    return [delta(role="assistant", content=""), *(delta(content=text) for text in texts)]


def end(finish: str = "stop") -> list[Step]:
    counts = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    return [delta(finish), event(HEAD | {"choices": [], "usage": counts}), DONE]


def reply(*texts: str) -> Reply:
    """A whole reply."""
    return Reply(steps=[*pieces(*texts), *end()])


def completion(text: str) -> Json:
    """A reply that was not asked for as a stream."""
    message = {"role": "assistant", "content": text}
    whole = {"index": 0, "message": message, "finish_reason": "stop"}
    return HEAD | {"object": "chat.completion", "choices": [whole]}


def tool_call(name: str, arguments: str, *, id_: str = "call_1") -> Reply:
    """A reply that is one call of a tool; `arguments` as the model wrote them."""
    function = {"name": name, "arguments": arguments}
    call = {"index": 0, "id": id_, "type": "function", "function": function}
    return Reply(
        steps=[delta(role="assistant", content=None, tool_calls=[call]), *end("tool_calls")]
    )


def words_of(message: Json) -> str:
    """The text of a message of a request, however it is wrapped."""
    content: str | Sequence[Json] | None = message.get("content")
    if isinstance(content, str) or content is None:
        return content or ""
    return " ".join(str(part.get("text", "")) for part in content)


def conversation(body: Json) -> list[tuple[str, str]]:
    """(role, text) of a request's messages but the instructions."""
    return [
        (message["role"], words_of(message))
        for message in body["messages"]
        if message["role"] not in ("system", "developer")
    ]
