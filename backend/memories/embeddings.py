"""Texts as vectors: asked of `/v1/embeddings` of the LLM server."""

import asyncio
from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel, SecretStr, ValidationError

from backend.memories.vectors import Vector
from backend.settings import BackendSettings
from chassis.http import AsyncClient, HTTPError

MAX_NUMBERS = 8_192  # of a vector; twice what the largest models make
OF_THE_TEXTS = (400, 413, 422)  # another key, or a model that comes, can mend every other refusal


class EmbeddingsUnavailable(Exception):
    """The server is away, late, busy, or says what nobody understands."""


class EmbeddingsRefused(Exception):
    """The server will not take these texts, however often it is asked."""


class _Embedding(BaseModel):
    index: int
    embedding: list[float]


class _Answer(BaseModel):
    data: list[_Embedding]


class Embeddings:
    """Of one model. See `embeddings_of`."""

    def __init__(
        self, client: AsyncClient, url: str, model: str, key: SecretStr | None = None
    ) -> None:
        """`url`: of the server, without `/v1`. `client`: the caller closes it. `key`: where the
        server asks for one."""
        self._client = client
        self._headers = {"authorization": f"Bearer {key.get_secret_value()}"} if key else {}
        self._url = f"{url.rstrip('/')}/v1/embeddings"
        self.model = model

    async def of(self, texts: Sequence[str], within_s: float) -> list[Vector]:
        """One for each text, in their order. Raises EmbeddingsUnavailable, EmbeddingsRefused."""
        asked = {"model": self.model, "input": list(texts), "encoding_format": "float"}
        try:
            async with asyncio.timeout(within_s):
                response = await self._client.post(self._url, json=asked, headers=self._headers)
        except (HTTPError, TimeoutError) as exc:
            raise EmbeddingsUnavailable(type(exc).__name__) from exc
        status = response.status_code
        if status in OF_THE_TEXTS:
            raise EmbeddingsRefused(f"status {status}")
        if not response.is_success:
            raise EmbeddingsUnavailable(f"status {status}")
        if len(texts) == 1:
            return _vectors(response.content, 1)
        # A thread: a batch is a megabyte of digits.
        return await asyncio.to_thread(_vectors, response.content, len(texts))


def embeddings_of(settings: BackendSettings, client: AsyncClient) -> Embeddings | None:
    """None when no model of embeddings is set."""
    model = settings.embeddings_model
    return Embeddings(client, settings.llm_url, model, settings.llm_api_key) if model else None


def _vectors(content: bytes, count: int) -> list[Vector]:
    try:
        data = sorted(_Answer.model_validate_json(content).data, key=lambda one: one.index)
    except ValidationError as exc:
        raise EmbeddingsUnavailable("its answer holds no embeddings") from exc
    if [one.index for one in data] != list(range(count)):
        raise EmbeddingsUnavailable("its answer holds not as many embeddings as texts")
    if any(not 1 <= len(one.embedding) <= MAX_NUMBERS for one in data):
        raise EmbeddingsUnavailable("its embeddings are empty or too long")
    return [np.asarray(one.embedding, np.float32) for one in data]
