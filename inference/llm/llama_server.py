"""llama.cpp's own server as an engine: a child process behind a Unix socket."""

from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Self

from chassis.metrics import Metrics
from inference.llm.engine import Abilities, Chat, Completion, Delta, Embeddings
from inference.model_status import EngineFailed

# Part of what a model takes of memory, beside its file and its context.
PROMPT_CACHE_BYTES = 256 << 20


class LlamaServer:
    """One GGUF file served by `llama-server`, `slots` chats at once with `ctx_tokens` each.

    With `embeddings` it makes vectors and nothing else: llama.cpp allows no both.
    """

    def __init__(
        self,
        *,
        model: str,
        file: Path,
        binary: Path,
        ctx_tokens: int,
        slots: int,
        threads: int,
        gpu_layers: int,
        max_rss_bytes: int,
        embeddings: bool,
        first_token_s: float,
        inter_token_s: float,
        total_s: float,
        metrics: Metrics,
    ) -> None:
        """`threads` 0: one a core; `gpu_layers` -1: as many as fit; `max_rss_bytes` 0: no cap."""
        self.model = model
        self.slots = slots
        self.max_rss_bytes = max_rss_bytes
        self.abilities = Abilities(
            json=not embeddings,
            streamed_tools=not embeddings,
            logprobs=not embeddings,
            completions=not embeddings,
            embeddings=embeddings,
            context_tokens=ctx_tokens,
        )

    def __enter__(self) -> Self:
        raise EngineFailed("llama-server cannot be run yet")

    def __exit__(self, *_: object) -> None:
        pass

    def chat(self, chat: Chat) -> AsyncGenerator[Delta]:
        raise EngineFailed("not loaded")

    def complete(self, completion: Completion) -> AsyncGenerator[Delta]:
        raise EngineFailed("not loaded")

    async def embed(self, texts: Sequence[str]) -> Embeddings:
        raise EngineFailed("not loaded")

    async def infer(self) -> None:
        raise EngineFailed("not loaded")
