"""`python -m bench.llm`: chats at once on a model of 0.6B, and what our server adds to a token."""

import argparse
import asyncio
import json
import platform
import statistics
import tempfile
import time
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import psutil
from rich.console import Console
from rich.table import Table

from bench import llm_weights
from bench.llm import servers
from bench.llm.chats import Round, ask, ask_round, prefix
from bench.llm.servers import Plan, Server
from bench.turns import percentile
from chassis.metrics import Metrics
from inference.llm.runners import Runners
from inference.llm.settings import LlmSettings
from tests.fakes.gguf_model import make_gguf
from tests.processes import LOGS

RESULTS = LOGS / "bench-llm.json"
WEIGHTS = Path("~/.cache/parley/bench/qwen3-0.6b-random-q8_0.gguf").expanduser()
AT_ONCE = (1, 2, 4)
SLOTS, CTX_TOKENS = 4, 2048
PAIRS, SHORT_TOKENS = 200, 8
SHORT = "what is the capital of madagascar"
console = Console(width=120)
Results = dict[str, Any]


async def chats(running: list[Server], tokens: int) -> list[Round]:
    """Short prompts; a prefix nobody knows; the same one again, of one chat and of several. Each
    kind goes to every server in turn: what else the machine does meets all of them."""
    for server in running:
        await ask_round(server, "warm-up", ["hello"], tokens=2)
    system = prefix(seed=1)
    kinds = [(f"short, {count} at once", count, "") for count in AT_ONCE]
    kinds += [("1,000 tokens, unknown", 1, system)]
    kinds += [(f"shared 1,000, {count} at once", count, system) for count in AT_ONCE]
    # A slot of llama-server shares what it has read with no other: now each has read it.
    kinds += [(f"shared, read by all, {AT_ONCE[-1]} at once", AT_ONCE[-1], system)]
    rounds: list[Round] = []
    for what, count, before in kinds:
        prompts = [f"{SHORT}, {what}, number {at}" for at in range(count)]
        for server in running:
            one = await ask_round(server, what, prompts, system=before, tokens=tokens)
            rounds.append(one)
            _progress(one)
    return rounds


async def overhead(threads: int, binary: Path) -> Results:
    """Pairs of the same request, to llama-server by itself and to ours: the tiny model writes in
    less than a millisecond, so what is left is what stands before it."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        file = make_gguf(Path(folder) / "tiny.gguf")
        plan = Plan(file=file, binary=binary, slots=1, ctx_tokens=CTX_TOKENS, threads=threads)
        pair = [stack.enter_context(start(plan)) for start in (servers.llama_server, servers.ours)]
        first_s: dict[str, list[float]] = {server.name: [] for server in pair}
        # A connection each: llama-server closes those that are kept after a few requests.
        kept = httpx2.Limits(max_keepalive_connections=0)
        async with httpx2.AsyncClient(timeout=60, trust_env=False, limits=kept) as client:
            for at in range(PAIRS):
                for server in pair if at % 2 else reversed(pair):  # neither is always first
                    reply = await ask(client, server, SHORT, system="", tokens=SHORT_TOKENS)
                    first_s[server.name].append(reply.first_s)
    raw, through = first_s["llama-server"], first_s["parley"]
    added_s = [ours - theirs for ours, theirs in zip(through, raw, strict=True)]
    return {
        "raw_p50_s": statistics.median(raw),
        "through_p50_s": statistics.median(through),
        "added_p50_s": statistics.median(added_s),
        "added_p90_s": percentile(added_s, 0.9),
        "raw_best_s": min(raw),
        "through_best_s": min(through),
    }


def _progress(one: Round) -> None:
    first = f"first token {one.first_s:.2f} s, the last one's {one.worst_first_s:.2f} s"
    console.print(f"  {one.server}: {one.what}: {first}, {one.tokens_per_s:.1f} tokens/s")


def _show(rounds: list[Round], added: Results) -> None:
    table = Table(title="Qwen3 0.6B's shape, random weights, Q8_0", box=None)
    for heading in ("chats", "server", "first token s", "the last one's", "tokens/s", "of parley"):
        table.add_column(heading)
    for one in sorted(rounds, key=lambda one: [r.what for r in rounds].index(one.what)):
        ours = next(r for r in rounds if (r.server, r.what) == ("parley", one.what))
        ratio = f"{one.first_s / ours.first_s:.2f} x, {one.tokens_per_s / ours.tokens_per_s:.2f} x"
        first, worst = f"{one.first_s:.2f}", f"{one.worst_first_s:.2f}"
        table.add_row(one.what, one.server, first, worst, f"{one.tokens_per_s:.1f}", ratio)
    console.print(table)
    milliseconds = {what: f"{seconds * 1000:.2f} ms" for what, seconds in added.items()}
    console.print(f"What our server adds to a first token, {PAIRS} pairs: {milliseconds}")


def _binary() -> Path:
    runners = Runners(LlmSettings(), Metrics("bench"))
    found = runners.llama_server()
    if found is None:
        raise SystemExit(f"bench.llm: {runners.missing()}")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.llm", description=__doc__)
    parser.add_argument("--tokens", type=int, default=32, help="of each reply")
    parser.add_argument("--threads", type=int, default=psutil.cpu_count(logical=False) or 1)
    parser.add_argument("--only", choices=("chats", "overhead"))
    asked = parser.parse_args()
    binary = _binary()
    rounds: list[Round] = []
    added: Results = {}
    if asked.only != "chats":
        added = asyncio.run(overhead(asked.threads, binary))
    if asked.only != "overhead":
        file = llm_weights.build(WEIGHTS)
        plan = Plan(
            file=file, binary=binary, slots=SLOTS, ctx_tokens=CTX_TOKENS, threads=asked.threads
        )
        rounds = measured(plan, asked.tokens)
    _show(rounds, added)
    results = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": platform.platform(),
        "threads": asked.threads,
        "load": psutil.getloadavg(),
        "overhead": added,
        "rounds": [asdict(one) for one in rounds],
    }
    LOGS.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2))


def measured(plan: Plan, tokens: int) -> list[Round]:
    starts = [servers.ours, servers.llama_server]
    if servers.PYTHON.exists():
        starts.append(servers.llama_cpp_python)
    with ExitStack() as stack:
        running: list[Server] = []
        for start in starts:
            began_s = time.monotonic()
            running.append(stack.enter_context(start(plan)))
            console.print(f"{running[-1].name}: there after {time.monotonic() - began_s:.1f} s")
        return asyncio.run(chats(running, tokens))


if __name__ == "__main__":
    main()
