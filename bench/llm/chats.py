"""Ask a server for streamed replies, some at once, and time their tokens."""

import asyncio
import json
import random
import statistics
import time
from dataclasses import dataclass

import httpx2

from bench.llm.servers import Server

ANSWER_WITHIN_S = 900.0
PREFIX_CHARS = 1000  # the bench's model reads a byte as a token
LETTERS = "abcdefghijklmnopqrstuvwxyz     "


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One streamed reply: from the request to the first token, and on to the last."""

    first_s: float
    last_s: float
    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """Replies asked for at the same time."""

    server: str
    what: str
    replies: tuple[Reply, ...]
    wall_s: float

    @property
    def first_s(self) -> float:
        return statistics.median(reply.first_s for reply in self.replies)

    @property
    def worst_first_s(self) -> float:
        return max(reply.first_s for reply in self.replies)

    @property
    def tokens_per_s(self) -> float:
        """Of all together, waiting for the first ones included."""
        return sum(reply.tokens for reply in self.replies) / self.wall_s


def prefix(seed: int) -> str:
    """Text that no other seed has, about a thousand tokens of it."""
    return "".join(random.Random(seed).choices(LETTERS, k=PREFIX_CHARS))


async def ask_round(
    server: Server, what: str, prompts: list[str], *, system: str = "", tokens: int
) -> Round:
    """All prompts at once."""
    async with httpx2.AsyncClient(timeout=ANSWER_WITHIN_S, trust_env=False) as client:
        started_s = time.perf_counter()
        asked = (ask(client, server, one, system=system, tokens=tokens) for one in prompts)
        replies = await asyncio.gather(*asked)
        wall_s = time.perf_counter() - started_s
    return Round(server=server.name, what=what, replies=tuple(replies), wall_s=wall_s)


async def ask(
    client: httpx2.AsyncClient, server: Server, prompt: str, *, system: str, tokens: int
) -> Reply:
    messages = [{"role": "system", "content": system}] if system else []
    body = {
        "model": "gpt-4.1" if server.name == "parley" else "bench",
        "messages": [*messages, {"role": "user", "content": prompt}],
        "max_tokens": tokens,
        "stream": True,
    }
    started_s = time.perf_counter()
    times_s = []
    async with client.stream("POST", f"{server.url}/chat/completions", json=body) as response:
        assert response.status_code == 200, await response.aread()
        async for line in response.aiter_lines():
            if _says_something(line):
                times_s.append(time.perf_counter() - started_s)
    assert times_s, f"{server.name} wrote nothing"
    return Reply(first_s=times_s[0], last_s=times_s[-1], tokens=len(times_s))


def _says_something(line: str) -> bool:
    if not line.startswith("data: {"):
        return False
    choices = json.loads(line.removeprefix("data: ")).get("choices") or [{}]
    return bool((choices[0].get("delta") or {}).get("content"))
