"""What people and log files are shown."""

import io

from rich.console import Console

from parley.states import Condition, State
from parley.terminal import Row, Terminal


def _row(state: State, detail: str = "", restarts: int = 0, in_s: float | None = None) -> Row:
    return Row(
        service="stt",
        condition=Condition(state=state, detail=detail),
        port=8001,
        pid=42,
        restarts=restarts,
        restart_in_s=in_s,
    )


def _terminal(*, is_terminal: bool) -> tuple[Terminal, io.StringIO]:
    out = io.StringIO()
    console = Console(file=out, force_terminal=is_terminal, width=100, color_system=None)
    return Terminal(console), out


def test_a_log_gets_one_line_a_change_of_state() -> None:
    terminal, out = _terminal(is_terminal=False)
    terminal.rows([_row(State.STARTING)])
    terminal.rows([_row(State.STARTING)])
    terminal.rows([_row(State.READY, "without tts")])
    terminal.rows([_row(State.READY, "without llm")])
    lines = out.getvalue().splitlines()
    assert [line.split(" ", 1)[1] for line in lines] == [
        "stt      starting",
        "stt      ready (without tts)",
    ]


def test_each_restart_is_told_with_its_wait_and_cause() -> None:
    terminal, out = _terminal(is_terminal=False)
    terminal.rows([_row(State.RESTARTING, "exited with 1", 1, 0.4)])
    terminal.rows([_row(State.RESTARTING, "exited with 1", 1, 0.2)])
    terminal.rows([_row(State.RESTARTING, "exited with 1", 2, 0.8)])
    waits = [line.split(" in ")[1] for line in out.getvalue().splitlines()]
    assert waits == ["0.4 s (exited with 1)", "0.8 s (exited with 1)"]


def test_a_terminal_gets_a_table_and_text_is_never_markup() -> None:
    terminal, out = _terminal(is_terminal=True)
    with terminal:
        terminal.rows([_row(State.READY, "[red]not markup[/]")])
        terminal.line("news [bold]in brackets[/]")
    shown = out.getvalue()
    for word in ("service", "restarts", "8001", "42", "ready", "[red]not markup[/]"):
        assert word in shown
    assert "news [bold]in brackets[/]" in shown
