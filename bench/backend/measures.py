"""Each question, asked of a running backend: tokens, lists, memories, the gateway's cost."""

import asyncio
import json
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from itertools import count
from urllib.parse import quote

from bench.backend.http import Connection, Reply
from bench.backend.seed import Vocabulary
from bench.backend.servers import SERVICE_KEY, cpu_s
from bench.turns import percentile

Numbers = dict[str, float]
CONNECTIONS = 8
FLOOD_S = 6.0
PACE_PER_S = 300  # the budget: its P99 is asked at the rate that is promised
PACED_S = 10.0
DISTINCT = 1_000
PAGES = QUERIES = 200
PAIRS = 300
ROUNDS = 5
CHATS, TOKENS, TOKENS_APART_MS = 20, 150, 20
CHAT = "/v1/chat/completions"
SPEECH = "/v1/audio/speech"
QUESTION = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hello"}]}).encode()
SENTENCE = "The weather is fine today, and tomorrow it will be even better than that. "
KEY_BODY = json.dumps({"name": "bench", "scopes": ["stt", "llm", "tts"]}).encode()


async def client_alone(behind: str) -> Numbers:
    """What our client can ask of a server that does nothing: it must be far from its limit."""
    replies, took_s = await _flood(behind, "GET", "/health", FLOOD_S / 2)
    return {"the load client's own limit, req/s": len(replies) / took_s}


async def tokens(url: str) -> Numbers:
    await _flood(url, "POST", "/api/token", 1.0)
    used_s = cpu_s(url)
    replies, took_s = await _flood(url, "POST", "/api/token", FLOOD_S)
    used_s = cpu_s(url) - used_s
    paced = await _paced(url, "POST", "/api/token")
    distinct = await _distinct(url)
    return {
        "tokens req/s": len(replies) / took_s,
        "processor ms a token": used_s / len(replies) * 1000,
        f"tokens P50 ms at {PACE_PER_S}/s": _ms(paced, 0.5),
        f"tokens P99 ms at {PACE_PER_S}/s": _ms(paced, 0.99),
        "tokens alike of 1,000 at once": DISTINCT - distinct,
    }


async def conversations(url: str) -> Numbers:
    """The first page, then the next ones, as a person scrolls."""
    took_s: list[float] = []
    async with Connection(url, {}) as client:
        cursor, used_s = "", cpu_s(url)
        for _ in range(PAGES):
            path = f"/api/conversations?limit=30{cursor}"
            reply = _fine(await client.ask("GET", path, keep=True))
            took_s.append(reply.took_s)
            told = json.loads(reply.body)["next_cursor"]
            cursor = f"&cursor={quote(told)}" if told else ""
    return {
        "processor ms a page of the list": (cpu_s(url) - used_s) / PAGES * 1000,
        "list of 10,000 conversations P50 ms": percentile(took_s, 0.5) * 1000,
        "list of 10,000 conversations P95 ms": percentile(took_s, 0.95) * 1000,
    }


async def memories(url: str) -> Numbers:
    """As the page searches, and as the agent does in a turn."""
    said = Vocabulary()
    took_s: dict[str, list[float]] = {"page": [], "agent": []}
    async with Connection(url, {}) as page, Connection(url, _bearer(SERVICE_KEY)) as agent:
        first = _fine(await page.ask("GET", f"/api/memories?q={quote(said.sentence(4))}"))
        used_s = cpu_s(url)
        for _ in range(QUERIES):
            query = quote(said.sentence(4))
            found = _fine(await page.ask("GET", f"/api/memories?q={query}"))
            took_s["page"].append(found.took_s)
            found = _fine(await agent.ask("GET", f"/internal/memories?user_id=local&q={query}"))
            took_s["agent"].append(found.took_s)
    return {
        "first search of 10,000 memories ms": first.took_s * 1000,
        "processor ms a search": (cpu_s(url) - used_s) / (2 * QUERIES) * 1000,
        "search of 10,000 memories P50 ms": percentile(took_s["page"], 0.5) * 1000,
        "search of 10,000 memories P95 ms": percentile(took_s["page"], 0.95) * 1000,
        "the agent's search P95 ms": percentile(took_s["agent"], 0.95) * 1000,
    }


async def first_byte(url: str, behind: str) -> Numbers:
    """Pairs of the same request, to the server itself and through the gateway."""
    path = f"{CHAT}?chunks=3&bytes=200"
    direct: list[float] = []
    through: list[float] = []
    async with (
        Connection(behind, {}) as server,
        Connection(url, _bearer(await api_key(url))) as gateway,
    ):
        for number in range(PAIRS + PAIRS // 10):
            pair = [(server, direct), (gateway, through)]
            for client, times in pair if number % 2 else reversed(pair):  # neither always first
                reply = _fine(await client.ask("POST", path, QUESTION))
                if number >= PAIRS // 10:
                    times.append(reply.first_s)
    added = [theirs - ours for ours, theirs in zip(direct, through, strict=True)]
    return {
        "first byte, direct P50 ms": statistics.median(direct) * 1000,
        "first byte, gateway P50 ms": statistics.median(through) * 1000,
        "gateway adds to first byte P50 ms": statistics.median(added) * 1000,
        "gateway adds to first byte P95 ms": percentile(added, 0.95) * 1000,
    }


async def chat_throughput(url: str, behind: str) -> Numbers:
    """As many chats at once as a house may have, each token as a model writes it."""
    path = f"{CHAT}?chunks={TOKENS}&bytes=200&apart_ms={TOKENS_APART_MS}"
    key = await api_key(url)
    ratio = await _ratio(
        lambda base, headers: _bytes_per_s(base, headers, path, lambda: QUESTION, CHATS, 1),
        behind,
        url,
        key,
    )
    flat = f"{SPEECH}?chunks=400&bytes=12000"
    small = f"{CHAT}?chunks=1&bytes=200"
    used_s = cpu_s(url)
    replies, took_s = await _flood(url, "POST", small, FLOOD_S / 2, key)
    used_s = cpu_s(url) - used_s
    return {
        f"throughput, {CHATS} chats of {1000 // TOKENS_APART_MS} tokens/s, of direct": ratio,
        "gateway, sound as fast as it goes MB/s": (
            await _bytes_per_s(url, _bearer(key), flat, lambda: b"{}", 4, 4)
        )
        / 1e6,
        "gateway, small requests/s": len(replies) / took_s,
        "gateway, processor ms a small request": used_s / len(replies) * 1000,
    }


async def speech_throughput(url: str, behind: str) -> Numbers:
    """The standby's voice, as fast as it speaks."""
    numbers = count()  # the voice remembers what it said: it is never asked the same twice

    def body() -> bytes:
        text = " ".join(f"Number {next(numbers)}. {SENTENCE}" for _ in range(4))
        voice = {"model": "espeak-ng", "voice": "en", "response_format": "pcm"}
        return json.dumps({"input": text, **voice}).encode()

    key = await api_key(url)
    ratio = await _ratio(
        lambda base, headers: _bytes_per_s(base, headers, SPEECH, body, 2, 8), behind, url, key
    )
    return {"throughput, speech of the standby, of direct": ratio}


async def api_key(url: str) -> str:
    async with Connection(url, {}) as client:
        reply = await client.ask("POST", "/api/keys", KEY_BODY, keep=True)
        assert reply.status == 201, reply
        return str(json.loads(reply.body)["key"])


async def _ratio(
    measure: Callable[[str, Mapping[str, str]], Awaitable[float]], behind: str, url: str, key: str
) -> float:
    """Of rounds in turn: what else the machine does meets both."""
    await measure(url, _bearer(key))
    ratios = []
    for number in range(ROUNDS):
        if number % 2:
            direct, through = await measure(behind, {}), await measure(url, _bearer(key))
        else:
            through, direct = await measure(url, _bearer(key)), await measure(behind, {})
        ratios.append(through / direct)
    return statistics.median(ratios)


async def _bytes_per_s(
    base: str,
    headers: Mapping[str, str],
    path: str,
    body: Callable[[], bytes],
    workers: int,
    times: int,
) -> float:
    async with AsyncExitStack() as open_:
        clients = [
            await open_.enter_async_context(Connection(base, dict(headers))) for _ in range(workers)
        ]

        async def work(client: Connection) -> int:
            return sum([_fine(await client.ask("POST", path, body())).size for _ in range(times)])

        began_s = time.perf_counter()
        total = sum(await asyncio.gather(*map(work, clients)))
        return total / (time.perf_counter() - began_s)


async def _flood(
    url: str, method: str, path: str, seconds: float, key: str | None = None
) -> tuple[list[Reply], float]:
    """Each connection asks again as soon as it is answered."""
    began_s = time.perf_counter()
    replies: list[Reply] = []

    async def work() -> None:
        async with Connection(url, _bearer(key) if key else {}) as client:
            while time.perf_counter() - began_s < seconds:
                replies.append(_fine(await client.ask(method, path, b"{}")))

    await asyncio.gather(*(work() for _ in range(CONNECTIONS)))
    return replies, time.perf_counter() - began_s


async def _paced(url: str, method: str, path: str) -> list[float]:
    """Seconds from when each was due, however late the ones before it were, to its answer."""
    began_s = time.perf_counter()
    due = iter(began_s + number / PACE_PER_S for number in range(int(PACED_S * PACE_PER_S)))
    took_s: list[float] = []

    async def work() -> None:
        async with Connection(url, {}) as client:
            for at_s in due:
                await asyncio.sleep(max(0.0, at_s - time.perf_counter()))
                reply = _fine(await client.ask(method, path, b"{}"))
                took_s.append(reply.ended_at_s - at_s)

    await asyncio.gather(*(work() for _ in range(4 * CONNECTIONS)))
    return took_s


async def _distinct(url: str) -> int:
    """Different tokens among those asked for at the same instant."""
    async with AsyncExitStack() as open_:
        clients = [await open_.enter_async_context(Connection(url, {})) for _ in range(DISTINCT)]
        asked = (client.ask("POST", "/api/token", b"{}", keep=True) for client in clients)
        replies = await asyncio.gather(*asked)
    return len({json.loads(_fine(reply).body)["participant_token"] for reply in replies})


def _fine(reply: Reply) -> Reply:
    if not 200 <= reply.status < 300:
        raise SystemExit(f"bench.backend: answered {reply.status}: {reply.body[:300]!r}")
    return reply


def _bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def _ms(seconds: list[float], share: float) -> float:
    return percentile(seconds, share) * 1000
