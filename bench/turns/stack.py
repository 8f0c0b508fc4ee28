"""Voice-to-voice of the whole stack, engines included: one that runs, or one started for it.

From the last sample of speech sent to the first audible sample of the reply received, over a real
SFU. Both legs of WebRTC are in it.
"""

import argparse
import asyncio
import statistics
import sys
import time
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.turns import percentile
from parley.caller import Caller
from tests.speech import RATE_HZ, speak, trimmed
from tests.stack import running_stack

QUESTIONS = [
    "what time is it",
    "what is twelve times seven",
    "what day is it today",
    "flip a coin",
    "how many kilometers are in five miles",
    "what can you do",
    "roll a die",
    "what is one hundred minus nine",
    "set a timer for five minutes",
    "how much time is left on my timer",
]
VOICES = ("slt", "rms")
ANSWER_WITHIN_S = 12.0
STAGES = {
    "end_of_turn_delay_s": "speech end → turn decided",
    "transcription_delay_s": "speech end → final transcript",
    "llm_ttft_s": "LLM asked → first token",
    "tts_ttfb_s": "TTS asked → first audio",
    "e2e_latency_s": "speech end → audio leaves the worker",
}


@dataclass(frozen=True, slots=True)
class Turn:
    """One question and its answer; `stages` as the worker saw them."""

    voice_to_voice_s: float
    stages: dict[str, Any]


async def measure(url: str, turns: int) -> tuple[list[Turn], int]:
    """Ask `turns` questions in one call. Returns the answered turns and how many failed."""
    measured: list[Turn] = []
    failed = 0
    async with Caller(url) as caller:
        await caller.until(lambda r: r.finals("agent"), ANSWER_WITHIN_S, "the greeting")
        await caller.until_quiet()
        for i in range(turns):
            text, voice = QUESTIONS[i % len(QUESTIONS)], VOICES[i // len(QUESTIONS) % len(VOICES)]
            try:
                measured.append(await one_turn(caller, text, voice))
            except AssertionError as exc:
                failed += 1
                print(f"failed: {exc}")
    return measured, failed


async def one_turn(caller: Caller, text: str, voice: str) -> Turn:
    record = caller.record
    before = len([e for e in record.events if e["type"] == "turn"])
    said_at_s = await caller.say(trimmed(speak(text, voice)), RATE_HZ)
    heard_at_s = await caller.until(
        lambda r: r.first_loud_after(said_at_s), ANSWER_WITHIN_S, f"an answer to {text!r}"
    )
    await caller.until_quiet()
    turns = await caller.until(
        lambda r: [e for e in r.events if e["type"] == "turn"][before:], ANSWER_WITHIN_S, "timing"
    )
    return Turn(heard_at_s - said_at_s, turns[-1])


def report(turns: list[Turn], failed: int) -> None:
    table = Table(title=f"{len(turns)} turns, {failed} failed, embedded engines")
    for column in ("seconds", "P50", "P90", "max"):
        table.add_column(column, justify="left" if column == "seconds" else "right")
    rows = {"voice to voice (heard by the caller)": [t.voice_to_voice_s for t in turns]}
    for key, label in STAGES.items():
        rows[label] = [t.stages[key] for t in turns if t.stages.get(key) is not None]
    for label, values in rows.items():
        if values:
            cells = (statistics.median(values), percentile(values, 0.9), max(values))
            table.add_row(label, *(f"{value:.3f}" for value in cells))
    Console().print(table)


def run(url: str | None, turns: int) -> int:
    """Measure the stack at `url`, or one started for it; returns the exit status."""
    started = time.monotonic()
    if url:
        measured, failed = asyncio.run(measure(url, turns))
    else:
        with running_stack("bench") as stack:
            measured, failed = asyncio.run(measure(stack.url, turns))
    report(measured, failed)
    print(f"took {time.monotonic() - started:.0f} s")
    return 1 if failed or not measured else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=20)
    parser.add_argument("--url", help="a running stack's address; default: start one")
    arguments = parser.parse_args()
    return run(arguments.url, arguments.turns)


if __name__ == "__main__":
    sys.exit(main())
