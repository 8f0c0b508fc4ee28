"""What was measured, as tables to read."""

import statistics
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from bench.tts.measures import Answers, Left
from bench.turns import percentile

MIB = 2**20
console = Console(width=150)


def answers(title: str, rows: Sequence[tuple[str, Answers]]) -> None:
    table = _table(
        title,
        "server",
        "text",
        "at once",
        "first byte s",
        "first sound P50",
        "P95",
        "max",
        "stalled max",
        "audio s",
        "RTF",
        "/health/live P99",
        "MiB",
        "others",
    )
    for name, one in rows:
        sounds = one.first_sounds_s
        table.add_row(
            name,
            one.what,
            str(one.at_once),
            f"{statistics.median(played.first_byte_s for played in one.played):.3f}",
            f"{statistics.median(sounds):.3f}",
            f"{percentile(sounds, 0.95):.3f}",
            f"{max(sounds):.3f}",
            f"{max(played.stalled_s for played in one.played):.2f}",
            f"{statistics.median(played.audio_s for played in one.played):.1f}",
            f"{one.rtf:.3f}",
            f"{percentile(one.knocks_s or [0.0], 0.99):.3f}",
            f"{one.use.peak_rss_bytes / MIB:.0f}",
            f"{one.use.others_cores:.2f}",
        )
    console.print(table)


def left(engine: str, name: str, measured: Left) -> None:
    table = _table(f"A client leaves a long text, {engine}", name, "P50", "max")
    for what, values in (
        ("until no request is counted, s", measured.free_s),
        ("first sound of the next request, s", measured.next_sounds_s),
        ("the same when nobody left, s", measured.alone_s),
    ):
        table.add_row(what, f"{statistics.median(values):.3f}", f"{max(values):.3f}")
    console.print(table)


def ratio(what: str, one_s: float, other_s: float) -> float:
    """Prints how many times the one the other is."""
    times = other_s / one_s
    console.print(f"{what}: {one_s:.3f} s, {other_s:.3f} s, {times:.1f} x")
    return round(times, 2)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title)
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left")
    return table
