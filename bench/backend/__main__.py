"""`python -m bench.backend`: tokens, lists, memory search, what the gateway costs, the page."""

import argparse
import asyncio
import json
import platform
import tempfile
from collections.abc import Coroutine, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import uvloop
from rich.console import Console
from rich.table import Table

from bench.backend import measures, page, servers
from bench.backend.measures import Numbers
from bench.backend.seed import seed
from tests.processes import LOGS, running

RESULTS = LOGS / "bench-backend.json"
PARTS = ("tokens", "lists", "gateway", "page")
console = Console(width=110)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a row may be at most, or must be at least."""

    row: str
    most: float | None = None
    least: float | None = None

    def keeps(self, value: float) -> bool:
        return (self.most is None or value <= self.most) and (
            self.least is None or value >= self.least
        )

    def told(self) -> str:
        return f"≤ {self.most:g}" if self.most is not None else f"≥ {self.least:g}"


BUDGETS = (
    Budget(row="tokens req/s", least=300),
    Budget(row="tokens P99 ms at 300/s", most=30),
    Budget(row="tokens alike of 1,000 at once", most=0),
    Budget(row="list of 10,000 conversations P95 ms", most=50),
    Budget(row="search of 10,000 memories P95 ms", most=30),
    Budget(row="the agent's search P95 ms", most=30),
    Budget(row="gateway adds to first byte P50 ms", most=3),
    Budget(row="throughput, 20 chats of 50 tokens/s, of direct", least=0.95),
    Budget(row="throughput, speech of the standby, of direct", least=0.95),
    Budget(row="Talk interactive P95 s", most=2),
)


def measured(parts: list[str], folder: Path) -> Numbers:
    """Every number of the parts asked for."""
    found: Numbers = {}
    with servers.upstream() as behind:
        found |= _run(measures.client_alone(behind))
        if "tokens" in parts:
            with ExitStack() as stack:
                with servers.on_one_core():
                    url = stack.enter_context(servers.backend(behind, folder / "tokens.db"))
                found |= _run(measures.tokens(url))
        if "lists" in parts:
            console.print("writing 10,000 conversations and memories …")
            asyncio.run(seed(folder / "lists.db", servers.ENCRYPTION_KEY))
            with servers.backend(behind, folder / "lists.db") as url:
                found |= _run(measures.conversations(url))
                found |= _run(measures.memories(url))
        if "gateway" in parts:
            with servers.backend(behind, folder / "gateway.db") as url:
                found |= _run(measures.first_byte(url, behind))
                found |= _run(measures.chat_throughput(url, behind))
        if "page" in parts:
            with servers.backend(behind, folder / "page.db") as url:
                found |= _told(page.interactive(url))
    if "gateway" in parts:
        with (
            running("inference.embedded", {}) as standby,
            servers.backend(standby, folder / "speech.db") as url,
        ):
            found |= _run(measures.speech_throughput(url, standby))
    return found


def _run(measure: Coroutine[Any, Any, Numbers]) -> Numbers:
    return _told(uvloop.run(measure))


def _told(found: Numbers) -> Numbers:
    for row, value in found.items():
        console.print(f"  {row}: {value:.2f}")
    return found


def show(found: Mapping[str, float]) -> bool:
    """Print them beside their budgets; whether all were kept."""
    table = Table(title="The backend, one process", box=None)
    for heading in ("", "measured", "budget", ""):
        table.add_column(heading, justify="right" if heading else "left")
    budgets = {budget.row: budget for budget in BUDGETS}
    kept = True
    for row, value in found.items():
        budget = budgets.get(row)
        verdict = "" if budget is None else "ok" if budget.keeps(value) else "OVER"
        kept = kept and verdict != "OVER"
        number = f"{value:.0f}" if value >= 100 or value == int(value) else f"{value:.2f}"
        table.add_row(row, number, budget.told() if budget else "", verdict)
    console.print(table)
    load, cores = psutil.getloadavg()[0], psutil.cpu_count() or 1
    if load > cores:
        console.print(
            f"load {load:.1f} on {cores} cores: this speaks of the machine; measure again"
        )
    return kept


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.backend", description=__doc__)
    parser.add_argument("--only", choices=PARTS)
    asked = parser.parse_args()
    parts = [asked.only] if asked.only else list(PARTS)
    with tempfile.TemporaryDirectory() as folder:
        found = measured(parts, Path(folder))
    kept = show(found)
    LOGS.mkdir(exist_ok=True)
    results = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": platform.platform(),
        "cores": psutil.cpu_count(),
        "load": psutil.getloadavg(),
        "numbers": found,
        "kept": kept,
    }
    RESULTS.write_text(json.dumps(results, indent=2))
    console.print(f"every number: {RESULTS}")
    if not kept:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
