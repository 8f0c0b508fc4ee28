"""A backend that speaks OpenAI's format: asked over HTTP, read delta by delta, left at once."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, aclosing

from chassis.errors import ParleyError
from chassis.http import AsyncClient
from inference.llm.engine import (
    Abilities,
    Chat,
    Completion,
    Delta,
    Embeddings,
    Message,
    Sampling,
)
from inference.llm.reasoning import Splitter
from inference.llm.upstream_body import Dialect, Json, chat_body, completion_body
from inference.llm.upstream_errors import in_band
from inference.llm.upstream_http import Answer, Patience, asked
from inference.llm.upstream_wire import Lines, Reading, parsed, vectors_of
from inference.model_status import EngineFailed

DONE = b"[DONE]"
INFER_WITHIN_S = 30.0


class Upstream:
    """Chats with one model of a backend. The client's `base_url` is the backend's, with `/v1/`."""

    def __init__(
        self,
        client: AsyncClient,
        *,
        model: str,
        abilities: Abilities,
        patience: Patience,
        dialect: Dialect | None = None,
        on_life: Callable[[], None] = lambda: None,
    ) -> None:
        """`model`: its name there; `on_life`: told of every sign of life, of any request."""
        self._client = client
        self._model = model
        self._abilities = abilities
        self._patience = patience
        self._dialect = dialect or Dialect()
        self._on_life = on_life
        # Some models are thinking when they start, and only the mark that ends it tells. After one
        # such reply the next ones are not passed on before that mark.
        self._begins_inside = False

    async def chat(self, chat: Chat) -> AsyncGenerator[Delta]:
        """The next message. Raises what an Engine's `chat` raises; closing it cancels the work."""
        has_auto_tools = bool(chat.tools) and chat.tool_choice == "auto"
        is_streamed = self._abilities.streamed_tools or not has_auto_tools
        body = chat_body(chat, self._model, self._dialect, stream=is_streamed)
        is_held = self._begins_inside or not chat.stream
        splitter = Splitter(held=is_held)
        reading = Reading(splitter)
        async with aclosing(self._answer("chat/completions", body, reading)) as deltas:
            async for delta in deltas:
                yield delta
        if splitter.began_inside or (is_held and reading.reason == "stop"):
            self._begins_inside = splitter.began_inside

    async def complete(self, completion: Completion) -> AsyncGenerator[Delta]:
        """What follows the prompt."""
        body = completion_body(completion, self._model, self._dialect)
        async with aclosing(self._answer("completions", body, Reading(None))) as deltas:
            async for delta in deltas:
                yield delta

    async def embed(self, texts: Sequence[str]) -> Embeddings:
        """Raises InvalidRequest where the backend makes none, EngineFailed where it broke."""
        body = {"model": self._model, "input": list(texts), "encoding_format": "float"}
        async with self._asked("embeddings", body) as answer:
            return vectors_of(_checked(parsed(await answer.whole())), len(texts))

    async def infer(self) -> None:
        """One real token. Raises EngineFailed."""
        said = Message(role="user", text="Hi")
        chat = Chat(messages=(said,), sampling=Sampling(max_tokens=1))
        try:
            async with asyncio.timeout(INFER_WITHIN_S), aclosing(self.chat(chat)) as deltas:
                async for _ in deltas:
                    pass
        except TimeoutError as exc:
            raise EngineFailed(f"no token came in {INFER_WITHIN_S:.0f} s") from exc
        except ParleyError as exc:
            raise EngineFailed(exc.message) from exc

    def _asked(self, path: str, body: Json) -> AbstractAsyncContextManager[Answer]:
        return asked(self._client, path, body, patience=self._patience, on_life=self._on_life)

    async def _answer(self, path: str, body: Json, reading: Reading) -> AsyncGenerator[Delta]:
        async with self._asked(path, body) as answer:
            if answer.is_stream:
                lines, is_over = Lines(), False
                while not is_over and not reading.is_done:
                    chunk = await answer.chunk()
                    is_over = not chunk
                    for data in lines.push(chunk) if chunk else lines.finish():
                        is_over = is_over or data == DONE
                        for delta in () if is_over and data == DONE else _told(reading, data):
                            answer.token_came()
                            yield delta
            else:
                for delta in _told(reading, await answer.whole()):
                    yield delta
            for delta in reading.finish():
                yield delta
            await answer.drain()


def _told(reading: Reading, data: bytes) -> Iterator[Delta]:
    return reading.push(_checked(parsed(data)))


def _checked(answer: Json) -> Json:
    """Raises what an answer means that is an error in spite of its status."""
    if answer.get("error"):
        raise in_band(answer["error"])
    return answer
