"""All of it, or parts: `python -m bench.stt --only live-embedded`. Tables here, numbers in JSON."""

import argparse
import asyncio
import json
import os
import platform
import time
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.stt import beside, files, limits, tables, weights
from bench.stt.live import Level, measure
from bench.stt.server import served
from tests.processes import LOGS

RESULTS = LOGS / "bench-stt.json"
# A stream is held where this is all the delay that sixteen seconds of speech leave: the step under
# way when its last sound comes, and its own.
HELD_LAG_S = 2 * weights.CHUNK_S
FILES_S = (10.0, 60.0, 600.0)
# A file that would take longer, by the one before it, is left out.
FILE_WITHIN_S = 120.0
BURSTS = (1, 2, 4, 8)
BURST_S = 10.0
Results = dict[str, Any]


async def live_embedded() -> Results:
    with served("embedded", _embedded()) as server:
        levels = [await measure(server, n, seed=n) for n in limits.STREAMS]
    tables.live("Live, embedded engine", [("embedded", level) for level in levels])
    return {"levels": [_told(level) for level in levels]}


async def live_nemotron() -> Results:
    with ExitStack() as stack:
        servers = [
            stack.enter_context(served(name, _model(weights.nemotron()) | batching))
            for name, batching in (
                ("batched", {"STT_BATCHING": "1"}),
                ("unbatched", {"STT_BATCHING": "0"}),
            )
        ]
        found = await limits.climb(servers, _holds, tables.progress)
    rows = [(name, level) for name, levels in found.items() for level in levels.values()]
    tables.live("Live, nemotron of the real size, random weights, int8, 560 ms", rows)
    held = {name: limits.held(levels, _holds) for name, levels in found.items()}
    at_once = {name: limits.held(levels, _holds_at_once) for name, levels in found.items()}
    tables.held(held, at_once)
    levels = {name: [_told(level) for level in of.values()] for name, of in found.items()}
    return {"held": held, "held_within_one_chunk": at_once, "levels": levels}


async def of_files() -> Results:
    results: Results = {}
    for name, env in (
        ("embedded", _embedded()),
        ("nemotron", _model(weights.nemotron())),
        ("whisper", _model(weights.whisper())),
    ):
        with served(name, env) as server:
            idle = server.rss_bytes()
            measured: list[files.File] = []
            for seconds in FILES_S:
                if not measured or measured[-1].rtf * seconds < FILE_WITHIN_S:
                    measured.append(await files.measure(server, seconds))
        tables.files(name, idle, measured)
        results[name] = {"idle_rss_bytes": idle, "files": [_told(file) for file in measured]}
    return results


async def plain() -> Results:
    env = _model(weights.whisper())
    with (
        served("parley", env) as ours,
        served("plain", env, "bench.stt.plain_whisper") as theirs,
    ):
        for server in (ours, theirs):
            await files.burst(server, 1, BURST_S)  # the first is slower
        rows = [
            (server.name, await files.burst(server, count, BURST_S))
            for count in BURSTS
            for server in (ours, theirs)
        ]
    tables.bursts(rows)
    return {"bursts": [{"server": name, **_told(burst)} for name, burst in rows]}


async def live_and_files() -> Results:
    with served("embedded", _embedded()) as server:
        measured = await beside.measure(server)
    tables.beside(measured)
    return _told(measured)


PARTS: dict[str, Callable[[], Coroutine[Any, Any, Results]]] = {
    "live-embedded": live_embedded,
    "live-nemotron": live_nemotron,
    "files": of_files,
    "plain": plain,
    "live-and-files": live_and_files,
}


def machine() -> Results:
    return {
        "date": datetime.now(UTC).isoformat(timespec="minutes"),
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)),
        "load_1_min": round(os.getloadavg()[0], 2),
    }


def _holds(level: Level) -> bool:
    return level.lag_s() <= HELD_LAG_S


def _holds_at_once(level: Level) -> bool:
    return level.lag_s() <= weights.CHUNK_S


def _embedded() -> dict[str, str]:
    return {"STT_ENGINE": "pocketsphinx", "PARLEY_OFFLINE": "1"}


def _model(folder: Path) -> dict[str, str]:
    return {"STT_MODEL": str(folder), "PARLEY_OFFLINE": "1"}


def _cpu() -> str:
    names = [
        line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line
    ]
    return names[0].partition(": ")[2] if names else platform.processor()


def _told(measured: Any) -> Results:
    return asdict(measured)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.stt", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), metavar="PART")
    asked = parser.parse_args()
    results: Results = {"machine": machine()}
    print(results["machine"])
    for part in asked.only:
        began_at_s = time.monotonic()
        load = os.getloadavg()[0]
        results[part] = asyncio.run(PARTS[part]())
        took_s = time.monotonic() - began_at_s
        results[part] |= {"took_s": round(took_s, 1), "load_before": round(load, 2)}
        print(f"{part}: {took_s:.0f} s, load before {load:.1f}")
        RESULTS.write_text(json.dumps(results, indent=1))
    print(f"numbers: {RESULTS}")


if __name__ == "__main__":
    main()
