"""One agent under test: idle, one caller, several callers; and what the engines saw of it."""

import statistics
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from bench.turns import percentile
from bench.turns.bed import API_KEY, Bed, Worker, hold_calls, ledger
from bench.turns.plan import Found, Plan, Turn
from bench.turns.usage import Tree

SETTLE_S = 4.0  # a worker's spare process is warm


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What the engines were asked during some calls."""

    answers: int
    answers_cut: int
    speeches: int
    speeches_cut: int
    speech_s: float  # seconds of speech they sent
    requests: int
    connections: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """After the end of speech: seconds until the engines sent or were asked what was heard."""

    last_word_s: float | None
    stt_final_s: float | None
    llm_s: float
    tts_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """Some calls at once."""

    found: Found
    work: Work
    asked: list[Asked]
    idle_mb: float
    calls: int

    @property
    def plain(self) -> list[float]:
        """Voice-to-voice of turns that interrupted nothing."""
        return [turn.voice_to_voice_s for turn in self.found.turns if turn.stop_s is None]

    @property
    def stops(self) -> list[float]:
        return [turn.stop_s for turn in self.found.turns if turn.stop_s is not None]

    @property
    def cores_per_call(self) -> float:
        return self.found.worker_cores / self.calls


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An agent and how to run it."""

    name: str
    start: Callable[[Bed], AbstractContextManager[Worker]]


def measure(bed: Bed, target: Target, *, calls: int, turns: int, barge_ins: int) -> list[Phase]:
    """One caller, then (with `calls` over 1) that many; the worker stays the same."""
    with target.start(bed) as worker:
        time.sleep(SETTLE_S)  # readiness says nothing of the spare process
        idle_mb = Tree(worker.pid).pss_mb()

        def phase(at_once: int, questions: int, cuts: int) -> Phase:
            before = ledger(bed)
            plan = Plan(
                sfu_url=bed.sfu_url,
                api_key=API_KEY,
                api_secret=bed.api_secret,
                agent_name=worker.agent_name,
                engines_url=bed.engines_url,
                worker_pid=worker.pid,
                calls=at_once,
                turns=questions,
                barge_ins=cuts,
            )
            found = hold_calls(plan)
            after = ledger(bed)
            entries = after["entries"][len(before["entries"]) :]
            return Phase(
                found=found,
                work=_work(before, after, entries),
                asked=_asked(found.turns, entries) if at_once == 1 else [],
                idle_mb=idle_mb,
                calls=at_once,
            )

        phases = [phase(1, turns, barge_ins)]
        if calls > 1 and phases[0].found.turns:
            phases.append(phase(calls, max(1, turns // 2), 0))
        return phases


def _work(before: dict[str, Any], after: dict[str, Any], entries: list[dict[str, Any]]) -> Work:
    answers = [e for e in entries if e["stage"] == "llm"]
    speeches = [e for e in entries if e["stage"] == "tts"]
    return Work(
        answers=len(answers),
        answers_cut=sum(e["aborted"] for e in answers),
        speeches=len(speeches),
        speeches_cut=sum(e["aborted"] for e in speeches),
        speech_s=sum(e["sent"] for e in speeches) / 1000,
        requests=after["requests"] - before["requests"],
        connections=after["connections"] - before["connections"],
    )


def _asked(turns: list[Turn], entries: list[dict[str, Any]]) -> list[Asked]:
    found = (_asked_for(turn, entries) for turn in turns if turn.stop_s is None)
    return [asked for asked in found if asked is not None]


def _asked_for(turn: Turn, entries: list[dict[str, Any]]) -> Asked | None:
    """By the name in the speech that began last before the reply was heard."""
    heard = [
        e
        for e in entries
        if e["stage"] == "tts"
        and e["code"]
        and e["first_at_s"]
        and turn.began_at_s < e["first_at_s"] < turn.heard_at_s
    ]
    if not heard:
        return None
    code = max(heard, key=lambda e: float(e["first_at_s"]))["code"]
    llm = [e["asked_at_s"] for e in entries if e["stage"] == "llm" and e["code"] == code]
    tts = [e["asked_at_s"] for e in heard if e["code"] == code]
    if not llm:
        return None
    return Asked(
        last_word_s=_told_s("interim", turn, entries),
        stt_final_s=_told_s("stt", turn, entries),
        llm_s=llm[0] - turn.ended_at_s,
        tts_s=min(tts) - turn.ended_at_s,
    )


def _told_s(stage: str, turn: Turn, entries: list[dict[str, Any]]) -> float | None:
    """Seconds from the end of speech to the first text told after it."""
    told = (
        e["done_at_s"] - turn.ended_at_s
        for e in entries
        if e["stage"] == stage and e["text"] and e["done_at_s"]
    )
    return min((after_s for after_s in told if after_s > 0), default=None)


def middle(values: list[float]) -> float:
    return statistics.median(values) if values else float("nan")


def p90(values: list[float]) -> float:
    return percentile(values, 0.9) if values else float("nan")
