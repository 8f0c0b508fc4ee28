"""What was measured, as tables to read."""

import statistics
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from bench.stt.beside import Beside
from bench.stt.files import Burst, File
from bench.stt.live import Level
from bench.stt.server import Server
from bench.turns import percentile

MIB = 2**20
console = Console(width=140)


def progress(server: Server, level: Level) -> None:
    """A line as soon as it is known."""
    steps = {what: round(mean, 3) for what, mean in (level.use.steps or {}).items()}
    lag = f"lag P95 {level.lag_s():.2f} s, lost {level.lost}"
    others = f"others {level.use.others_cores:.2f} cores"
    console.print(f"  {server.name} {level.streams}: {lag}, {steps}, {others}")


def live(title: str, rows: Sequence[tuple[str, Level]]) -> None:
    table = _table(
        title,
        "server",
        "streams",
        "text P50",
        "P95",
        "final P50",
        "P95",
        "lag P50",
        "P95",
        "lost",
        "CPU/audio",
        "per core",
        "batch",
        "step s",
        "MiB",
        "others",
    )
    for name, level in rows:
        steps = level.use.steps or {}
        table.add_row(
            name,
            str(level.streams),
            *_p50_p95(level.partials_s()),
            *_p50_p95(level.finals_s(is_long=False)),
            *_p50_p95(level.finals_s(is_long=True)),
            str(level.lost),
            f"{level.cpu_share:.3f}",
            f"{1 / level.cpu_share:.1f}",
            f"{steps['batch_size']:.1f}" if steps else "",
            f"{steps['step_seconds']:.3f}" if steps else "",
            f"{level.use.peak_rss_bytes / MIB:.0f}",
            f"{level.use.others_cores:.2f}",
        )
    console.print(table)


def held(streams: dict[str, int], at_once: dict[str, int]) -> None:
    for what, found in (("two chunks", streams), ("one chunk", at_once)):
        ratio = found["batched"] / found["unbatched"] if found["unbatched"] else float("inf")
        console.print(
            f"streams held, lag P95 within {what}: batched {found['batched']}, "
            f"unbatched {found['unbatched']}, ratio {ratio:.1f}"
        )


def files(name: str, idle_bytes: int, measured: Sequence[File]) -> None:
    table = _table(
        f"Files, {name}", "seconds of sound", "took s", "RTF", "MiB above idle", "others"
    )
    for file in measured:
        above = (file.use.peak_rss_bytes - idle_bytes) / MIB
        table.add_row(
            f"{file.audio_s:g}",
            f"{file.took_s:.2f}",
            f"{file.rtf:.3f}",
            f"{above:.0f}",
            f"{file.use.others_cores:.2f}",
        )
    console.print(table)


def bursts(rows: Sequence[tuple[str, Burst]]) -> None:
    table = _table(
        "Files at once, Whisper small of random weights",
        "server",
        "files",
        "first s",
        "P50",
        "last s",
        "audio s/s",
        "words",
        "/health/live P50",
        "P99",
        "max",
        "MiB",
        "others",
    )
    for name, burst in rows:
        knocks = burst.knocks_s or [0.0]
        table.add_row(
            name,
            str(burst.files),
            f"{min(burst.took_s):.2f}",
            f"{statistics.median(burst.took_s):.2f}",
            f"{max(burst.took_s):.2f}",
            f"{burst.throughput:.2f}",
            str(burst.words),
            f"{statistics.median(knocks):.4f}",
            f"{percentile(knocks, 0.99):.4f}",
            f"{max(knocks):.4f}",
            f"{burst.use.peak_rss_bytes / MIB:.0f}",
            f"{burst.use.others_cores:.2f}",
        )
    console.print(table)


def beside(measured: Beside) -> None:
    table = _table("Eight live streams and files, embedded engine", "", "alone P50", "P99")
    for column in ("together P50", "P99", "ratio of P50"):
        table.add_column(column, justify="right")
    alone, both = measured.live_alone, measured.live_beside
    for what, before, after in (
        ("final s", alone.finals_s(is_long=False), both.finals_s(is_long=False)),
        ("lag s", alone.finals_s(is_long=True), both.finals_s(is_long=True)),
        ("first text s", alone.partials_s(), both.partials_s()),
        ("file of 10 s, two at a time, s", measured.files_alone_s, measured.files_beside_s),
        ("/health/live s", measured.knocks_alone_s, measured.knocks_beside_s),
    ):
        ratio = statistics.median(after) / statistics.median(before) if before and after else 0.0
        table.add_row(what, *_p50_p99(before), *_p50_p99(after), f"{ratio:.1f}")
    console.print(table)
    console.print(f"lost: {alone.lost} alone, {both.lost} together")


def _p50_p95(values: list[float]) -> tuple[str, str]:
    if not values:
        return "none", "none"
    return f"{statistics.median(values):.3f}", f"{percentile(values, 0.95):.3f}"


def _p50_p99(values: list[float]) -> tuple[str, str]:
    if not values:
        return "none", "none"
    return f"{statistics.median(values):.4f}", f"{percentile(values, 0.99):.4f}"


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title)
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left")
    return table
