"""Somebody else's chat server, at any OpenAI base URL: vLLM, Ollama, OpenAI itself."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any, Self

from chassis.errors import ParleyError
from chassis.http import AsyncClient, HTTPError, pooled_client
from chassis.metrics import Metrics
from inference.llm.engine import Abilities, Chat, Completion, Delta, Embeddings
from inference.llm.upstream import Upstream
from inference.llm.upstream_body import Dialect
from inference.llm.upstream_errors import cleaned, refusal
from inference.llm.upstream_http import Patience
from inference.llm.upstream_wire import parsed
from inference.model_status import EngineFailed

MODEL = "external"  # its name until the server has told another
SLOTS = 16  # it queues by itself; this only bounds what we hold open
LOOK_WITHIN_S = 10.0
CLOSE_WITHIN_S = 2.0
MAX_SHOWN = 20


class External:
    """Satisfies Engine. Loading it is asking whether the server is there, and what it has."""

    def __init__(
        self,
        *,
        base_url: str,
        key: str | None,
        model: str | None,
        slots: int,
        patience: Patience,
        metrics: Metrics,
    ) -> None:
        """`base_url` ends with the server's version, mostly `/v1`; `model`: its name there, None:
        the first it lists; `slots`: requests at once, 0: 16."""
        self.model = model or MODEL
        self.slots = slots or SLOTS
        self.abilities = _able(None)
        self._asked_model = model
        self._base_url = base_url
        self._key = key
        self._patience = patience
        self._metrics = metrics
        self._client: AsyncClient | None = None
        self._upstream: Upstream | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def __enter__(self) -> Self:
        """Blocks until the server has answered. Raises EngineFailed where it is not there, refuses
        the key, or has no such model."""
        listed = asyncio.run(self._listed())
        found = self._found(listed)
        self.model = str(found["id"])
        context = found.get("max_model_len")  # vLLM's
        self.abilities = _able(context if isinstance(context, int) and context > 0 else None)
        self._client = self._new_client()
        is_openai = self._client.base_url.host.endswith(("openai.com", "azure.com"))
        self._upstream = Upstream(
            self._client,
            model=self.model,
            abilities=self.abilities,
            patience=self._patience,
            dialect=Dialect(max_tokens="max_completion_tokens" if is_openai else "max_tokens"),
        )
        return self

    def __exit__(self, *_: object) -> None:
        """Closes its connections. Not to be called on the event loop."""
        client, self._client, self._upstream = self._client, None, None
        if client and self._loop and not self._loop.is_closed():
            closing = asyncio.run_coroutine_threadsafe(client.aclose(), self._loop)
            try:
                closing.result(CLOSE_WITHIN_S)
            except TimeoutError:
                closing.cancel()

    async def chat(self, chat: Chat) -> AsyncGenerator[Delta]:
        """The next message."""
        async with aclosing(self._backend().chat(chat)) as deltas:
            async for delta in deltas:
                yield delta

    async def complete(self, completion: Completion) -> AsyncGenerator[Delta]:
        """What follows the prompt."""
        async with aclosing(self._backend().complete(completion)) as deltas:
            async for delta in deltas:
                yield delta

    async def embed(self, texts: Sequence[str]) -> Embeddings:
        return await self._backend().embed(texts)

    async def infer(self) -> None:
        """One real token. Raises EngineFailed."""
        await self._backend().infer()

    def _backend(self) -> Upstream:
        if self._upstream is None:
            raise EngineFailed("the external server was not asked yet")
        self._loop = asyncio.get_running_loop()
        return self._upstream

    def _new_client(self) -> AsyncClient:
        base_url = self._base_url.rstrip("/") + "/"
        return pooled_client(metrics=self._metrics, base_url=base_url, bearer=self._key)

    async def _listed(self) -> list[dict[str, Any]]:
        """The models it says it has. Raises EngineFailed."""
        try:
            async with asyncio.timeout(LOOK_WITHIN_S), self._new_client() as client:
                response = await client.get("models")
        except (HTTPError, TimeoutError) as exc:
            reason = type(exc).__name__
            raise EngineFailed(f"nothing answers at LLM_BASE_URL: {reason}") from exc
        if response.status_code != 200:
            refused = refusal(response.status_code, response.headers, response.content)
            words = refused.message if isinstance(refused, ParleyError) else str(refused)
            hint = " (mostly it ends with /v1)" if response.status_code == 404 else ""
            raise EngineFailed(f"LLM_BASE_URL does not list its models{hint}: {words}")
        data = parsed(response.content).get("data")
        rows = data if isinstance(data, list) else []
        return [one for one in rows if isinstance(one, dict) and isinstance(one.get("id"), str)]

    def _found(self, listed: list[dict[str, Any]]) -> dict[str, Any]:
        for one in listed:
            if self._asked_model in (None, one["id"]):
                return one
        shown = ", ".join(cleaned(one["id"]) for one in listed[:MAX_SHOWN])
        if self._asked_model and listed:
            raise EngineFailed(f"LLM_MODEL={self._asked_model} is not there; there is: {shown}")
        raise EngineFailed("LLM_BASE_URL lists no model: load one there")


def _able(context_tokens: int | None) -> Abilities:
    """All, until the server refuses: nothing tells beforehand."""
    return Abilities(
        json=True,
        streamed_tools=True,
        logprobs=True,
        completions=True,
        embeddings=True,
        context_tokens=context_tokens,
    )
