"""What was measured, as a table to read beside its budgets."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from bench.turns.measure import Phase, middle, p90

console = Console(width=130)
FEW = 1e-9
# Beyond these the numbers speak of the machine.
BUSY = 0.95
LATE_S = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What ours may use at most."""

    row: str
    most: float | None = None


ROWS = (
    Budget(row="voice to voice P50 s", most=0.65),
    Budget(row="voice to voice P90 s", most=0.80),
    Budget(row="voice to voice max s"),
    Budget(row="barge-in to silence P50 s"),
    Budget(row="barge-in to silence P90 s", most=0.30),
    Budget(row="after speech end: last word told s"),
    Budget(row="after speech end: STT final s"),
    Budget(row="after speech end: LLM asked s"),
    Budget(row="after speech end: TTS asked s"),
    Budget(row="dialled → greeted s"),
    Budget(row="cores a call", most=0.15),
    Budget(row="idle MB (PSS)", most=300),
    Budget(row="MB of one more call (PSS)", most=45),
    Budget(row="answers asked a turn"),
    Budget(row="answers cut a turn"),
    Budget(row="speech sent a turn s"),
    Budget(row="requests per connection"),
    Budget(row="several calls: P50 s"),
    Budget(row="several calls: P90 s"),
    Budget(row="several calls: P50 against one", most=1.2),
    Budget(row="several calls: cores a call", most=0.15),
    Budget(row="turns heard"),
    Budget(row="turns failed", most=0),
    Budget(row="microphone late, most s"),
    Budget(row="machine busy, share"),
)


def numbers(phases: list[Phase]) -> dict[str, float]:
    """One target's column; what was not measured is absent."""
    one = phases[0]
    turns = max(1, len(one.found.turns))
    found = {
        "voice to voice P50 s": middle(one.plain),
        "voice to voice P90 s": p90(one.plain),
        "voice to voice max s": max(one.plain, default=float("nan")),
        "barge-in to silence P50 s": middle(one.stops),
        "barge-in to silence P90 s": p90(one.stops),
        "after speech end: last word told s": _middle_known(a.last_word_s for a in one.asked),
        "after speech end: STT final s": _middle_known(a.stt_final_s for a in one.asked),
        "after speech end: LLM asked s": middle([a.llm_s for a in one.asked]),
        "after speech end: TTS asked s": middle([a.tts_s for a in one.asked]),
        "dialled → greeted s": middle(one.found.setup_s),
        "cores a call": one.cores_per_call,
        "idle MB (PSS)": one.idle_mb,
        "answers asked a turn": one.work.answers / turns,
        "answers cut a turn": one.work.answers_cut / turns,
        "speech sent a turn s": one.work.speech_s / turns,
        "requests per connection": one.work.requests / max(1, one.work.connections),
        "turns heard": sum(len(phase.found.turns) for phase in phases),
        "turns failed": sum(len(phase.found.failures) for phase in phases),
        "microphone late, most s": max(phase.found.late_s for phase in phases),
        "machine busy, share": max(phase.found.machine_cores for phase in phases)
        / (psutil.cpu_count() or 1),
    }
    if len(phases) > 1:
        several = phases[1]
        found |= {
            "MB of one more call (PSS)": (several.found.pss_mb - one.found.pss_mb)
            / (several.calls - 1),
            "several calls: P50 s": middle(several.plain),
            "several calls: P90 s": p90(several.plain),
            "several calls: P50 against one": middle(several.plain) / middle(one.plain),
            "several calls: cores a call": several.cores_per_call,
        }
    return {name: value for name, value in found.items() if value == value}


def show(columns: Mapping[str, Mapping[str, float]]) -> bool:
    """Print all targets; whether ours kept its budgets."""
    table = Table(title="Fixed delays: STT 0.15, LLM 0.2 + 40 words/s, TTS 0.1 s")
    table.add_column("")
    for name in columns:
        table.add_column(name, justify="right")
    table.add_column("budget", justify="right")
    table.add_column("")
    ours = columns.get("parley", {})
    kept = True
    for budget in ROWS:
        within = budget.most is None or ours.get(budget.row, 0) <= budget.most + FEW
        kept = kept and within
        verdict = (
            "" if budget.most is None or budget.row not in ours else "ok" if within else "OVER"
        )
        limit = "" if budget.most is None else f"≤ {budget.most:g}"
        cells = (_cell(column.get(budget.row)) for column in columns.values())
        table.add_row(budget.row, *cells, limit, verdict)
    console.print(table)
    for name, column in columns.items():
        if column["machine busy, share"] > BUSY or column["microphone late, most s"] > LATE_S:
            console.print(f"{name}: this machine had too much else to do; measure again")
    return _ratio(columns) and kept


def _ratio(columns: Mapping[str, Mapping[str, float]]) -> bool:
    """Ours at most half of the quick-start's."""
    row = "voice to voice P50 s"
    if not {"parley", "quickstart"} <= columns.keys() or row not in columns["quickstart"]:
        return True
    ratio = columns["parley"][row] / columns["quickstart"][row]
    console.print(f"parley / quickstart, P50: {ratio:.2f} (budget ≤ 0.5)")
    return ratio <= 0.5


def save(path: Path, phases: Mapping[str, list[Phase]]) -> None:
    """Every number, as JSON."""
    told = {name: [asdict(phase) for phase in found] for name, found in phases.items()}
    path.write_text(json.dumps(told, indent=1))
    console.print(f"every number: {path}")


def _middle_known(values: Iterable[float | None]) -> float:
    return middle([value for value in values if value is not None])


def _cell(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0f}" if value >= 20 or value == int(value) else f"{value:.3f}"
