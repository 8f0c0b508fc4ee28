"""`python -m bench.soak`: calls in a row, then calls at once, on one worker; does anything grow?"""

import argparse
import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.table import Table

from bench.soak.samples import Pool, Sample, Trend, pool, trends, watch
from bench.turns.bed import API_KEY, FOLDER, Bed, Worker, parley, running_bed
from bench.turns.measure import middle, p90
from bench.turns.plan import Found, Plan
from tests.processes import ROOT

REUSE = 0.95  # of requests, at least, in calls that last
FAILED = 0.02  # of turns, at most: eight callers are more than two cores hold
console = Console(width=120)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of the soak."""

    name: str
    found: Found
    samples: list[Sample]
    trends: list[Trend]
    pool: Pool
    lasting: bool

    @property
    def passed(self) -> bool:
        turns = len(self.found.turns)
        failed = len(self.found.failures) / max(1, turns + len(self.found.failures))
        reused = self.pool.reuse > REUSE or not self.lasting
        return turns > 0 and failed <= FAILED and reused and all(one.flat for one in self.trends)


async def soak(bed: Bed, worker: Worker, calls: int, for_s: float) -> Part:
    """Calls in a row where `for_s` is 0, else that many at once for so long."""
    plan = Plan(
        sfu_url=bed.sfu_url,
        api_key=API_KEY,
        api_secret=bed.api_secret,
        agent_name=worker.agent_name,
        engines_url=bed.engines_url,
        worker_pid=worker.pid,
        calls=calls,
    )
    before = pool(bed)
    done = asyncio.Event()
    watching = asyncio.create_task(watch(bed, worker, done))
    try:
        found = await _callers(plan, for_s)
    finally:
        done.set()
    samples = await watching
    return Part(
        name=f"{calls} calls at once for {for_s / 60:g} min"
        if for_s
        else f"{calls} calls in a row",
        found=found,
        samples=samples,
        trends=trends(samples),
        pool=pool(bed).since(before),
        lasting=for_s > 0,
    )


async def _callers(plan: Plan, for_s: float) -> Found:
    with (FOLDER / "soak-callers.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bench.soak.callers",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            cwd=ROOT,
        )
        told = json.dumps({"plan": asdict(plan), "for_s": for_s}).encode()
        out, _ = await process.communicate(told)
    if process.returncode:
        raise SystemExit(f"the callers failed: {FOLDER / 'soak-callers.log'}")
    return Found.from_json(out.decode().splitlines()[-1])


def show(part: Part) -> None:
    table = Table(title=part.name)
    for column in ("", "first quarter", "last quarter", "most", "slope a minute", ""):
        table.add_column(column, justify="right" if column else "left")
    for one in part.trends:
        cells = [f"{value:.1f}" for value in (one.first, one.last, one.most)]
        verdict = "flat" if one.flat else "GROWS"
        table.add_row(one.name, *cells, f"{one.per_minute:+.2f}", verdict)
    console.print(table)
    turns = [turn.voice_to_voice_s for turn in part.found.turns if turn.stop_s is None]
    half = len(turns) // 2
    print(f"turns {len(part.found.turns)}, failed {len(part.found.failures)}")
    print(f"voice to voice P50 / P90: {middle(turns):.2f} / {p90(turns):.2f} s")
    print(f"first half P50 {middle(turns[:half]):.2f}, second {middle(turns[half:]):.2f} s")
    wanted = f", wanted > {REUSE:.0%}" if part.lasting else ""
    used = part.pool
    print(f"{used.requests} requests over {used.connections} connections, {used.cut} requests cut")
    print(f"pool reuse, connections of cut requests aside: {used.reuse:.1%}{wanted}")
    for failure in part.found.failures[:20]:
        print(f"failed: {failure}")
    print("passed" if part.passed else "FAILED", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--calls", type=int, default=100, help="in a row; 0: leave this part out")
    parser.add_argument("--at-once", type=int, default=8)
    parser.add_argument("--minutes", type=float, default=10, help="of calls at once; 0: none")
    wanted = parser.parse_args()
    began_s = time.monotonic()
    parts: list[Part] = []
    with running_bed() as bed, parley(bed) as worker:
        asked_for = []
        if wanted.calls:
            asked_for.append((wanted.calls, 0.0))
        if wanted.minutes:
            asked_for.append((wanted.at_once, wanted.minutes * 60))
        for calls, for_s in asked_for:
            parts.append(asyncio.run(soak(bed, worker, calls, for_s)))
            show(parts[-1])
    path = FOLDER / "soak.json"
    path.write_text(json.dumps([asdict(part) for part in parts], indent=1))
    print(f"every number: {path}\ntook {time.monotonic() - began_s:.0f} s")
    return 0 if parts and all(part.passed for part in parts) else 1


if __name__ == "__main__":
    sys.exit(main())
