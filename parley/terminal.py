"""What a person sees of the stack: a live table on a terminal, lines on state changes elsewhere."""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from parley.states import Condition, State

STYLES = {
    State.READY: "green",
    State.RESTARTING: "yellow",
    State.NOT_ANSWERING: "yellow",
    State.FAILED: "red",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One service, as shown."""

    service: str
    condition: Condition
    port: int
    pid: int | None
    restarts: int
    restart_in_s: float | None = None

    @property
    def label(self) -> str:
        if self.restart_in_s is None:
            return self.condition.label
        return f"{self.condition.label} in {max(0.0, self.restart_in_s):.1f} s"


class _PatientConsole(Console):
    def on_broken_pipe(self) -> None:
        """Go on: rich would end the program."""
        _discard_output(self)


class Terminal:
    """Standard output. A terminal or pipe that goes away does not stop the stack."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or _PatientConsole(highlight=False)
        # Refreshed by us: rich's own refresh is a thread.
        self._live = Live(console=self._console, auto_refresh=False, transient=True)
        self._shown: dict[str, tuple[str, int]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._guarded(self._live.stop)

    def line(self, text: str) -> None:
        """One line of news, above the table when there is one."""
        self._guarded(lambda: self._console.print(Text(text), soft_wrap=True))

    def rows(self, rows: Sequence[Row]) -> None:
        """The present state of all services."""
        if self._console.is_terminal:
            self._guarded(lambda: self._redraw(rows))
            return
        for row in rows:
            news = (row.condition.label, row.restarts)
            if self._shown.get(row.service) != news:
                self._shown[row.service] = news
                self.line(_as_line(row))

    def _redraw(self, rows: Sequence[Row]) -> None:
        if not self._live.is_started:
            self._live.start()
        self._live.update(_table(rows), refresh=True)

    def _guarded(self, write: Callable[[], object]) -> None:
        try:
            write()
            self._console.file.flush()
        except OSError:
            _discard_output(self._console)


def _discard_output(console: Console) -> None:
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, console.file.fileno())
    os.close(null)


def _as_line(row: Row) -> str:
    detail = f" ({row.condition.detail})" if row.condition.detail else ""
    return f"{time.strftime('%H:%M:%S')} {row.service:<9}{row.label}{detail}"


def _table(rows: Sequence[Row]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", expand=True)
    for heading in ("service", "state"):
        table.add_column(heading, no_wrap=True)
    for heading in ("port", "pid", "restarts"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("detail", no_wrap=True, overflow="ellipsis", style="dim", ratio=1)
    for row in rows:
        table.add_row(
            row.service,
            Text(row.label, style=STYLES.get(row.condition.state, "cyan")),
            str(row.port),
            str(row.pid or ""),
            str(row.restarts),
            Text(row.condition.detail),
        )
    return table
