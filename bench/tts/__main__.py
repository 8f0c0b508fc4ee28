"""All of it, or parts: `python -m bench.tts --only espeak`. Tables here, numbers in JSON."""

import argparse
import asyncio
import json
import os
import statistics
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import Any

from bench.stt.__main__ import machine
from bench.stt.server import Server
from bench.tts import servers, tables
from bench.tts.measures import Answers, ask, leaving
from bench.tts.texts import LONG, SENTENCE, SIXTY_WORDS
from tests.processes import LOGS

RESULTS = LOGS / "bench-tts.json"
FORMATS = ("mp3", "opus", "aac", "flac", "wav")
# What the server is held to.
MOST_FIRST_SOUND_S = {"espeak": 0.060}
LEAST_SOONER = {"kokoro": 3.0}
MOST_SLOWER_OF_FOUR = 2.0
Results = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How often, by how long the engine takes."""

    times: int
    at_once: tuple[int, ...]
    leavers: int
    long: str
    formats: tuple[str, ...]


PLANS = {
    "espeak": Plan(times=20, at_once=(1, 2, 4, 8), leavers=20, long=LONG, formats=FORMATS),
    # Codecs cost the same whoever speaks, and a text takes a third of its sound's time.
    "kokoro": Plan(times=2, at_once=(1, 2, 4), leavers=5, long=SIXTY_WORDS, formats=()),
}


async def measured(engine: str) -> Results:
    plan = PLANS[engine]
    with ExitStack() as stack:
        ours = stack.enter_context(servers.ours(engine))
        plain = stack.enter_context(servers.plain(engine))
        idle = {server.name: server.rss_bytes() for server in (ours, plain)}
        for server in (ours, plain):
            await ask(server, "", SENTENCE)  # the first is slower
        alone = await _alone(ours, plain, plan)
        tables.answers(f"One listener, {engine}", alone)
        crowd = await _crowd(ours, plain, plan)
        tables.answers(f"Listeners at once, {engine}", crowd)
        left = await leaving(ours, LONG, SENTENCE, plan.leavers)
        tables.left(engine, "parley", left)
        forms = [
            ("parley", await ask(ours, form, SENTENCE, times=plan.times, form=form))
            for form in plan.formats
        ]
    if forms:
        tables.answers(f"Formats, {engine}", forms)
    return {
        "idle_rss_bytes": idle,
        "answers": [
            {"server": name} | asdict(one) for rows in (alone, crowd, forms) for name, one in rows
        ],
        "left": asdict(left),
        "goals": _goals(engine, alone, crowd),
    }


async def _alone(ours: Server, plain: Server, plan: Plan) -> list[tuple[str, Answers]]:
    return [
        (server.name, await ask(server, what, text, times=plan.times))
        for what, text in (("sentence", SENTENCE), ("60 words", SIXTY_WORDS))
        for server in (ours, plain)
    ]


async def _crowd(ours: Server, plain: Server, plan: Plan) -> list[tuple[str, Answers]]:
    return [
        (server.name, await ask(server, "long", plan.long, at_once=count))
        for count in plan.at_once
        for server in (ours, plain)
    ]


def _goals(
    engine: str, alone: Sequence[tuple[str, Answers]], crowd: Sequence[tuple[str, Answers]]
) -> Results:
    def sound_s(rows: Sequence[tuple[str, Answers]], server: str, what: str) -> float:
        return next(
            statistics.median(one.first_sounds_s)
            for name, one in rows
            if name == server and what in (one.what, str(one.at_once))
        )

    single = sound_s(crowd, "parley", "1")
    four = next(one for name, one in crowd if name == "parley" and one.at_once == 4)
    told = {
        "sooner_than_plain": tables.ratio(
            "60 words, first sound: parley, plain",
            sound_s(alone, "parley", "60 words"),
            sound_s(alone, "plain", "60 words"),
        ),
        "worst_of_four": tables.ratio(
            "long text, first sound: alone, the last of four", single, max(four.first_sounds_s)
        ),
        "first_sound_s": sound_s(alone, "parley", "60 words"),
    }
    passed = {
        "first_sound": told["first_sound_s"] <= MOST_FIRST_SOUND_S.get(engine, float("inf")),
        "sooner": told["sooner_than_plain"] >= LEAST_SOONER.get(engine, 0.0),
        "four": told["worst_of_four"] <= MOST_SLOWER_OF_FOUR,
    }
    tables.console.print(passed)
    return told | {"passed": passed}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.tts", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PLANS, default=list(PLANS), metavar="ENGINE")
    asked = parser.parse_args()
    results: Results = {"machine": machine()}
    print(results["machine"])
    for engine in asked.only:
        began_at_s, load = time.monotonic(), os.getloadavg()[0]
        results[engine] = asyncio.run(measured(engine))
        took_s = time.monotonic() - began_at_s
        results[engine] |= {"took_s": round(took_s, 1), "load_before": round(load, 2)}
        print(f"{engine}: {took_s:.0f} s, load before {load:.1f}")
        RESULTS.write_text(json.dumps(results, indent=1))
    print(f"numbers: {RESULTS}")


if __name__ == "__main__":
    main()
