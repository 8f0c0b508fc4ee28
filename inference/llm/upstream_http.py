"""One question to a backend over HTTP: its answer within limits, its errors as ours."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass

from chassis.http import AsyncClient, HTTPError, Response
from inference.llm.engine import EngineSilent
from inference.llm.upstream_body import Json
from inference.llm.upstream_errors import refusal
from inference.model_status import EngineFailed

CONNECT_WITHIN_S = 2.0
WRITE_WITHIN_S = 10.0
TIMEOUTS = (CONNECT_WITHIN_S, None, WRITE_WITHIN_S, CONNECT_WITHIN_S)  # Patience times the reading
DRAIN_WITHIN_S = 0.1
MAX_ANSWER_BYTES = 64_000_000  # 2048 embeddings as text
FIELDS = {"completions": "prompt", "embeddings": "input"}  # that may be too long
MAX_REFUSAL_BYTES = 64_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a backend may take, in seconds."""

    first_token_s: float = 60.0
    inter_token_s: float = 15.0
    total_s: float = 600.0


class Deadline:
    """When the next sign of life is due. Only tokens put it off: not comments, nor progress."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        now_s = asyncio.get_running_loop().time()
        self._ends_at_s = now_s + patience.total_s
        self._due_at_s = now_s + patience.first_token_s
        self._has_begun = False
        self._came = False

    def token_came(self) -> None:
        self._came = self._has_begun = True

    @asynccontextmanager
    async def waiting(self) -> AsyncIterator[None]:
        """Raises EngineSilent where the block takes too long."""
        if self._came:  # from now: a client that reads slowly must not use up the time
            now_s = asyncio.get_running_loop().time()
            self._due_at_s, self._came = now_s + self._patience.inter_token_s, False
        try:
            async with asyncio.timeout_at(min(self._due_at_s, self._ends_at_s)):
                yield
        except TimeoutError as exc:
            raise self._silence() from exc

    def _silence(self) -> EngineSilent:
        if self._ends_at_s <= self._due_at_s:
            limit_s, what, code = self._patience.total_s, "was not done", "llm_total_timeout"
        elif self._has_begun:
            limit_s, what = self._patience.inter_token_s, "paused for longer than"
            code = "llm_inter_token_timeout"
        else:
            limit_s, what = self._patience.first_token_s, "had no first token"
            code = "llm_first_token_timeout"
        return EngineSilent(f"the model {what} after {limit_s:g} s", code=code)


class Answer:
    """What comes back, of status 200."""

    def __init__(self, response: Response, deadline: Deadline, on_life: Callable[[], None]) -> None:
        self.is_stream = "event-stream" in response.headers.get("content-type", "")
        self._chunks = response.aiter_raw()
        self._deadline = deadline
        self._on_life = on_life

    def token_came(self) -> None:
        self._deadline.token_came()

    async def chunk(self) -> bytes:
        """Some bytes, as they come; none at the end. Raises EngineFailed."""
        with _typed_errors():
            async with self._deadline.waiting():
                chunk = await anext(self._chunks, b"")
        if chunk:
            self._on_life()
        return chunk

    async def whole(self, max_bytes: int = MAX_ANSWER_BYTES) -> bytes:
        """Raises EngineFailed, also where it is longer than `max_bytes`."""
        parts, size = [], 0
        while part := await self.chunk():
            parts.append(part)
            size += len(part)
            if size > max_bytes:
                raise EngineFailed(f"the backend's answer is longer than {max_bytes} bytes")
        return b"".join(parts)

    async def drain(self) -> None:
        """Read what is left, if that is little: then its connection serves the next question."""
        try:
            async with asyncio.timeout(DRAIN_WITHIN_S):
                while await anext(self._chunks, b""):
                    pass
        except (TimeoutError, HTTPError):
            pass  # all that matters was read

    async def aclose(self) -> None:
        async with aclosing(self._chunks):
            pass


@asynccontextmanager
async def asked(
    client: AsyncClient,
    path: str,
    body: Json,
    *,
    patience: Patience,
    on_life: Callable[[], None],
) -> AsyncIterator[Answer]:
    """The answer to `body`. Leaving the block before it ends closes the connection, which is how
    backends learn that nobody wants it. Raises what `refusal` makes of it, and EngineFailed."""
    deadline = Deadline(patience)
    request = client.build_request(
        "POST", path, json=body, headers={"accept-encoding": "identity"}, timeout=TIMEOUTS
    )
    with _typed_errors():
        async with deadline.waiting():
            response = await client.send(request, stream=True)
    try:
        on_life()
        answer = Answer(response, deadline, on_life)
        if response.status_code != 200:
            content = await answer.whole(MAX_REFUSAL_BYTES)
            field = FIELDS.get(path, "messages")
            raise refusal(response.status_code, response.headers, content, field=field)
        yield answer
        await answer.aclose()
    finally:
        await response.aclose()


@contextmanager
def _typed_errors() -> Iterator[None]:
    try:
        yield
    except HTTPError as exc:
        raise EngineFailed(f"the backend cannot be reached: {type(exc).__name__}") from exc
